"""`ledger verify-statement`: recomputes a statement from its export alone, and says which line or entry is wrong.

The export has the statement, every entry of the account from the statement's first to `statement.issued` as the bytes
that were hashed, the receipt of that last entry, and the entry of the agreement with its receipt and salt. The receipts
prove both entries; the account's chain proves all entries between, and that there are no others.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.billing.accounts import NotLinked, link_of
from ledger.billing.prices import read_price
from ledger.billing.reading import Members, Unpriced
from ledger.billing.splits import read_table
from ledger.billing.statements import ISSUED, Basis, Placed, digest, state
from ledger.billing.usage import Months, bounds_of
from ledger.format import canonical, entry, merkle, note
from ledger.format.receipt import ReceiptInvalid, verify_receipt
from ledger.format.rotation import History

_EXPORT = {"concluded", "entries", "receipt", "statement"}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong: the place in the export or in the statement, and what it is."""

    place: str
    detail: str

    def text(self) -> str:
        """The place and what is wrong there."""
        return f"{self.place}: {self.detail}"


class _Refused(Exception):
    """The export cannot be followed further; the reason."""

    def __init__(self, place: str, detail: str) -> None:
        super().__init__(detail)
        self.wrong = Wrong(place, detail)


def verify_statement(export: Any, key: note.Verifier | History) -> list[Wrong]:
    """Verify a statement's export under the log's key; an empty list is a statement in order. Raises nothing for its content."""
    try:
        members = Members(export, "", _EXPORT)
        statement = members.value("statement")
        basis = _basis(statement)
        _check_price(members.value("concluded"), statement, key)
        chain = _chain(members.value("entries"), basis.account)
        _receive("", members.value("receipt"), members.value("entries")[-1].encode(), key)
        _check_issued(chain, statement)
        counted = _range(chain, statement)
        expected = state(basis, counted, before=_before(statement))
        return list(_differences(expected, statement, ""))
    except _Refused as refused:
        return [refused.wrong]
    except (Unpriced, canonical.NotCanonical) as error:
        return [Wrong(error.pointer or "export", error.reason)]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        return [Wrong("export", f"it has not the form of a statement's export ({type(error).__name__})")]


def _basis(statement: Any) -> Basis:
    month = statement["month"]
    bounds_of(month)
    return Basis(
        account=statement["account"],
        month=month,
        number=statement["number"],
        price=read_price(statement["price"], "/statement/price"),
        table=read_table(statement["split"]["table"], "/statement/split/table"),
        revenue=statement["revenue"],
    )


def _check_price(concluded: Any, statement: Any, key: note.Verifier | History) -> None:
    """Check that the agreement's entry is in the log, is of this account, and commits to this price document."""
    members = Members(concluded, "/concluded", {"entry", "receipt", "salt"})
    leaf = members.value("entry").encode()
    _receive("/concluded", members.value("receipt"), leaf, key)
    body = entry.parse(leaf).body
    if body["type"] != "agreement.concluded" or body["object"]["id"] != statement["account"]:
        raise _Refused("/concluded", "the entry does not conclude the agreement of this account")
    salted = bytes.fromhex(members.value("salt")) + canonical.dumps(statement["price"])
    if hashlib.sha256(salted).hexdigest() != body.get("price"):
        raise _Refused("/statement/price", "both sides agreed on another price document")


def _receive(place: str, receipt: str, leaf: bytes, key: note.Verifier | History) -> None:
    try:
        verify_receipt(receipt, leaf, key)
    except ReceiptInvalid as error:
        raise _Refused(f"{place}/receipt", str(error)) from error


def _chain(leaves: Sequence[str], account: str) -> list[Placed]:
    """The account's entries in the export, which follow each other by number and hash."""
    chain: list[Placed] = []
    for position, text in enumerate(leaves):
        place, leaf = f"/entries/{position}", text.encode()
        try:
            parsed = entry.parse(leaf)
            link = link_of(parsed.body)
        except (entry.MalformedEntry, NotLinked) as error:
            raise _Refused(place, str(error)) from error
        if link is None or link.account != account:
            raise _Refused(place, "the entry has no place in this account")
        if chain and link.n != chain[-1].n + 1:
            what = "left out" if link.n > chain[-1].n else "repeated or out of order"
            raise _Refused(place, f"entry {link.n} of the account follows {chain[-1].n}: an entry is {what}")
        if chain and link.prev != chain[-1].leaf_hash:
            raise _Refused(place, f"the entry before {link.n} is not the one that the ledger has")
        chain.append(Placed(link.n, parsed.seq, merkle.leaf_hash(leaf), parsed.body))
    if not chain:
        raise _Refused("/entries", "there is no entry, not even that of the statement")
    return chain


def _check_issued(chain: list[Placed], statement: Any) -> None:
    """Check the last entry, which issued the statement, and that no other was issued for the month or by the number."""
    issued = chain[-1]
    if issued.body["type"] != ISSUED or issued.body.get("statement") != digest(statement):
        raise _Refused("/entries", "the last entry did not issue this statement")
    for earlier in chain[:-1]:
        if earlier.body["type"] == ISSUED and earlier.body["month"] >= statement["month"]:
            raise _Refused(
                "/statement/month", f"entry {earlier.seq} issued a statement for {earlier.body['month']} before"
            )
    before = [placed.body for placed in chain[:-1] if placed.body["type"] == ISSUED]
    number, first = statement["number"], statement["from"]["n"]
    if number != (before[-1]["number"] if before else 0) + 1 or len(before) > 1:
        raise _Refused("/statement/number", "it does not follow the number of the statement before")
    if first != (before[-1]["last"] if before else 0) + 1:
        raise _Refused("/statement/from", "it does not begin behind the last entry of the statement before")


def _before(statement: Any) -> tuple[int, bytes]:
    return statement["from"]["n"] - 1, bytes.fromhex(statement["from"]["prev"])


def _range(chain: list[Placed], statement: Any) -> list[Placed]:
    """The entries that the statement counts: all of its month, and none of another."""
    month, first, last = statement["month"], statement["from"]["n"], statement["to"]["n"]
    if chain[0].n != first:
        raise _Refused("/entries/0", f"it is number {chain[0].n}, and the statement begins with {first}")
    opening = link_of(dict(chain[0].body))
    if opening is None or opening.prev.hex() != statement["from"]["prev"]:
        raise _Refused("/statement/from", "the first entry follows another one")
    months = Months()
    of = {placed.n: own for placed in chain if (own := months.of(placed.body)) is not None}
    for placed in chain:
        own = of.get(placed.n)
        if own is not None and placed.n <= last and own != month:
            where = "/statement/month" if own < month else "/statement/to"
            raise _Refused(where, f"entry {placed.seq} belongs to {own}")
        if own is not None and placed.n > last and own <= month:
            raise _Refused("/statement/to", f"entry {placed.seq} belongs to {month} and is not counted")
    return [placed for placed in chain if placed.n <= last]


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
