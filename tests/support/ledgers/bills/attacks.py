"""What an operator might do to a bill: each makes an export, with entries and receipts that the log really has."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from ledger.billing import statements
from ledger.billing.accounts import FIRST
from ledger.billing.splits import SplitTable
from ledger.billing.statements import Basis, Placed
from ledger.format import entry, merkle
from tests.support.ledgers.bills.books import DECEMBER, NOVEMBER, OTHER, TABLE, A, Books, busy, price_of, sign
from tests.support.ledgers.logs import Log

NEW_TABLE = SplitTable(2, (("owner", 5000), ("curator", 5000)))


def leave_out_of_statement(books: Books) -> dict[str, Any]:
    """The statement does not count an entry, and the export leaves it out."""
    honest = books.account
    books.account = [*honest[:2], *honest[3:]]
    statement = books.state("2026-11")
    books.account = honest
    export = books.issue(statement)
    del export["entries"][2]
    return export


def count_without_an_entry(books: Books) -> dict[str, Any]:
    """The statement does not count an entry, which the export has."""
    honest = books.account
    books.account = [*honest[:3], *honest[4:]]
    statement = books.state("2026-11")
    books.account = honest
    return books.issue(statement)


def count_twice(books: Books) -> dict[str, Any]:
    """An entry stands in the export twice."""
    export = books.issue(books.state("2026-11"))
    export["entries"].insert(2, export["entries"][1])
    return export


def bill_twice(books: Books) -> dict[str, Any]:
    """The statement counts a delivery twice."""
    honest = books.account
    again = Placed(0, 999, honest[9].leaf_hash, dict(honest[9].body) | {"plan": "other"})
    books.account = [*honest[:2], again, *honest[2:]]
    statement = books.state("2026-11")
    books.account = honest
    return books.issue(statement)


def move_to_the_next_month(books: Books) -> dict[str, Any]:
    """The last entry of the month is left for the next one."""
    counted = statements.select(books.account, "2026-11")[:-1]
    statement = statements.state(Basis(A, "2026-11", 1, books.price, TABLE), counted, before=(0, FIRST))
    return books.issue(statement)


def move_from_the_next_month(books: Books) -> dict[str, Any]:
    """A delivery of the next month is billed with this one."""
    statement = statements.state(Basis(A, "2026-11", 1, books.price, TABLE), books.account, before=(0, FIRST))
    return books.issue(statement)


def use_another_price(books: Books) -> dict[str, Any]:
    """The statement is computed by another price document."""
    other = price_of(fee=0, model={"kind": "per_record", "unit_price": 20_000})
    counted = statements.select(books.account, "2026-11")
    statement = statements.state(Basis(A, "2026-11", 1, other, TABLE), counted, before=(0, FIRST))
    return books.issue(statement)


def state_another_amount(books: Books) -> dict[str, Any]:
    """One line has another amount, and the sums follow it."""
    statement = deepcopy(books.state("2026-11"))
    statement["lines"][1]["amount"] += 1
    statement["net"] += 1
    statement["total"] += 1
    return books.issue(statement)


def split_otherwise(books: Books) -> dict[str, Any]:
    """A holder gets a fen of another."""
    statement = deepcopy(books.state("2026-11"))
    statement["split"]["parts"][0]["amount"] += 1
    statement["split"]["parts"][1]["amount"] -= 1
    return books.issue(statement)


def issue_a_second(books: Books) -> dict[str, Any]:
    """A second statement is issued for the month."""
    statement = books.state("2026-11")
    books.issue(statement)
    books.past.clear()
    return books.issue(statement)


def issue_a_second_by_the_next_number(books: Books) -> dict[str, Any]:
    """A second statement is issued for the month, as if it followed the first."""
    books.issue(books.state("2026-11"))
    return books.issue(books.state("2026-11"))


def double_a_number(books: Books) -> dict[str, Any]:
    """Two entries have one number in the account, and each side is shown its own."""
    shown = books.account[2]
    books.account.pop()
    hidden = books.account[3]
    books.log.append(1, type="delivery.completed", agreement=A, account=dict(hidden.body["account"]), at=NOVEMBER)
    leaf = books.log.leaves[-1]
    forged = Placed(hidden.n, books.log.size - 1, merkle.leaf_hash(leaf), entry.parse(leaf).body)
    export = books.issue(books.state("2026-11"))
    assert shown.n == hidden.n - 1
    export["entries"][3] = books.log.leaves[forged.seq].decode()
    return export


def alter_an_entry(books: Books) -> dict[str, Any]:
    """An entry in the export has other rows than the ledger has."""
    honest = books.issue(books.state("2026-11"))
    honest["entries"][1] = honest["entries"][1].replace('"rows":70', '"rows":71')
    return honest


def show_entries_of_another_account(books: Books) -> dict[str, Any]:
    """The export has an entry that belongs to another account."""
    export = books.issue(books.state("2026-11"))
    export["entries"][0] = export["entries"][0].replace(A, OTHER)
    return export


def prove_by_another_log(books: Books) -> dict[str, Any]:
    """The receipts are of a log that another key signs."""
    export = books.issue(books.state("2026-11"))
    other = Books(books.price)
    other.log.signer = Log.signed_at(1, seed=bytes(32)).signer
    other.log.sign()
    export["concluded"]["receipt"] = other.receipt(other.concluded)
    return export


def issue_off_the_ledger(books: Books) -> dict[str, Any]:
    """The statement was never issued on the ledger: its last entry is of the operator's own making."""
    forged = busy(books.price)
    statement = forged.state("2026-11")
    statement["revenue"] = 1
    export = forged.issue(statement)
    honest = books.issue(books.state("2026-11"))
    return export | {"receipt": honest["receipt"]}


