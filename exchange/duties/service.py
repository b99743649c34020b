"""The compliance board, from deadlines and the members who have to act."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from exchange.calendar import queries as calendar
from exchange.calendar.counting import DeadlineView, day_of
from exchange.duties.liability import liability_of
from exchange.duties.schemas import BoardOut, CounterOut, DutyOut
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from policies.roles.roles import EXCHANGE

_ROLES: Final[Mapping[str, str]] = {
    "reply": "approver",
    "report": "approver",
    "rectify": "consumer",
    "usage": "consumer",
    "dispose": "consumer",
    "deletion": "consumer",
}
"""The role that has to act by clock; a steward for every other one, and the authority where the exchange has to act."""


async def board_of(work: Work, organisation: UUID | None, *, limit: int) -> BoardOut:
    """The board of an organisation, or with None of all. Raises Forbidden, NotFound."""
    if not work.may("duty", "read", EXCHANGE):
        work.permit("duty", "read", EXCHANGE if organisation is None else organisation)
    if organisation is not None:
        await participants.organisation(work.session, organisation)
    now = work.runtime.clock.now()
    views = await calendar.deadlines(work.session, organisation=organisation, limit=limit)
    holders = await participants.holders(work.session)
    counters = [
        CounterOut(clock=clock, open=open_, overdue=overdue, late=late, in_time=in_time)
        for clock, open_, overdue, late, in_time in await calendar.counts(work.session, organisation, day_of(now))
    ]
    return BoardOut(
        organisation=organisation,
        day=day_of(now),
        counters=counters,
        liability=await liability_of(work.session, organisation, counters),
        duties=[_duty(view, work, holders) for view in views],
    )


def _duty(view: DeadlineView, work: Work, holders: Mapping[tuple[str, str], list[str]]) -> DutyOut:
    now = work.runtime.clock.now()
    role = "authority" if view.organisation is None else _ROLES.get(view.clock, "steward")
    domain = EXCHANGE if view.organisation is None else str(view.organisation)
    is_overdue = view.is_overdue(now)
    return DutyOut(
        deadline=view.id,
        clock=view.clock,
        matter={"kind": view.matter.kind, "id": str(view.matter.id)},
        article=view.article,
        organisation=view.organisation,
        role=role,
        persons=holders.get((domain, role), []),
        since=day_of(view.started_at),
        due=view.due,
        state="overdue"
        if is_overdue
        else "paused"
        if view.paused_at
        else "provisional"
        if view.due is None
        else "open",
        days_late=(day_of(now) - view.due).days if is_overdue and view.due is not None else 0,
    )
