"""The verbs of notices: announce, consult, carry out, withdraw."""

from collections.abc import Sequence
from datetime import timedelta
from heapq import heappop, heappush
from uuid import UUID

from exchange.agreements import queries as agreements
from exchange.agreements.lifecycle import RUNNING
from exchange.agreements.models import Agreement
from exchange.agreements.notices import queries
from exchange.agreements.notices.lifecycle import NOTICE, REMEDIES
from exchange.agreements.notices.models import AgreementNotice
from exchange.agreements.notices.schemas import AgreementNoticeOut, Consultation, NewAgreementNotice
from exchange.agreements.service import change_by_owner, state
from exchange.calendar import queries as calendar
from exchange.calendar.counting import Matter, day_of
from exchange.calendar.errors import CalendarMissing
from exchange.catalog import queries as catalog
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, RequestInvalid, refusal_of
from exchange.kernel.work import Work
from exchange.messages.service import notify
from exchange.participants.reading import Reading, demand_reading
from groundwork.lifecycle import Refused, Step
from ledger import entries


async def announce(work: Work, new: NewAgreementNotice) -> AgreementNotice:
    """Announce a change or stop some working days ahead; every demander whose agreement it names is told.

    Raises NotFound, Forbidden, Conflict, CalendarMissing, RequestInvalid for an agreement that it cannot name.
    """
    dataset = await catalog.own_dataset(work.session, work.principal, new.dataset)
    work.permit("agreement", "terminate", dataset.organisation_id, side="the owner of the data")
    rows = [row for row in await agreements.lock_running(work.session, dataset.id) if row.lane == "government"]
    named = _choose(rows, new.agreements)
    if not named:
        raise Conflict("No agreement between departments runs over this dataset; there is nobody to notify.")
    step = await _check_time(work, new)
    notice = AgreementNotice(
        id=new_id(),
        dataset_id=dataset.id,
        provider_id=dataset.organisation_id,
        kind=new.kind,
        outcome=new.outcome,
        effective_on=new.effective_on,
        agreements=[str(row.id) for row in named],
        consumers=sorted({str(row.consumer_id) for row in named}),
        state=NOTICE.start,
        statements=[],
        announced_at=work.runtime.clock.now(),
    )
    work.session.add(notice)
    await _take(work, notice, step, new.reason)
    return notice


async def _check_time(work: Work, new: NewAgreementNotice) -> Step:
    """Check that the notice leaves the demanders their time. Raises Conflict, CalendarMissing."""
    today = day_of(work.runtime.clock.now())
    ahead = await calendar.parameter(work.session, "stop_notice", today)
    last = await calendar.due(work.session, today, ahead.value, ahead.unit)
    if last is None:
        raise CalendarMissing(f"Load the next year's calendar first: {ahead.text} ahead reach beyond the loaded one.")
    earliest = last + timedelta(days=1)
    try:
        return NOTICE.step(NOTICE.start, "announce", {"time_ahead"} if new.effective_on >= earliest else set())
    except Refused as refused:
        raise refusal_of(refused, "A notice", REMEDIES, earliest=str(earliest), ahead=ahead.text) from refused


def _choose(rows: Sequence[Agreement], wanted: Sequence[UUID] | None) -> list[Agreement]:
    """The agreements that a notice is about. Raises RequestInvalid."""
    if wanted is None:
        return list(rows)
    by_id = {row.id: row for row in rows}
    errors = [
        {"at": f"agreements/{index}", "error": "no agreement between departments of this id runs over the dataset"}
        for index, each in enumerate(wanted)
        if each not in by_id
    ]
    if errors:
        raise RequestInvalid("Correct what `errors` lists.", errors=errors)
    return [by_id[each] for each in dict.fromkeys(wanted)]


async def consult(work: Work, *, notice_id: UUID, consultation: Consultation) -> AgreementNotice:
    """Record the consultation with the demanders, and its filing with the authority. Raises NotFound, Forbidden, Conflict."""
    notice, step = await _begin(work, notice_id, "consult")
    await _take(work, notice, step, consultation.statement, filing=consultation.filing)
    return notice


