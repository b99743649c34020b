"""The verbs of applications."""

import hashlib
from typing import Any
from uuid import UUID

from exchange.agreements.schemas import AgreementOut
from exchange.agreements.service import Grant, canonical_text, conclude, lane_between
from exchange.applications import queries
from exchange.applications.errors import NotShared, OutsideTerms
from exchange.applications.models import Application
from exchange.applications.schemas import Approval, NewApplication
from exchange.catalog import queries as catalog
from exchange.catalog.queries import Listed
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.terms import admits, faults_in_condition, faults_in_masks, fields_of
from exchange.kernel.clock import rfc3339
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from ledger import bodies, canonical

_OPEN = frozenset({"submitted", "supplement_requested"})


async def submit(work: Work, new: NewApplication) -> Application:
    """Submit an application for the principal's organisation."""
    consumer = await participants.organisation(work.session, work.principal.organisation)
    work.permit("application", "submit", consumer.id)
    listed = await catalog.dataset(work.session, work.principal, new.dataset)
    document = _offered(listed)
    faults = _faults_in_request(work, new, document)
    if not admits(document.terms.consumers, organisation=str(consumer.id), kind=consumer.kind, level=consumer.level):
        faults.append({"at": "dataset", "error": "the terms do not offer it to an organisation like yours"})
    if faults:
        raise OutsideTerms("Ask for what the dataset's terms offer; the catalogue shows them.", errors=faults)
    application = Application(
        id=new_id(),
        dataset_id=listed.dataset.id,
        provider_id=listed.owner.id,
        consumer_id=consumer.id,
        lane=lane_between(provider_kind=listed.owner.kind, consumer_kind=consumer.kind),
        purpose=new.purpose,
        fields=list(dict.fromkeys(new.fields)),
        basis=new.basis,
        scenario=new.scenario,
        scope=new.scope,
        method=new.method,
        row_filter=new.row_filter,
        not_after=new.not_after,
        state="submitted",
        submitted_at=work.runtime.clock.now(),
    )
    work.session.add(application)
    work.record(
        bodies.ApplicationSubmitted.model_validate(
            {
                **_common(work, application),
                "basis": _digest(new.basis),
                "dataset": str(application.dataset_id),
                "document": hashlib.sha256(canonical.dumps(_document(application))).hexdigest(),
                "lane": application.lane,
                "purpose": application.purpose,
            }
        )
    )
    return application


def _offered(listed: Listed) -> DatasetDocument:
    if listed.dataset.state != "published" or listed.version is None:
        raise Conflict("Only a published dataset can be applied for.", state=listed.dataset.state)
    document = DatasetDocument.model_validate(listed.version.document)
    if document.sharing.attribute == "not_shared":
        raise NotShared("The owner cites the law that forbids sharing it; see the catalogue.")
    return document


def _faults_in_request(work: Work, new: NewApplication, document: DatasetDocument) -> list[dict[str, str]]:
    terms = document.terms
    faults = [
        {"at": f"fields/{index}", "error": "the terms do not offer this field"}
        for index, name in enumerate(new.fields)
        if name not in terms.fields
    ]
    if new.purpose not in terms.purposes:
        faults.append({"at": "purpose", "error": f"the terms allow: {', '.join(terms.purposes)}"})
    if new.not_after <= work.runtime.clock.now():
        faults.append({"at": "not_after", "error": "this time is over"})
    if terms.not_after is not None and new.not_after > terms.not_after:
        faults.append({"at": "not_after", "error": f"the terms end at {rfc3339(terms.not_after)}"})
    return faults + faults_in_condition(new.row_filter, fields_of(document))


