"""`ledger verify-statement`: recomputes a statement from its export alone, and says which line or entry is wrong.

The export has the statement, every entry of the account from the statement's first to `statement.issued` as the bytes
that were hashed, the receipt of that last entry, and the entry of the agreement with its receipt and salt. The receipts
prove both entries; the account's chain proves all entries between, and that there are no others.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ledger.billing.adjustments import NotAdjustable
from ledger.billing.prices import read_price
from ledger.billing.reading import Members, Unpriced
from ledger.billing.splits import SIGNED, read_table
from ledger.billing.statements import ISSUED, Basis, Tally, digest
from ledger.billing.usage import Months, bounds_of
from ledger.format import canonical, entry, note
from ledger.format.rotation import History
from ledger.verification.billing.chain import Linked, read_chain
from ledger.verification.billing.earlier import read_earlier
from ledger.verification.billing.tables import Tables, read_keys
from ledger.verification.billing.wrong import ExportRefused, Wrong, receive

_NEEDED = {"concluded", "receipt", "statement"}
_OPTIONAL = {"earlier", "keys"}
REVENUE = "revenue.stated"


def verify_statement(export: Any, key: note.Verifier | History) -> list[Wrong]:
    """Verify a statement's export under the log's key; an empty list is a statement in order. Raises nothing for its content."""
    try:
        head = dict(export)
        leaves = [text.encode() for text in head.pop("entries")]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [Wrong("export", f"it has not the form of a statement's export ({type(error).__name__})")]
    return verify_streamed(head, leaves, key)


def verify_streamed(head: Any, leaves: Iterable[bytes], key: note.Verifier | History) -> list[Wrong]:
    """Verify an export of which the entries come one by one; `head` are its other members. Memory does not grow with them."""
    try:
        members = Members(head, "", _NEEDED | (_OPTIONAL & head.keys()))
        statement = members.value("statement")
        _check_price(members.value("concluded"), statement, key)
        earlier = read_earlier(head.get("earlier", []), statement, key)
        walk = _Walk(statement, _basis(statement, earlier), Tables(read_keys(head.get("keys", []), key)))
        last = _Last(leaves)
        for linked in read_chain(last, statement["account"]):
            walk.add(linked)
        receive("", members.value("receipt"), last.leaf, key)
        return walk.finish()
    except ExportRefused as refused:
        return [refused.wrong]
    except (Unpriced, canonical.NotCanonical) as error:
        return [Wrong(error.pointer or "export", error.reason)]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        return [Wrong("export", f"it has not the form of a statement's export ({type(error).__name__})")]


class _Last:
    """Passes entries on, and remembers the last one."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self.leaf = b""
        self._leaves = leaves

    def __iter__(self) -> Iterator[bytes]:
        for leaf in self._leaves:
            self.leaf = leaf
            yield leaf