async def withdraw(work: Work, *, notice_id: UUID, reason: str) -> AgreementNotice:
    """Withdraw a notice that was not carried out: nothing changes. Raises NotFound, Forbidden, Conflict."""
    notice, step = await _begin(work, notice_id, "withdraw")
    await _take(work, notice, step, reason)
    return notice


async def carry_out(work: Work, *, notice_id: UUID, reason: str) -> AgreementNotice:
    """Carry a notice out, on its day or later: its agreements, and those that amend them, end or are kept, as it says.

    Raises NotFound, Forbidden, Conflict.
    """
    notice, step = await _begin(work, notice_id, "carry_out")
    await _take(work, notice, step, reason)
    text = f"The notice {notice.id} of a {notice.kind} is carried out: {reason}"
    # An amending agreement is newer than the one it amends, so that the locks are taken in the order of the ids. It is
    # looked for under the lock of that one, which every amendment takes too.
    waiting = sorted(UUID(each) for each in notice.agreements)
    while waiting:
        agreement = await agreements.lock_any(work.session, heappop(waiting))
        for amending in await agreements.amending(work.session, agreement):
            if amending.id not in waiting:
                heappush(waiting, amending.id)
        if agreement.state not in RUNNING:
            continue
        if notice.outcome == "terminate":
            await change_by_owner(work, agreement, verb="terminate", reason=text)
        else:
            state(work, agreement, type_="agreement.affected", reason=text)
    return notice


async def _begin(work: Work, notice_id: UUID, verb: str) -> tuple[AgreementNotice, Step]:
    notice = await queries.lock_notice(work.session, demand_reading(work, "agreement"), notice_id)
    work.permit("agreement", "terminate", notice.provider_id, side="the owner of the data")
    has_come = day_of(work.runtime.clock.now()) >= notice.effective_on
    try:
        step = NOTICE.step(notice.state, verb, {"day_of_the_notice"} if has_come else set())
    except Refused as refused:
        raise refusal_of(refused, "A notice", REMEDIES, effective_on=str(notice.effective_on)) from refused
    return notice, step


async def _take(work: Work, notice: AgreementNotice, step: Step, statement: str, **more: str) -> None:
    """Take a step of a notice: its state, what is stated, the messages to its demanders, and the entry."""
    now, salt = work.runtime.clock.now(), new_salt()
    document = {"statement": statement, **more}
    notice.state = step.target
    notice.statements = [*notice.statements, {"type": step.entry, **document, "salt": salt, "at": rfc3339(now)}]
    await work.session.flush()
    for consumer in notice.consumers:
        await notify(
            work.session,
            organisation=UUID(consumer),
            kind=step.entry,
            about=Matter("agreement_notice", notice.id),
            key=f"{step.entry}/{notice.id}",
            now=now,
            day=notice.effective_on,
        )
    work.entry(
        entries.AgreementNoticeChanged,
        about=("agreement_notice", notice.id),
        type=step.entry,
        dataset=str(notice.dataset_id),
        change=notice.kind,
        outcome=notice.outcome,
        effective_on=str(notice.effective_on),
        agreements=sorted(notice.agreements),
        statement=commitment(document, salt=salt),
    )


def out(notice: AgreementNotice, reading: Reading, own: Sequence[str]) -> AgreementNoticeOut:
    """A notice as a principal sees it: a demander sees of the agreements only its own, whose ids are `own`."""
    shown = AgreementNoticeOut.model_validate(notice)
    if reading.everything or reading.government or notice.provider_id in reading.owners:
        return shown
    return shown.model_copy(update={"agreements": [each for each in shown.agreements if str(each) in own]})


async def read_out(work: Work, rows: Sequence[AgreementNotice], reading: Reading) -> list[AgreementNoticeOut]:
    """Notices as the principal sees them, in their order."""
    await work.session.flush()
    ids = {UUID(each) for row in rows for each in row.agreements}
    views = await agreements.by_ids(work.session, ids)
    own = [key for key, view in views.items() if view.consumer_id in reading.consumers]
    return [out(row, reading, own) for row in rows]