def _common(work: Work, application: Application) -> dict[str, Any]:
    return {
        "at": work.now,
        "actor": work.principal.actor,
        "request": work.request,
        "object": bodies.Object(kind="application", id=str(application.id)),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _document(application: Application) -> dict[str, Any]:
    return {
        "basis": application.basis,
        "consumer": str(application.consumer_id),
        "dataset": str(application.dataset_id),
        "fields": application.fields,
        "lane": application.lane,
        "method": application.method,
        "not_after": rfc3339(application.not_after),
        "purpose": application.purpose,
        "row_filter": canonical_text(application.row_filter),
        "scenario": application.scenario,
        "scope": application.scope,
    }


def _record_change(work: Work, application: Application, type_: str, statement: str) -> None:
    work.record(
        bodies.ApplicationChanged.model_validate(
            {
                **_common(work, application),
                "type": type_,
                "dataset": str(application.dataset_id),
                "lane": application.lane,
                "statement": _digest(statement),
            }
        )
    )


async def _to_decide(work: Work, application_id: UUID, *, states: frozenset[str]) -> Application:
    """An application in front of its provider, locked and in one of the states."""
    application = await queries.application(work.session, work.principal, application_id, lock=True)
    work.permit("application", "decide", application.provider_id)
    _in_state(application, states)
    return application


def _in_state(application: Application, states: frozenset[str]) -> None:
    if application.state not in states:
        raise Conflict(f"The application has to be {' or '.join(sorted(states))} for this.", state=application.state)


async def approve(work: Work, *, application_id: UUID, approval: Approval) -> tuple[Application, AgreementOut]:
    """Approve an application, as asked or narrower: an agreement is concluded and active."""
    application = await _to_decide(work, application_id, states=frozenset({"submitted"}))
    listed = await catalog.dataset(work.session, work.principal, str(application.dataset_id))
    document = _offered(listed)
    terms = document.terms
    fields = approval.fields or application.fields
    not_after = approval.not_after or application.not_after
    row_cap = approval.row_cap or terms.row_cap
    faults = [
        {"at": f"fields/{index}", "error": "the application does not ask for this field, or the terms do not offer it"}
        for index, name in enumerate(fields)
        if name not in application.fields or name not in terms.fields
    ]
    faults += faults_in_masks(approval.masks, fields_of(document))
    faults += [
        {"at": "masks", "error": "an agreement does not replace a mask that the terms set"}
        for name in approval.masks
        if name in terms.masks
    ]
    faults += faults_in_condition(approval.row_filter, fields_of(document))
    if not_after > application.not_after or (terms.not_after is not None and not_after > terms.not_after):
        faults.append({"at": "not_after", "error": "a grant ends no later than asked for and than the terms"})
    if not_after <= work.runtime.clock.now():
        faults.append({"at": "not_after", "error": "this time is over"})
    if row_cap > terms.row_cap:
        faults.append({"at": "row_cap", "error": "the terms cap the rows lower"})
    if faults:
        raise OutsideTerms("A grant can only be as wide as the application and the terms.", errors=faults)
    agreement = conclude(
        work,
        Grant(
            application=application.id,
            dataset=application.dataset_id,
            dataset_version=listed.dataset.version,
            provider=application.provider_id,
            consumer=application.consumer_id,
            lane=application.lane,
            purpose=application.purpose,
            fields=tuple(dict.fromkeys(fields)),
            masks=approval.masks,
            row_filter=_both(application.row_filter, approval.row_filter),
            row_cap=row_cap,
            not_before=work.runtime.clock.now(),
            not_after=not_after,
        ),
    )
    application.state = "approved"
    application.agreement_id = agreement.id
    application.decided_at = work.runtime.clock.now()
    return application, AgreementOut.model_validate(agreement)


def _both(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    if one is None or other is None:
        return one or other
    return {"all": [one, other]}


async def refuse(work: Work, *, application_id: UUID, reasons: str) -> Application:
    """Refuse an application, with reasons. Not while a supplement is asked for (Decree 809, Article 21)."""
    application = await _to_decide(work, application_id, states=frozenset({"submitted"}))
    application.state = "refused"
    application.reasons = reasons
    application.decided_at = work.runtime.clock.now()
    _record_change(work, application, "application.refused", reasons)
    return application


async def request_supplement(work: Work, *, application_id: UUID, missing: str) -> Application:
    """Ask for everything that is missing; possible once."""
    application = await _to_decide(work, application_id, states=frozenset({"submitted"}))
    if application.supplement_wanted is not None:
        raise Conflict("A supplement has been asked for once already; decide on what there is.", state="submitted")
    application.state = "supplement_requested"
    application.supplement_wanted = missing
    _record_change(work, application, "application.supplement_requested", missing)
    return application


async def supplement(work: Work, *, application_id: UUID, text: str) -> Application:
    """Supply what was missing; the application is submitted again."""
    application = await queries.application(work.session, work.principal, application_id, lock=True)
    work.permit("application", "supplement", application.consumer_id)
    _in_state(application, frozenset({"supplement_requested"}))
    application.state = "submitted"
    application.supplement = text
    _record_change(work, application, "application.supplemented", text)
    return application


async def withdraw(work: Work, *, application_id: UUID) -> Application:
    """Take an application back before it is decided."""
    application = await queries.application(work.session, work.principal, application_id, lock=True)
    work.permit("application", "withdraw", application.consumer_id)
    _in_state(application, _OPEN)
    application.state = "withdrawn"
    application.decided_at = work.runtime.clock.now()
    _record_change(work, application, "application.withdrawn", "")
    return application
