"""The verbs of applications: submit, approve, refuse, ask for a supplement, supplement, withdraw."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from exchange.agreements.schemas import AgreementOut
from exchange.agreements.service import Grant, conclude, lane_between
from exchange.applications import queries
from exchange.applications.bounds import combine_conditions, faults_in_approval, faults_in_request
from exchange.applications.errors import NotShared, OutsideTerms
from exchange.applications.models import Application
from exchange.applications.schemas import Approval, NewApplication
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.view import Listed
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from ledger import entries

_OPEN = frozenset({"submitted", "supplement_requested"})


async def submit(work: Work, new: NewApplication) -> Application:
    """Submit an application for the principal's organisation.

    Raises NotFound, Forbidden, Conflict, NotShared, OutsideTerms.
    """
    consumer = await participants.organisation(work.session, work.principal.organisation)
    work.permit("application", "submit", consumer.id)
    listed = await catalog.dataset(work.session, None, new.dataset)
    document = _offered(listed)
    faults = faults_in_request(
        document,
        consumer=consumer,
        purpose=new.purpose,
        fields=new.fields,
        row_filter=new.row_filter,
        not_after=new.not_after,
        now=work.runtime.clock.now(),
    )
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
        salt=new_salt(),
        state="submitted",
        submitted_at=work.runtime.clock.now(),
    )
    work.session.add(application)
    work.entry(
        entries.ApplicationSubmitted,
        about=("application", application.id),
        basis=commitment(new.basis, salt=application.salt),
        dataset=str(application.dataset_id),
        document=commitment(_document(application), salt=application.salt),
        lane=application.lane,
        purpose=application.purpose,
    )
    return application


def _offered(listed: Listed) -> DatasetDocument:
    if listed.dataset.state != "published" or listed.version is None:
        raise Conflict("Only a published dataset can be applied for.", state=listed.dataset.state)
    document = DatasetDocument.model_validate(listed.version.document)
    if document.sharing.attribute == "not_shared":
        raise NotShared("The owner cites the law that forbids sharing it; see the catalogue.")
    return document


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
        "row_filter": application.row_filter,
        "scenario": application.scenario,
        "scope": application.scope,
    }


def _record_change(
    work: Work, application: Application, type_: str, statement: str, *, due: datetime | None = None
) -> None:
    work.entry(
        entries.ApplicationChanged,
        about=("application", application.id),
        type=type_,
        dataset=str(application.dataset_id),
        lane=application.lane,
        statement=commitment(statement, salt=application.salt),
        due=rfc3339(due) if due is not None else None,
    )


async def _lock_for_decision(work: Work, application_id: UUID, *, states: frozenset[str]) -> Application:
    """Lock an application that its provider decides. Raises NotFound, Forbidden, Conflict."""
    application = await queries.locked(work.session, work.principal, application_id)
    work.permit("application", "decide", application.provider_id, side="the owner of the data")
    _demand_state(application, states)
    return application


def _demand_state(application: Application, states: frozenset[str]) -> None:
    if application.state not in states:
        raise Conflict(f"The application has to be {' or '.join(sorted(states))} for this.", state=application.state)


async def approve(work: Work, *, application_id: UUID, approval: Approval) -> tuple[Application, AgreementOut]:
    """Approve an application, as asked or narrower: its agreement is active at once.

    Raises NotFound, Forbidden, Conflict, NotShared, OutsideTerms, RequestInvalid.
    """
    application = await _lock_for_decision(work, application_id, states=_OPEN)
    await catalog.lock_for_grant(work.session, application.dataset_id)
    listed = await catalog.any_dataset(work.session, str(application.dataset_id))
    document = _offered(listed)
    fields = approval.fields or application.fields
    not_after = approval.not_after or application.not_after
    faults = faults_in_approval(document, application=application, approval=approval, now=work.runtime.clock.now())
    faults += faults_in_request(
        document,
        consumer=await participants.organisation(work.session, application.consumer_id),
        purpose=application.purpose,
        fields=fields,
        row_filter=application.row_filter,
        not_after=not_after,
        now=work.runtime.clock.now(),
    )
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
            row_filter=combine_conditions(application.row_filter, approval.row_filter),
            row_cap=approval.row_cap or document.terms.row_cap,
            assessments=approval.assessments.plain(),
            resharing=document.terms.resharing,
            price=_price(document, application.lane),
            not_before=work.runtime.clock.now(),
            not_after=not_after,
        ),
        document.terms,
    )
    application.state = "approved"
    application.agreement_id = agreement.id
    application.decided_at = work.runtime.clock.now()
    return application, agreement


def _price(document: DatasetDocument, lane: str) -> dict[str, Any] | None:
    """The price in the terms; none in government sharing, which is free of charge."""
    price = document.terms.price
    return None if price is None or lane == "government" else price.model_dump(mode="json")


async def refuse(work: Work, *, application_id: UUID, reasons: str) -> Application:
    """Refuse an application, with reasons; while a supplement is requested, only once its time is over.

    Incomplete papers are no reason to refuse outright (Decree 809, Article 21). Raises NotFound, Forbidden, Conflict.
    """
    application = await _lock_for_decision(work, application_id, states=_OPEN)
    due = application.supplement_due
    if application.state == "supplement_requested" and due is not None and work.runtime.clock.now() < due:
        raise Conflict(
            f"A supplement is requested until {rfc3339(due)}: you may refuse the application after this time, or approve "
            "it now; the applicant may supplement or withdraw it.",
            state=application.state,
            until=rfc3339(due),
        )
    application.state = "refused"
    application.reasons = reasons
    application.decided_at = work.runtime.clock.now()
    _record_change(work, application, "application.refused", reasons)
    return application


async def request_supplement(work: Work, *, application_id: UUID, missing: str, days: int) -> Application:
    """Request everything that is missing, within so many days; possible once (Decree 809, Article 21)."""
    application = await _lock_for_decision(work, application_id, states=frozenset({"submitted"}))
    if application.supplement_wanted is not None:
        raise Conflict(
            "A supplement was requested once already; decide on the application as it is.", state="submitted"
        )
    application.state = "supplement_requested"
    application.supplement_wanted = missing
    application.supplement_due = work.runtime.clock.now() + timedelta(days=days)
    _record_change(work, application, "application.supplement_requested", missing, due=application.supplement_due)
    return application


async def supplement(work: Work, *, application_id: UUID, text: str) -> Application:
    """Supply what is missing; the application is submitted again."""
    application = await queries.locked(work.session, work.principal, application_id)
    work.permit("application", "supplement", application.consumer_id, side="the applicant")
    _demand_state(application, frozenset({"supplement_requested"}))
    application.state = "submitted"
    application.supplement = text
    _record_change(work, application, "application.supplemented", text)
    return application


async def withdraw(work: Work, *, application_id: UUID) -> Application:
    """Withdraw an application before it is decided."""
    application = await queries.locked(work.session, work.principal, application_id)
    work.permit("application", "withdraw", application.consumer_id, side="the applicant")
    _demand_state(application, _OPEN)
    application.state = "withdrawn"
    application.decided_at = work.runtime.clock.now()
    _record_change(work, application, "application.withdrawn", "")
    return application
