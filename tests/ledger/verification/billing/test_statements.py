"""A statement is recomputed offline; each way in which an operator may cheat is caught, by line or by entry."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ledger.billing import statements
from ledger.billing.accounts import FIRST, link_of
from ledger.billing.prices import Price, Quantities, read_price
from ledger.billing.splits import SplitTable
from ledger.billing.statements import Basis, Placed
from ledger.cli import app
from ledger.format import canonical, entry, merkle
from ledger.format.receipt import Receipt
from ledger.verification.billing.statements import verify_statement
from tests.support.ledgers.logs import Log

A, OTHER = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
SALT = "5a" * 16
TABLE = SplitTable(1, (("owner", 6000), ("curator", 3000), ("host", 1000)))
TIERS = {
    "kind": "tiered",
    "unit": "record",
    "tiers": [{"up_to": 100, "unit_price": 12_345}, {"up_to": None, "unit_price": 6789}],
}


def price_of(**changes: Any) -> Price:
    document = {
        "aborted": "free",
        "currency": "CNY",
        "fee": 500,
        "model": TIERS,
        "repeat_window": 3600,
        "rules": "usage-1",
        "tax": 600,
        "v": 1,
    }
    return read_price(document | changes)


class Books:
    """An operator that keeps a log with an account, and issues statements over it."""

    def __init__(self, price: Price) -> None:
        self.log = Log.signed_at(2)
        self.price = price
        committed = hashlib.sha256(bytes.fromhex(SALT) + canonical.dumps(price.document())).hexdigest()
        self.concluded = self.log.size
        agreement = {"id": A, "kind": "agreement"}
        self.log.append(1, type="agreement.concluded", object=agreement, price=committed)
        self.account: list[Placed] = []

    def add(self, type_: str, **members: Any) -> Placed:
        """Append an entry to the account."""
        prev = self.account[-1].leaf_hash if self.account else FIRST
        account = {"id": A, "n": len(self.account) + 1, "prev": prev.hex()}
        self.log.append(1, **{"type": type_, "agreement": A, "account": account} | members)
        leaf = self.log.leaves[-1]
        placed = Placed(len(self.account) + 1, self.log.size - 1, merkle.leaf_hash(leaf), entry.parse(leaf).body)
        self.account.append(placed)
        return placed

    def deliver(self, at: str, rows: int, *, plan: str = "p", content: str | None = None) -> Placed:
        result = {"rows": rows, "bytes": rows * 10, "columns": 2, "content": content or f"content-{self.log.size}"}
        self.log.append(1)  # of others
        return self.add("delivery.completed", at=at, plan=plan, result=result)

    def state(self, month: str, *, number: int = 1, start: int = 0) -> dict[str, Any]:
        """The honest statement over the entries behind the first `start`."""
        before = (start, self.account[start - 1].leaf_hash) if start else (0, FIRST)
        counted = statements.select(self.account[start:], month)
        return statements.state(Basis(A, month, number, self.price, TABLE), counted, before=before)

    def issue(self, statement: dict[str, Any]) -> dict[str, Any]:
        """Issue a statement, honest or not; the export of it."""
        self.add(
            statements.ISSUED,
            month=statement["month"],
            number=statement["number"],
            last=statement["to"]["n"],
            statement=statements.digest(statement),
        )
        self.log.append(3)
        self.log.sign()
        return self.export(statement)

    def export(self, statement: dict[str, Any]) -> dict[str, Any]:
        first = statement["from"]["n"]
        issued = self.account[-1]
        return {
            "concluded": {
                "entry": self.log.leaves[self.concluded].decode(),
                "receipt": self.receipt(self.concluded),
                "salt": SALT,
            },
            "entries": [self.log.leaves[placed.seq].decode() for placed in self.account[first - 1 :]],
            "receipt": self.receipt(issued.seq),
            "statement": statement,
        }

    def receipt(self, index: int) -> str:
        return Receipt(index, tuple(_proof(self.log.hashes, index)), self.log.newest).text()


def _proof(hashes: list[bytes], index: int) -> list[bytes]:
    """The inclusion proof of RFC 6962 section 2.1.1, leaf upwards."""
    if len(hashes) <= 1:
        return []
    half = 1 << ((len(hashes) - 1).bit_length() - 1)
    if index < half:
        return [*_proof(hashes[:half], index), merkle.root(hashes[half:])]
    return [*_proof(hashes[half:], index - half), merkle.root(hashes[:half])]


NOVEMBER = "2026-11-20T08:00:00.000000Z"
DECEMBER = "2026-12-02T08:00:00.000000Z"


def busy(price: Price | None = None) -> Books:
    """A month with repeats, a stream, an aborted one, one without an end, and one delivery of the next month."""
    books = Books(price or price_of())
    books.deliver(NOVEMBER, 70, content="same")
    books.deliver("2026-11-20T08:30:00.000000Z", 70, content="same")
    books.deliver("2026-11-20T09:30:00.000000Z", 70, content="same")
    started = books.add("delivery.started", at=NOVEMBER, plan="q")
    result = {"rows": 33, "bytes": 330, "columns": 2, "content": "stream"}
    books.add("delivery.completed", at=NOVEMBER, started=started.seq, result=result)
    cut = books.add("delivery.started", at=NOVEMBER, plan="r")
    books.add("delivery.aborted", at=NOVEMBER, started=cut.seq, cause="client-left", result=result)
    books.add("delivery.started", at=NOVEMBER, plan="s")
    books.deliver("2026-11-30T15:59:59.999999Z", 5)
    books.deliver("2026-11-30T16:00:00.000000Z", 7)  # it is December in China
    return books


def test_an_honest_statement_is_in_order_and_its_lines_are_as_computed_by_hand() -> None:
    books = busy()
    statement = books.state("2026-11")
    assert statement["usage"] | {"open": len(statement["usage"]["open"])} == {
        "aborted": 1, "bytes": 1780, "calls": 4, "in_trial": [0, 0], "open": 1, "records": 178, "repeated": 1,
    }  # fmt: skip
    assert [(line["code"], line["quantity"], line["amount"], line["tax"]) for line in statement["lines"]] == [
        ("tier_1", 100, 123, 7),
        ("tier_2", 78, 53, 3),
    ]
    assert (statement["net"], statement["tax"], statement["fee"], statement["total"]) == (176, 10, 9, 186)
    assert [part["amount"] for part in statement["split"]["parts"]] == [100, 50, 17]
    export = books.issue(statement)
    assert verify_statement(export, books.log.signer.verifier) == []
    assert recompute(export) == (statement["lines"], statement["total"], statement["split"]["parts"])
    following = books.state("2026-12", number=2, start=statement["to"]["n"])
    assert following["usage"]["records"] == 7
    assert verify_statement(books.issue(following), books.log.signer.verifier) == []
    assert [following["from"]["n"], statement["to"]["n"]] == [10, 9]


# Attacks: each makes an export that an operator could show, with entries and receipts that the log really has.


def leave_out_of_statement(books: Books) -> dict[str, Any]:
    """The statement does not count an entry, and the export leaves it out."""
    honest = books.account
    books.account = [*honest[:1], *honest[2:]]
    statement = books.state("2026-11")
    books.account = honest
    export = books.issue(statement)
    del export["entries"][1]
    return export


def count_without_an_entry(books: Books) -> dict[str, Any]:
    """The statement does not count an entry, which the export has."""
    honest = books.account
    books.account = [*honest[:2], *honest[3:]]
    statement = books.state("2026-11")
    books.account = honest
    return books.issue(statement)


def count_twice(books: Books) -> dict[str, Any]:
    """An entry stands in the export twice."""
    export = books.issue(books.state("2026-11"))
    export["entries"].insert(1, export["entries"][0])
    return export


def bill_twice(books: Books) -> dict[str, Any]:
    """The statement counts a delivery twice."""
    honest = books.account
    again = Placed(0, 999, honest[8].leaf_hash, dict(honest[8].body) | {"plan": "other"})
    books.account = [*honest[:1], again, *honest[1:]]
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
    return books.issue(statement)


def issue_a_second_by_the_next_number(books: Books) -> dict[str, Any]:
    """A second statement is issued for the month, as if it followed the first."""
    first = books.state("2026-11")
    books.issue(first)
    return books.issue(books.state("2026-11", number=2, start=first["to"]["n"]))


def double_a_number(books: Books) -> dict[str, Any]:
    """Two entries have one number in the account, and each side is shown its own."""
    shown = books.account[1]
    books.account.pop()
    hidden = books.account[2]
    books.log.append(1, type="delivery.completed", agreement=A, account=dict(hidden.body["account"]), at=NOVEMBER)
    leaf = books.log.leaves[-1]
    forged = Placed(hidden.n, books.log.size - 1, merkle.leaf_hash(leaf), entry.parse(leaf).body)
    export = books.issue(books.state("2026-11"))
    assert shown.n == hidden.n - 1
    export["entries"][2] = books.log.leaves[forged.seq].decode()
    return export


def alter_an_entry(books: Books) -> dict[str, Any]:
    """An entry in the export has other rows than the ledger has."""
    honest = books.issue(books.state("2026-11"))
    honest["entries"][0] = honest["entries"][0].replace('"rows":70', '"rows":71')
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


ATTACKS = {
    leave_out_of_statement: "/entries/1",
    count_without_an_entry: "/statement/usage/calls",
    count_twice: "/entries/1",
    bill_twice: "/statement/lines/1/amount",
    move_to_the_next_month: "/statement/to",
    move_from_the_next_month: "/statement/to",
    use_another_price: "/statement/price",
    state_another_amount: "/statement/lines/1/amount",
    split_otherwise: "/statement/split/parts/0/amount",
    issue_a_second: "/statement/month",
    issue_a_second_by_the_next_number: "/statement/month",
    double_a_number: "/entries/3",
    alter_an_entry: "/entries/1",
    show_entries_of_another_account: "/entries/0",
    prove_by_another_log: "/concluded/receipt",
    issue_off_the_ledger: "/receipt",
}


@pytest.mark.parametrize(("attack", "place"), ATTACKS.items(), ids=[attack.__name__ for attack in ATTACKS])
def test_a_cheating_operator_is_caught_offline(attack: Callable[[Books], dict[str, Any]], place: str) -> None:
    books = busy()
    wrong = verify_statement(attack(books), books.log.signer.verifier)
    assert place in {each.place for each in wrong}, wrong


@pytest.mark.parametrize("broken", [None, [], {}, {"statement": {}}, {"entries": 1}])
def test_what_is_no_export_is_refused_with_a_reason(broken: Any) -> None:
    [wrong] = verify_statement(broken, Log.signed_at(1).signer.verifier)
    assert wrong.detail


def test_an_export_without_a_member_is_refused_and_never_raises() -> None:
    books = busy()
    export = books.issue(books.state("2026-11"))
    for name in export["statement"]:
        broken = deepcopy(export)
        del broken["statement"][name]
        assert verify_statement(broken, books.log.signer.verifier), name


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    books = busy()
    vkey = books.log.signer.vkey
    file = tmp_path / "statement.json"
    file.write_bytes(canonical.dumps(books.issue(books.state("2026-11"))))
    good = CliRunner().invoke(app, ["verify-statement", str(file), "--vkey", vkey])
    assert (good.exit_code, good.stdout.startswith("OK: statement 1")) == (0, True)
    books = busy()
    file.write_bytes(canonical.dumps(state_another_amount(books)))
    bad = CliRunner().invoke(app, ["verify-statement", str(file), "--vkey", vkey])
    assert (bad.exit_code, "/statement/lines/1/amount: 54 is stated, and the entries come to 53" in bad.output) == (
        1,
        True,
    )


# A second program, which shares no code with the exchange but the standard library.


def recompute(export: dict[str, Any]) -> tuple[list[dict[str, Any]], int, list[dict[str, Any]]]:
    """The lines, the total and the parts of a statement by per-record tiers, from the bytes of its entries."""
    statement = export["statement"]
    price = statement["price"]
    records, plans, last_free, now = 0, dict[int, str](), dict[tuple[str, str], int](), 0
    for text in export["entries"]:
        document = json.loads(text)
        body, index = document["body"], document["seq"]
        if body["type"] == "delivery.started":
            plans[index] = body["plan"]
        if body["type"] != "delivery.completed" or body["account"]["n"] > statement["to"]["n"]:
            continue
        key = body.get("plan") or plans[body["started"]], body["result"]["content"]
        minutes = [int(part) for part in body["at"][8:16].replace("T", ":").split(":")]
        now = max(now, ((minutes[0] * 24 + minutes[1]) * 60 + minutes[2]) * 60)
        if now < last_free.get(key, 0):
            continue
        last_free[key] = now + price["repeat_window"]
        records += body["result"]["rows"]
    lines, below = [], 0
    for number, tier in enumerate(price["model"]["tiers"], 1):
        top = records if tier["up_to"] is None else min(records, tier["up_to"])
        if top > below:
            amount = ((top - below) * tier["unit_price"] + 5000) // 10_000
            tax = (amount * price["tax"] + 5000) // 10_000
            lines.append(
                {
                    "amount": amount,
                    "code": f"tier_{number}",
                    "quantity": top - below,
                    "tax": tax,
                    "unit": "record",
                    "unit_price": tier["unit_price"],
                }
            )
            below = top
    net = sum(line["amount"] for line in lines)
    shared = net - (net * price["fee"] + 5000) // 10_000
    shares = statement["split"]["table"]["shares"]
    parts = [shared * share["basis_points"] // 10_000 for share in shares]
    remainders = defaultdict(list)
    for place, share in enumerate(shares):
        remainders[shared * share["basis_points"] % 10_000].append(place)
    order = [place for remainder in sorted(remainders, reverse=True) for place in remainders[remainder]]
    for place in order[: shared - sum(parts)]:
        parts[place] += 1
    holders = [share["holder"] for share in shares]
    total = net + sum(line["tax"] for line in lines)
    return lines, total, [{"amount": part, "holder": holder} for part, holder in zip(parts, holders, strict=True)]


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 400), st.sampled_from("abc")), max_size=12),
    st.randoms(use_true_random=False),
)
def test_two_programs_agree_and_no_order_of_retries_changes_a_bill(
    deliveries: list[tuple[int, int, str]], random: Any
) -> None:
    books = Books(price_of())
    rows_of = dict[str, int]()
    for minute, rows, content in sorted(deliveries):
        at = f"2026-11-{1 + minute // 1440 % 28:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00.000000Z"
        books.deliver(at, rows_of.setdefault(content, rows), content=content)
    books.deliver(DECEMBER, 1)
    statement = books.state("2026-11")
    export = books.issue(statement)
    assert recompute(export) == (statement["lines"], statement["total"], statement["split"]["parts"])
    assert verify_statement(export, books.log.signer.verifier) == []
    # Copies of one answer within the window cost it once, in whatever order they came.
    copies = Books(price_of())
    names = ["a", "a", "b", "b", "b", "c"]
    random.shuffle(names)
    for minute, name in enumerate(names):
        copies.deliver(f"2026-11-20T08:{minute:02d}:00.000000Z", 90, content=name)
    assert copies.state("2026-11")["usage"]["records"] == 270


def test_an_entry_of_a_month_whose_statement_was_issued_belongs_to_the_next() -> None:
    books = Books(price_of())
    books.deliver(NOVEMBER, 70)
    november = books.state("2026-11")
    assert verify_statement(books.issue(november), books.log.signer.verifier) == []
    books.deliver("2026-11-30T15:59:59.000000Z", 5)  # was on its way when the statement was issued
    books.deliver(DECEMBER, 6)
    december = books.state("2026-12", number=2, start=november["to"]["n"])
    assert december["usage"]["records"] == 11
    assert verify_statement(books.issue(december), books.log.signer.verifier) == []
    books.deliver("2026-12-31T15:00:00.000000Z", 7)
    january = books.state("2027-01", number=3, start=december["to"]["n"])
    assert january["usage"]["records"] == 7


def test_clocks_that_differ_open_no_second_window() -> None:
    """An answer that is free stays free where an entry between has an earlier time."""
    books = Books(price_of(repeat_window=60))
    books.deliver("2026-11-20T08:00:30.000000Z", 7, content="same")
    books.deliver("2026-11-20T08:00:00.000000Z", 7, content="same")
    books.deliver("2026-11-20T08:01:40.000000Z", 1, content="other")
    books.deliver("2026-11-20T08:01:20.000000Z", 7, content="same")
    assert books.state("2026-11")["usage"]["records"] == 7 + 1 + 7


def test_the_price_lines_of_no_use_are_none() -> None:
    assert price_of().lines(Quantities()) == ()
    assert link_of(dict(Books(price_of()).deliver(NOVEMBER, 1).body)) is not None
