"""The verbs of applicants: submit or draft, consent, discard, supplement, withdraw."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from exchange.agreements import queries as agreements
from exchange.agreements.service import lane_between
from exchange.applications import queries
from exchange.applications.bounds import faults_in_request
from exchange.applications.errors import NotShared, OutsideTerms
from exchange.applications.lifecycle import REMEDIES, machine_of
from exchange.applications.models import Application
from exchange.applications.schemas import NewApplication
from exchange.calendar import deadlines
from exchange.calendar.counting import Matter
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.view import Listed
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, refusal_of
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from groundwork.lifecycle import Refused, Step
from ledger import entries

_LEVELS = ("county", "city", "province")
"""Levels of government, lowest first."""


async def submit(work: Work, new: NewApplication) -> Application:
    """Submit an application for the principal's organisation; between departments, draft it for the consent of its approver.

    Raises NotFound, Forbidden, Conflict, NotShared, OutsideTerms.
    """
    consumer = await participants.organisation(work.session, work.principal.organisation)
    work.permit("application", "submit", consumer.id)
    listed = await catalog.dataset(work.session, None, new.dataset)
    document = offered(listed)
    lane = lane_between(provider_kind=listed.owner.kind, consumer_kind=consumer.kind)
    now = work.runtime.clock.now()
    faults = faults_in_request(
        document,
        consumer=consumer,
        purpose=new.purpose,
        fields=new.fields,
        answers=new.answers,
        row_filter=new.row_filter,
        not_after=new.not_after,
        now=now,
    )
    if new.return_flow and not (lane == "government" and _is_below(consumer.level, listed.owner.level)):
        error = "data returns from a department to one of a lower level (Decree 809, Article 24)"
        faults.append({"at": "return_flow", "error": error})
    if faults:
        raise OutsideTerms("Ask for what the dataset's terms offer; the catalogue shows them.", errors=faults)
    if new.amends is not None:
        await _check_amended(work, new.amends, dataset=listed.dataset.id)
    is_draft = lane == "government"
    application = Application(
        id=new_id(),
        dataset_id=listed.dataset.id,
        provider_id=listed.owner.id,
        consumer_id=consumer.id,
        lane=lane,
        purpose=new.purpose,
        fields=list(dict.fromkeys(new.fields)),
        answers=list(dict.fromkeys(new.answers)),
        basis=new.basis,
        scenario=new.scenario,
        scope=new.scope,
        method=new.method,
        row_filter=new.row_filter,
        not_after=new.not_after,
        salt=new_salt(),
        state=machine_of(lane).start,
        is_return_flow=new.return_flow,
        amends=new.amends,
        drafted_by=work.principal.id,
        submitted_at=None if is_draft else now,
    )
    work.session.add(application)
    if is_draft:
        _record_draft(work, application, "application.drafted")
    else:
        record_submission(work, application)
    return application


def _is_below(level: str, other: str) -> bool:
    return level in _LEVELS and other in _LEVELS and _LEVELS.index(level) < _LEVELS.index(other)


async def _check_amended(work: Work, agreement_id: UUID, *, dataset: UUID) -> None:
    """Check that a scope change names an agreement of the applicant over the same dataset. Raises NotFound, Conflict."""
    agreement = await agreements.of_consumer(work.session, work.principal.organisation, agreement_id)
    if agreement.dataset_id != dataset:
        raise Conflict("The agreement is about another dataset; apply for a dataset of the agreement.")


def offered(listed: Listed) -> DatasetDocument:
    """The document of a dataset that can be applied for. Raises Conflict, NotShared."""
    if listed.dataset.state != "published" or listed.version is None:
        raise Conflict("Only a published dataset can be applied for.", state=listed.dataset.state)
    document = DatasetDocument.model_validate(listed.version.document)
    if document.sharing.attribute == "not_shared":
        raise NotShared("The owner cites the law that forbids sharing it; see the catalogue.")
    return document


def _document(application: Application) -> dict[str, Any]:
    return {
        "basis": application.basis,
        **({"answers": application.answers} if application.answers else {}),
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


def _record_draft(work: Work, application: Application, type_: str) -> None:
    work.entry(
        entries.ApplicationDrafted,
        about=("application", application.id),
        type=type_,
        consumer=str(application.consumer_id),
        document=commitment(_document(application), salt=application.salt),
        lane=application.lane,
    )


def record_submission(work: Work, application: Application, type_: str = "application.submitted") -> None:
    """Add the entry of a submission."""
    work.entry(
        entries.ApplicationSubmitted,
        about=("application", application.id),
        type=type_,
        basis=commitment(application.basis, salt=application.salt),
        dataset=str(application.dataset_id),
        document=commitment(_document(application), salt=application.salt),
        lane=application.lane,
        purpose=application.purpose,
        attribute=application.attribute,
        return_flow=application.is_return_flow or None,
        amends=None if application.amends is None else str(application.amends),
    )


def record_change(work: Work, application: Application, type_: str, statement: str, **more: Any) -> None:
    """Add the entry of a change, with the salted digest of what was written."""
    work.entry(
        entries.ApplicationChanged,
        about=("application", application.id),
        type=type_,
        dataset=str(application.dataset_id),
        lane=application.lane,
        statement=commitment(statement, salt=application.salt),
        **more,
    )


async def take(work: Work, application: Application, verb: str, facts: Collection[str] = (), **members: Any) -> Step:
    """Take a step of an application that is locked: its state, and the clocks that the step starts and stops.

    Raises Conflict.
    """
    try:
        step = machine_of(application.lane).step(application.state, verb, facts)
    except Refused as refused:
        raise refusal_of(refused, "An application", REMEDIES, **members) from refused
    now, matter = work.runtime.clock.now(), matter_of(application)
    application.state = step.target
    for name in step.stops:
        await deadlines.stop(work.session, matter, name, at=now, outcome=verb)
    for clock in step.starts:
        if clock.parameter == f"reply_{application.attribute}":
            await deadlines.start(
                work.session,
                matter,
                clock.name,
                parameter=clock.parameter,
                organisation=application.provider_id,
                at=now,
            )
    return step


def matter_of(application: Application) -> Matter:
    """The application as what deadlines are about."""
    return Matter("application", application.id)


async def consent(work: Work, *, application_id: UUID) -> Application:
    """Consent to a draft of one's organisation, which submits it: the time of the owner's reply begins.

    Where the organisation separates duties, another person than the one who drafted it consents (Decree 809, Article 20).
    Raises NotFound, Forbidden, Conflict, NotShared, OutsideTerms.
    """
    application = await queries.locked(work, application_id)
    work.permit("application", "consent", application.consumer_id, side="the applicant")
    consumer = await participants.organisation(work.session, application.consumer_id)
    is_same = consumer.separates_duties and application.drafted_by == work.principal.id
    now = work.runtime.clock.now()
    document = offered(await catalog.any_dataset(work.session, str(application.dataset_id)))
    application.attribute = "unconditional" if application.is_return_flow else document.sharing.attribute
    step = await take(work, application, "consent", set() if is_same else {"another_person"})
    faults = faults_in_request(
        document,
        consumer=consumer,
        purpose=application.purpose,
        fields=application.fields,
        answers=application.answers,
        row_filter=application.row_filter,
        not_after=application.not_after,
        now=now,
    )
    if faults:
        raise OutsideTerms("The terms have changed since the draft; draft another application.", errors=faults)
    application.consented_by = work.principal.id
    application.submitted_at = now
    record_submission(work, application, step.entry)
    return application


async def supplement(work: Work, *, application_id: UUID, text: str) -> Application:
    """Supply what is missing; the application is submitted again, and the time of the owner's reply begins anew."""
    application = await queries.locked(work, application_id)
    work.permit("application", "supplement", application.consumer_id, side="the applicant")
    step = await take(work, application, "supplement")
    application.supplement = text
    record_change(work, application, step.entry, text)
    return application


async def withdraw(work: Work, *, application_id: UUID) -> Application:
    """Withdraw an application before it is decided; a draft is discarded."""
    application = await queries.locked(work, application_id)
    work.permit("application", "withdraw", application.consumer_id, side="the applicant")
    is_draft = application.state == "drafted"
    step = await take(work, application, "discard" if is_draft else "withdraw")
    application.decided_at = work.runtime.clock.now()
    if is_draft:
        _record_draft(work, application, step.entry)
    else:
        record_change(work, application, step.entry, "")
    return application