class _Walk:
    """Goes through an account's entries once, and then says what differs from the statement.

    Until the chain and its receipt are checked, what it meets is only noted: a break of the chain explains the rest.
    """

    def __init__(self, statement: Any, basis: Basis, tables: Tables) -> None:
        self._statement, self._basis, self._tables = statement, basis, tables
        self._first, self._to = statement["from"]["n"], statement["to"]["n"]
        self._tally = Tally(basis, before=(self._first - 1, bytes.fromhex(statement["from"]["prev"])))
        self._months = Months()
        self._opening: Linked | None = None
        self._last: Linked | None = None
        self._issued: list[Linked] = []
        self._signed: list[Linked] = []
        self._revenue: int | None = None
        self._noted: list[Wrong] = []

    def add(self, linked: Linked) -> None:
        """Count the next entry."""
        if self._opening is None:
            self._opening = linked
        if self._last is not None and self._last.placed.body.get("type") == ISSUED:
            self._issued.append(self._last)
        self._last = linked
        if self._noted:
            return
        try:
            self._count(linked)
        except NotAdjustable as error:
            self._noted.append(Wrong(f"/entries/{linked.position}", str(error)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            detail = f"it has not the members that its type has ({type(error).__name__})"
            self._noted.append(Wrong(f"/entries/{linked.position}", detail))

    def _count(self, linked: Linked) -> None:
        placed, month = linked.placed, self._statement["month"]
        body, is_inside = placed.body, placed.n <= self._to
        own = self._months.of(body)
        if own is not None and is_inside and own != month:
            where = "/statement/month" if own < month else "/statement/to"
            self._noted.append(Wrong(where, f"entry {placed.seq} belongs to {own}"))
        elif own is not None and not is_inside and own <= month:
            self._noted.append(Wrong("/statement/to", f"entry {placed.seq} belongs to {month} and is not counted"))
        elif is_inside:
            self._tally.add(placed)
            if body["type"] == SIGNED:
                self._signed.append(linked)
        if body["type"] == REVENUE and body["month"] == month:
            self._revenue = body["amount"]

    def finish(self) -> list[Wrong]:
        """What is wrong. Raises ExportRefused."""
        assert self._opening is not None and self._last is not None  # noqa: PT018, S101 - a chain has one entry at least
        _check_issued(self._last, self._issued, self._statement)
        if self._opening.placed.n != self._first:
            n = self._opening.placed.n
            raise ExportRefused("/entries/0", f"it is number {n}, and the statement begins with {self._first}")
        if self._opening.prev.hex() != self._statement["from"]["prev"]:
            raise ExportRefused("/statement/from", "the first entry follows another one")
        if self._noted:
            return self._noted[:1]
        before = self._issued[-1].placed.body.get("table") if self._issued else None
        self._tables.check(self._statement, self._signed, before=before, issued=self._last.placed.body)
        if self._revenue is not None and self._revenue != self._statement["revenue"]:
            raise ExportRefused("/statement/revenue", f"the buyer stated {self._revenue} for the month")
        return list(_differences(self._tally.statement(), self._statement, ""))


def _basis(statement: Any, earlier: tuple[dict[str, Any], ...]) -> Basis:
    month = statement["month"]
    bounds_of(month)
    return Basis(
        account=statement["account"],
        month=month,
        number=statement["number"],
        price=read_price(statement["price"], "/statement/price"),
        table=read_table(statement["split"]["table"], "/statement/split/table"),
        revenue=statement["revenue"],
        earlier=earlier,
    )


def _check_price(concluded: Any, statement: Any, key: note.Verifier | History) -> None:
    """Check that the agreement's entry is in the log, is of this account, and commits to this price document."""
    members = Members(concluded, "/concluded", {"entry", "receipt", "salt"})
    leaf = members.value("entry").encode()
    receive("/concluded", members.value("receipt"), leaf, key)
    body = entry.parse(leaf).body
    if body["type"] != "agreement.concluded" or body["object"]["id"] != statement["account"]:
        raise ExportRefused("/concluded", "the entry does not conclude the agreement of this account")
    salted = bytes.fromhex(members.value("salt")) + canonical.dumps(statement["price"])
    if hashlib.sha256(salted).hexdigest() != body.get("price"):
        raise ExportRefused("/statement/price", "both sides agreed on another price document")


def _check_issued(issued: Linked, before: Sequence[Linked], statement: Any) -> None:
    """Check the last entry, which issued the statement, and that no other was issued for the month or by the number."""
    body = issued.placed.body
    if body["type"] != ISSUED or body.get("statement") != digest(statement):
        raise ExportRefused("/entries", "the last entry did not issue this statement")
    for earlier in before:
        month = earlier.placed.body["month"]
        if month >= statement["month"]:
            raise ExportRefused("/statement/month", f"entry {earlier.placed.seq} issued a statement for {month} before")
    former = before[-1].placed.body if before else None
    number, first = statement["number"], statement["from"]["n"]
    if number != (former["number"] if former else 0) + 1 or len(before) > 1:
        raise ExportRefused("/statement/number", "it does not follow the number of the statement before")
    if first != (former["last"] if former else 0) + 1:
        raise ExportRefused("/statement/from", "it does not begin behind the last entry of the statement before")


def _differences(expected: Any, stated: Any, place: str) -> Sequence[Wrong]:
    """The members in which a stated value differs from the computed one, by their pointers."""
    if isinstance(expected, dict) and isinstance(stated, dict) and expected.keys() == stated.keys():
        return [wrong for name in expected for wrong in _differences(expected[name], stated[name], f"{place}/{name}")]
    if isinstance(expected, list) and isinstance(stated, list) and len(expected) == len(stated):
        pairs = enumerate(zip(expected, stated, strict=True))
        return [wrong for at, (one, other) in pairs for wrong in _differences(one, other, f"{place}/{at}")]
    if type(expected) is type(stated) and expected == stated:
        return []
    return [Wrong(f"/statement{place}", f"{_show(stated)} is stated, and the entries come to {_show(expected)}")]


def _show(value: Any) -> str:
    return canonical.dumps(value).decode()[:200]
