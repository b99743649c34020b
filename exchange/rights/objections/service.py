"""The verbs of objections to records: file, and the steps of the registrar and both sides."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from exchange.calendar import deadlines
from exchange.calendar import queries as calendar
from exchange.calendar.counting import Matter, day_of
from exchange.catalog import queries as catalog
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, refusal_of
from exchange.kernel.work import Work
from exchange.messages.service import notify
from exchange.participants.reading import demand_reading
from exchange.rights import queries as rights
from exchange.rights.lifecycle import ANOTHER
from exchange.rights.objections import queries
from exchange.rights.objections.lifecycle import FACTS, IN_FORCE, NOTICE, RECORD_OBJECTION
from exchange.rights.objections.models import RecordObjection
from exchange.rights.objections.schemas import NewRecordObjection, RecordObjectionOut, RecordObjectionStep
from groundwork.lifecycle import Refused, Step
from ledger import entries
from policies.roles.roles import EXCHANGE

MOST_OPEN: Final = 5
"""Open objections of one organisation to one record."""
_BY_HOLDER: Final = frozenset({"agree", "contest"})
_BY_OBJECTOR: Final = frozenset({"withdraw"})


def _step(state: str, verb: str, *, lacking: Collection[str] = ()) -> Step:
    """The step of a verb. Raises Conflict."""
    try:
        return RECORD_OBJECTION.step(state, verb, FACTS.keys() - set(lacking))
    except Refused as refused:
        raise refusal_of(refused, "An objection", FACTS) from refused


async def file(work: Work, new: NewRecordObjection) -> RecordObjection:
    """Object to a record in force. The registrar tells its holder in 5 working days. Raises NotFound, Forbidden, Conflict."""
    work.permit("rights", "object", work.principal.organisation)
    record = await rights.by_code(work.session, new.record)
    if record.organisation_id == work.principal.organisation:
        raise Conflict(
            "The record is your organisation's own; apply for its change or cancellation.", state=record.state
        )
    await rights.lock_record(work.session, record.id)  # so that two requests count one after the other
    count = await queries.count_open(work.session, record=record.id, organisation=work.principal.organisation)
    if count >= MOST_OPEN:
        raise Conflict(
            f"Your organisation has {count} open objections to this record, the most; a registrar concludes them first.",
            state=record.state,
        )
    now = work.runtime.clock.now()
    is_over = record.state not in rights.IN_FORCE or record.valid_until < day_of(now)
    step = _step(RECORD_OBJECTION.start, "file", lacking={IN_FORCE} if is_over else ())
    objection = RecordObjection(
        id=new_id(),
        record_id=record.id,
        holder_id=record.organisation_id,
        organisation_id=work.principal.organisation,
        state=step.target,
        evidence=[each.model_dump(mode="json") for each in new.evidence],
        statements=[],
        filed_at=now,
    )
    work.session.add(objection)
    for clock in step.starts:
        await deadlines.start(
            work.session, _matter(objection), clock.name, parameter=clock.parameter, organisation=None, at=now
        )
    await _state(work, objection, step.entry, new.statement)
    return objection


async def take(work: Work, *, objection_id: UUID, step: RecordObjectionStep) -> RecordObjection:
    """Take a step, as the registrar, the holder or the objector. Raises NotFound, Forbidden, Conflict."""
    reading = demand_reading(work, "rights")
    objection = await queries.lock_objection(work.session, reading, objection_id)
    lacking: set[str] = set()
    if step.verb in _BY_HOLDER:
        work.permit("rights", "apply", objection.holder_id, side="the holder")
    elif step.verb in _BY_OBJECTOR:
        work.permit("rights", "object", objection.organisation_id, side="the objector")
    else:
        work.permit("rights", "review", EXCHANGE)
        record = await rights.any_record(work.session, objection.record_id)
        owner = (await catalog.any_dataset(work.session, str(record.dataset_id))).owner.id
        if work.principal.organisation in (objection.holder_id, objection.organisation_id, owner):
            lacking.add(ANOTHER)
    taken = _step(objection.state, step.verb, lacking=lacking)
    objection.state = taken.target
    for name in sorted(taken.stops):
        now = work.runtime.clock.now()
        await deadlines.stop(work.session, _matter(objection), name, at=now, outcome=taken.target)
    await _state(work, objection, taken.entry, step.statement)
    return objection


async def _state(work: Work, objection: RecordObjection, type_: str, statement: str) -> None:
    """Keep what was stated, add the entry, and tell the other side; the holder hears of nothing before it is told."""
    now, salt = work.runtime.clock.now(), new_salt()
    stated = {"type": type_, "organisation": str(work.principal.organisation), "statement": statement, "salt": salt}
    objection.statements = [*objection.statements, {**stated, "at": rfc3339(now)}]
    record = await rights.any_record(work.session, objection.record_id)
    work.entry(
        entries.RecordObjectionChanged,
        about=(queries.KIND, objection.id),
        type=type_,
        record=record.code,
        consumer=str(objection.organisation_id),
        dataset=str(record.dataset_id),
        statement=commitment({"evidence": objection.evidence, "statement": statement}, salt=salt),
    )
    sides = {objection.organisation_id}
    if any(each["type"] == queries.TOLD for each in objection.statements):
        sides.add(objection.holder_id)
    for organisation in sides - {work.principal.organisation}:
        await notify(
            work.session,
            organisation=organisation,
            kind=type_,
            about=_matter(objection),
            key=f"{type_}/{objection.id}",
            now=now,
        )


def _matter(objection: RecordObjection) -> Matter:
    return Matter(queries.KIND, objection.id)


async def out(work: Work, rows: Sequence[RecordObjection]) -> list[RecordObjectionOut]:
    """Objections as those who may read them see them."""
    await work.session.flush()
    clocks = await calendar.deadlines_of(work.session, [_matter(row) for row in rows])
    outs = []
    for row in rows:
        notice = next((view for view in clocks[_matter(row)] if view.clock == NOTICE.name), None)
        document = {name: getattr(row, name) for name in ("id", "state", "evidence", "statements", "filed_at")}
        outs.append(
            RecordObjectionOut.model_validate(
                {
                    **document,
                    "record": row.record_id,
                    "holder": row.holder_id,
                    "organisation": row.organisation_id,
                    "verbs": list(RECORD_OBJECTION.verbs(row.state)),
                    "tell_by": notice.due if notice is not None else None,
                }
            )
        )
    return outs
