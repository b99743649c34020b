"""Records about agreements between departments: reports and wishes to pass data on, rectification, disposal, use.

A record never changes. It is kept as long as the agreement, which is never deleted: longer than the three years that
Decree 809, Article 29 demands.
"""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from exchange.agreements import queries
from exchange.agreements.clocks import USAGE, begin, begin_decision, matter_of
from exchange.agreements.lifecycle import REMEDIES, SHARING
from exchange.agreements.models import Agreement, AgreementRecord
from exchange.agreements.notices import queries as notices
from exchange.agreements.schemas import Disposal, Report, ResharingRequest, Usage
from exchange.agreements.service import state
from exchange.calendar import deadlines
from exchange.calendar.counting import day_of
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, refusal_of
from exchange.kernel.work import Work
from groundwork.lifecycle import Refused, Step
from ledger import entries


def _add(
    work: Work, agreement: Agreement, type_: str, document: BaseModel | None = None, **more: Any
) -> AgreementRecord:
    record = AgreementRecord(
        id=new_id(),
        agreement_id=agreement.id,
        organisation_id=work.principal.organisation,
        type=type_,
        document=({} if document is None else document.model_dump(mode="json")) | more,
        salt=new_salt(),
        recorded_at=work.runtime.clock.now(),
    )
    work.session.add(record)
    work.entry(
        entries.AgreementRecorded,
        about=("agreement", agreement.id),
        type=type_,
        consumer=str(agreement.consumer_id),
        dataset=str(agreement.dataset_id),
        lane=agreement.lane,
        document=commitment(record.document, salt=record.salt),
    )
    return record


async def _lock_own(work: Work, agreement_id: UUID) -> Agreement:
    """Lock an agreement between departments whose demander acts. Raises NotFound, Forbidden, Conflict."""
    agreement = await queries.locked(work, agreement_id)
    work.permit("agreement", "end", agreement.consumer_id, side="the consumer")
    if agreement.lane != "government":
        raise Conflict("This belongs to agreements between departments.", state=agreement.state)
    return agreement


def _step(agreement: Agreement, verb: str, facts: set[str]) -> Step:
    try:
        return SHARING.step(agreement.state, verb, facts)
    except Refused as refused:
        raise refusal_of(refused, "An agreement", REMEDIES) from refused


async def report(work: Work, *, agreement_id: UUID, report: Report) -> AgreementRecord:
    """Report that shared data was passed on or misused: the suspension is proposed, and its provider decides in time.

    Anybody who knows the agreement's id may report. Raises NotFound, Conflict.
    """
    agreement = await queries.lock_any(work.session, agreement_id)
    if agreement.lane != "government" or agreement.state not in ("active", "suspended"):
        raise Conflict("Reports are about agreements between departments that have not ended.", state=agreement.state)
    record = _add(work, agreement, "agreement.reported", report, proposed="suspension")
    await begin_decision(work.session, agreement, at=work.runtime.clock.now())
    return record


async def request_resharing(work: Work, *, agreement_id: UUID, request: ResharingRequest) -> AgreementRecord:
    """Refuse to let a demander pass shared data on, on the record, and propose to suspend the agreement (Article 25).

    The refusal is an answer and no failure, so that it stays on record. Raises NotFound, Forbidden, Conflict.
    """
    agreement = await _lock_own(work, agreement_id)
    if agreement.resharing:
        raise Conflict("The agreement permits to pass the data on; no consent is needed.", state=agreement.state)
    record = _add(work, agreement, "agreement.resharing_denied", request, outcome="denied", proposed="suspension")
    await begin_decision(work.session, agreement, at=work.runtime.clock.now())
    return record


async def rectify(work: Work, *, agreement_id: UUID, reason: str) -> Agreement:
    """State, as the demander of a suspended agreement, that the use was rectified. Raises NotFound, Forbidden, Conflict."""
    agreement = await _lock_own(work, agreement_id)
    clock = await deadlines.find_open(work.session, matter_of(agreement), "rectify")
    step = _step(agreement, "rectify", set() if clock is None else {"rectification_ordered"})
    agreement.state = step.target
    at = work.runtime.clock.now()
    for name in step.stops:
        await deadlines.stop(work.session, matter_of(agreement), name, at=at, outcome="rectified")
    state(work, agreement, type_=step.entry, reason=reason)
    return agreement


async def dispose(work: Work, *, agreement_id: UUID, disposal: Disposal) -> AgreementRecord:
    """Record that the data of an agreement that ended was disposed of, once. Raises NotFound, Forbidden, Conflict."""
    agreement = await _lock_own(work, agreement_id)
    is_disposed = "agreement.disposed" in {row.type for row in await queries.records(work.session, agreement.id)}
    step = _step(agreement, "dispose", set() if is_disposed else {"not_disposed"})
    agreement.state = step.target
    record = _add(work, agreement, step.entry, disposal)
    at = work.runtime.clock.now()
    for name in step.stops:
        await deadlines.stop(work.session, matter_of(agreement), name, at=at, outcome="disposed")
    return record


async def record_usage(work: Work, *, agreement_id: UUID, usage: Usage) -> AgreementRecord:
    """Record the use of shared data; the next record is due after a period. Raises NotFound, Forbidden, Conflict."""
    agreement = await _lock_own(work, agreement_id)
    record = _add(work, agreement, "agreement.usage_recorded", usage)
    if agreement.state in ("active", "suspended"):
        await begin(work.session, agreement, USAGE, at=work.runtime.clock.now())
    return record


async def record_stop(work: Work, agreement: Agreement, *, cause: str) -> None:
    """Record that an agreement between departments ends by its provider's act without a notice ahead, where that is so."""
    if agreement.lane != "government":
        return
    today = day_of(work.runtime.clock.now())
    line = await queries.amended_by(work.session, agreement)
    if not await notices.is_announced(work.session, line, dataset=agreement.dataset_id, day=today):
        _add(work, agreement, "agreement.stopped_unannounced", cause=cause)
