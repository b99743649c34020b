"""The market by day: how many orders and deliveries, of what value, by how many participants, and no party named.

A figure that fewer than three sellers or three buyers make is left out, and so is a value that one party makes almost
alone. Days that are not over are not shown, and no period is added up, so that no difference shows what is left out.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from cachetools import LRUCache

from exchange.audit import queries as audit
from exchange.audit.queries import Criteria, Tally
from exchange.audit.tasks import catch_up
from exchange.calendar.counting import day_of
from exchange.kernel.problems import RequestInvalid
from exchange.kernel.runtime import Runtime
from exchange.trading.figures.reading import PAID, REPAID, SIGNED, VALUED, Sum, prove, read, span
from exchange.trading.figures.schemas import DayOut, DaysOut, ValueOut

LEAST: Final = 3
"""The fewest sellers, and the fewest buyers, that a figure is shown of."""
DOMINANT: Final = 85
"""The most per cent of a value that one party may make."""
MOST_DAYS: Final = 92
_KEPT: Final = 2_000
_LATE: Final = timedelta(hours=1)
"""By then, what began before the end of a day is on the ledger."""
_COUNTED: Final[Mapping[str, frozenset[str]]] = {
    "placed": frozenset({"order.placed"}),
    "signed": frozenset({SIGNED}),
    "accepted": frozenset({"order.accepted", "order.deemed_accepted"}),
    "ended": frozenset({"order.terminated", "order.refunded"}),
    "deliveries": frozenset({"delivery.completed"}),
}


class Days:
    """The days that were computed, by incarnation and day: what is over does not change."""

    def __init__(self) -> None:
        self.kept: LRUCache[tuple[int, date], DayOut] = LRUCache(_KEPT)
        self.lock = asyncio.Lock()


async def show(runtime: Runtime, first: date | None, last: date | None) -> DaysOut:
    """The days from `first` to `last`, by default the 30 that were over last. Raises RequestInvalid, IndexBehind."""
    over = day_of(runtime.clock.now() - _LATE) - timedelta(days=1)
    last = over if last is None else last
    first = last - timedelta(days=29) if first is None else first
    if not first <= last <= over or (last - first).days >= MOST_DAYS:
        error = {"at": "query/until", "error": f"days that are over, at most {MOST_DAYS}, the first not after the last"}
        raise RequestInvalid("Ask for days that are over.", errors=[error])
    wanted = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    days = runtime[Days]
    async with days.lock:  # one at a time: whoever asks for the same days next finds them
        await catch_up(runtime)
        async with runtime.database.sessions() as session:
            ledger = await audit.present(session)
            missing = [day for day in wanted if (ledger.number, day) not in days.kept]
            if missing:
                period = span(missing[0], missing[-1])
                tallies = await audit.tally(session, ledger, Criteria({}, prefix="order.", **period))
                delivered = Criteria({"type": "delivery.completed", "lane": "trade"}, **period)
                tallies += await audit.tally(session, ledger, delivered)
                valued = await read(session, ledger, Criteria({"type": VALUED}, **period))
                sums, _ = await prove(session, valued)
                for day in missing:
                    days.kept[ledger.number, day] = day_out(
                        day,
                        [each for each in tallies if each.day == day],
                        [each for each in sums if each.entry.day == day],
                    )
        return DaysOut(incarnation=ledger.number, days=[days.kept[ledger.number, day] for day in wanted])


def day_out(day: date, tallies: Sequence[Tally], sums: Sequence[Sum]) -> DayOut:
    """A day's figures, without those of small groups."""
    counts = {name: _count([each for each in tallies if each.type in types]) for name, types in _COUNTED.items()}
    sellers, buyers = {each.owner for each in tallies}, {each.consumer for each in tallies}
    return DayOut(
        day=day,
        **counts,
        sellers=_participants(sellers),
        buyers=_participants(buyers),
        values=[
            ValueOut(
                currency=currency,
                contracted=_value(sums, currency, {SIGNED}),
                paid=_value(sums, currency, {PAID}),
                repaid=_value(sums, currency, REPAID),
            )
            for currency in sorted({each.currency for each in sums})
        ],
    )


def _is_small(parties: Iterable[tuple[str | None, str | None]]) -> bool:
    sellers, buyers = zip(*parties, strict=True)
    return min(len(set(sellers)), len(set(buyers))) < LEAST


def _participants(organisations: Collection[str | None]) -> int | None:
    return len(organisations) if not organisations or len(organisations) >= LEAST else None


def _count(tallies: Sequence[Tally]) -> int | None:
    """How many entries there are; None where few made them."""
    if tallies and _is_small((each.owner, each.consumer) for each in tallies):
        return None
    return sum(each.count for each in tallies)


def _value(sums: Sequence[Sum], currency: str, types: Collection[str]) -> int | None:
    """What amounts add up to; None where few made it, or one almost alone."""
    counted = [each for each in sums if each.currency == currency and each.entry.body["type"] in types]
    total = sum(each.amount for each in counted)
    if not counted:
        return 0
    if _is_small(each.parties for each in counted):
        return None
    by_party = defaultdict[tuple[int, str], int](int)
    for each in counted:
        for place, party in enumerate(each.parties):
            by_party[place, party] += each.amount
    return None if max(by_party.values()) * 100 > DOMINANT * total else total