def sign_by_a_stranger(books: Books) -> dict[str, Any]:
    """A table has one signature by another key than its holder's."""
    books = Books(books.price, is_shared=False)
    books.share(TABLE, signs=lambda party, document: sign("stranger" if party == "host" else party, document))
    books.deliver(NOVEMBER, 70)
    return books.issue(books.state("2026-11"))


def leave_out_a_signature(books: Books) -> dict[str, Any]:
    """A new table is signed by those who gain by it, and not by the holder who loses its part."""
    books.issue(books.state("2026-11"))
    books.share(NEW_TABLE, parties=["curator", "owner"])
    books.deliver(DECEMBER, 9)
    return books.issue(books.state("2026-12"))


def split_by_an_unsigned_table(books: Books) -> dict[str, Any]:
    """The statement is split by a table that nobody signed."""
    return books.issue(books.state("2026-11", table=NEW_TABLE))


def split_by_an_old_version(books: Books) -> dict[str, Any]:
    """The statement is split by the table that the parties replaced."""
    books.issue(books.state("2026-11"))
    books.share(NEW_TABLE)
    books.deliver(DECEMBER, 9)
    return books.issue(books.state("2026-12", table=TABLE))


def refund_otherwise(books: Books, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    books.issue(books.state("2026-11"))
    books.adjust(1, 0, -50)
    statement = deepcopy(books.state("2026-12"))
    change(statement)
    return books.issue(statement)


def split_a_refund_otherwise(books: Books) -> dict[str, Any]:
    """A holder pays less of a refund than by its part, and another one more."""

    def change(statement: dict[str, Any]) -> None:
        statement["adjustments"][0]["parts"][0]["amount"] += 1
        statement["adjustments"][0]["parts"][1]["amount"] -= 1

    return refund_otherwise(books, change)


def refund_another_amount(books: Books) -> dict[str, Any]:
    """The statement gives back less than the ledger says."""

    def change(statement: dict[str, Any]) -> None:
        statement["adjustments"][0]["amount"] += 1
        statement["net"] += 1
        statement["total"] += 1

    return refund_otherwise(books, change)


def leave_out_a_refund(books: Books) -> dict[str, Any]:
    """The statement has no line for a refund."""

    def change(statement: dict[str, Any]) -> None:
        del statement["adjustments"]

    return refund_otherwise(books, change)


def refund_too_much(books: Books) -> dict[str, Any]:
    """More is refunded, in two steps, than the line has."""
    books.issue(books.state("2026-11"))
    books.adjust(1, 1, -50)
    books.adjust(1, 1, -3)
    statement = books.state("2026-12")
    books.adjust(1, 1, -1)
    statement["to"] = {"hash": books.account[-1].leaf_hash.hex(), "n": books.account[-1].n}
    return books.issue(statement)


def refund_of_another_statement(books: Books) -> dict[str, Any]:
    """The refund is computed from a statement that the ledger never issued."""
    books.issue(books.state("2026-11"))
    books.adjust(1, 0, -50)
    export = books.issue(books.state("2026-12"))
    export["earlier"][0]["statement"]["lines"][0]["parts"] = [60, 45, 12]
    return export


def state_another_revenue(books: Books) -> dict[str, Any]:
    """The statement bills a share of another revenue than the buyer stated."""
    books = Books(price_of(model={"kind": "revenue_share", "basis_points": 250}))
    books.deliver(NOVEMBER, 1)
    books.add("revenue.stated", at=DECEMBER, month="2026-11", amount=1_000_000)
    return books.issue(books.state("2026-11", revenue=2_000_000))


ATTACKS = {
    leave_out_of_statement: "/entries/2",
    count_without_an_entry: "/statement/usage/calls",
    count_twice: "/entries/2",
    bill_twice: "/statement/lines/1/amount",
    move_to_the_next_month: "/statement/to",
    move_from_the_next_month: "/statement/to",
    use_another_price: "/statement/price",
    state_another_amount: "/statement/lines/1/amount",
    split_otherwise: "/statement/split/parts/0/amount",
    issue_a_second: "/statement/month",
    issue_a_second_by_the_next_number: "/statement/month",
    double_a_number: "/entries/4",
    alter_an_entry: "/entries/2",
    show_entries_of_another_account: "/entries/0",
    prove_by_another_log: "/concluded/receipt",
    issue_off_the_ledger: "/receipt",
    sign_by_a_stranger: "/entries/0",
    leave_out_a_signature: "/entries/2",
    split_by_an_unsigned_table: "/statement/split/table",
    split_by_an_old_version: "/statement/split/table",
    split_a_refund_otherwise: "/statement/adjustments/0/parts/0/amount",
    refund_another_amount: "/statement/adjustments/0/amount",
    leave_out_a_refund: "/statement",
    refund_too_much: "/entries/4",
    refund_of_another_statement: "/earlier/0/statement",
    state_another_revenue: "/statement/revenue",
}
