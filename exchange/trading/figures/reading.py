"""Reading figures from the ledger: entries of a period, and the amounts that their digests prove.

An entry has the digest of a contract or the salted digest of what was stated, not the amount. The room's rows have the
text of both, which counts only where its digest is that of the entry.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, TypedDict
from uuid import UUID

from exchange.audit import queries as audit
from exchange.audit.queries import Criteria, Ledger, Scope
from exchange.calendar.counting import day_of, end_of
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment
from exchange.kernel.database import AsyncSession
from exchange.trading.contracts.template import digest_of
from exchange.trading.errors import TooManyEntries
from exchange.trading.models import Order
from exchange.trading.orders import queries as orders

ALL: Final = Scope(everything=True)
SIGNED: Final = "order.signed"
PAID: Final = "order.paid"
REPAID: Final = frozenset({"order.repaid", "order.refunded"})
VALUED: Final = frozenset({SIGNED, PAID}) | REPAID
_PAGE: Final = 1000
_MOST: Final = 50_000
_NOT_STATED: Final = frozenset({"type", "organisation", "principal", "salt", "time"})


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the ledger: its index, its leaf hash in hex, and its body."""

    index: int
    hash: str
    body: Mapping[str, Any]

    @property
    def day(self) -> date:
        """The day of the entry in China."""
        return day_of(datetime.fromisoformat(self.body["at"]))


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount that an entry proves, in the currency's smallest unit."""

    entry: Entry
    currency: str
    amount: int

    @property
    def parties(self) -> tuple[str, str]:
        """The seller and the buyer."""
        return self.entry.body["seller"], self.entry.body["consumer"]


class Span(TypedDict):
    """The limits of a search in time, RFC 3339: not before `since`, and before `until`."""

    since: str
    until: str


def span(first: date, last: date) -> Span:
    """The limits of a search for the entries of these days in China."""
    return {"since": rfc3339(end_of(first - timedelta(days=1))), "until": rfc3339(end_of(last))}


async def read_at(session: AsyncSession, ledger: Ledger, indexes: Sequence[int]) -> list[Entry]:
    """The entries of these indexes, in their order."""
    leaves = await audit.leaves(session, ledger, indexes)
    return [Entry(each, leaves[each].leaf_hash.hex(), json.loads(leaves[each].leaf)["body"]) for each in indexes]


async def read(session: AsyncSession, ledger: Ledger, criteria: Criteria) -> list[Entry]:
    """The entries that criteria find, oldest first. Raises TooManyEntries."""
    entries: list[Entry] = []
    start = None
    while True:
        indexes = await audit.search(session, ledger, criteria, ALL, order="oldest", start=start, limit=_PAGE)
        entries += await read_at(session, ledger, indexes)
        if len(indexes) < _PAGE:
            return entries
        if len(entries) >= _MOST:
            raise TooManyEntries(f"The period has more than {_MOST} entries; ask for a shorter one.")
        start = indexes[-1] + 1


async def prove(session: AsyncSession, entries: Sequence[Entry]) -> tuple[list[Sum], list[Entry]]:
    """The amounts of entries of the types `VALUED`, and the entries whose amount nothing proves."""
    identifiers = {UUID(entry.body["object"]["id"]) for entry in entries}
    rows = await orders.by_ids(session, identifiers)
    sums, unproven = [], []
    for entry in entries:
        row = rows.get(UUID(entry.body["object"]["id"]))
        money = None if row is None else _money_in(row, entry.body)
        if money is None:
            unproven.append(entry)
        else:
            sums.append(Sum(entry, *money))
    return sums, unproven


def _money_in(order: Order, body: Mapping[str, Any]) -> tuple[str, int] | None:
    """The currency and the amount of an entry, once the digests in it prove them."""
    if order.contract is None or digest_of(order.contract) != body.get("contract"):
        return None
    payment = order.contract["payment"]
    currency: str = payment["price"]["currency"]
    if body["type"] == SIGNED:
        return currency, payment["opening_amount"]
    for row in order.statements:
        stated = {name: value for name, value in row.items() if name not in _NOT_STATED}
        is_this = row["type"] == body["type"] and commitment(stated, salt=row["salt"]) == body.get("statement")
        if is_this and "amount" in stated:
            return currency, stated["amount"]
    return None
