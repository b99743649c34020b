"""A statement is recomputed offline; each way in which an operator may cheat is caught, by line or by entry."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from ledger.billing.accounts import link_of
from ledger.billing.prices import Quantities
from ledger.billing.splits import SplitTable
from ledger.cli import app
from ledger.format import canonical
from ledger.verification.billing.statements import verify_statement
from tests.support.ledgers.bills.attacks import ATTACKS, state_another_amount
from tests.support.ledgers.bills.books import DECEMBER, NOVEMBER, TABLE, Books, busy, price_of
from tests.support.ledgers.bills.recomputing import refusal_of
from tests.support.ledgers.logs import Log


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
    assert refusal_of(export, books.log.signer.vkey) is None
    following = books.state("2026-12")
    assert following["usage"]["records"] == 7
    assert verify_statement(books.issue(following), books.log.signer.verifier) == []
    assert [following["from"]["n"], statement["to"]["n"]] == [11, 10]


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
    assert refusal_of(export, books.log.signer.vkey) is None
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
    december = books.state("2026-12")
    assert december["usage"]["records"] == 11
    assert verify_statement(books.issue(december), books.log.signer.verifier) == []
    books.deliver("2026-12-31T15:00:00.000000Z", 7)
    january = books.state("2027-01")
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


def test_refunds_and_corrections_are_lines_of_the_next_statement_until_nothing_is_left_of_the_line() -> None:
    books = busy()
    books.issue(books.state("2026-11"))
    books.share(SplitTable(2, (("host", 7000), ("owner", 3000))))
    books.adjust(1, 0, -50)
    books.adjust(1, 0, 3, kind="correction")
    december = books.state("2026-12")
    export = books.issue(december)
    assert verify_statement(export, books.log.signer.verifier) == []
    assert refusal_of(export, books.log.signer.vkey) is None
    [refund, _] = december["adjustments"]
    # By what each has of the line's 70, 35 and 12, under the table that paid it.
    assert [(part["holder"], part["amount"]) for part in refund["parts"]] == [
        ("owner", -29), ("curator", -14), ("host", -5),
    ]  # fmt: skip
    books.adjust(1, 0, -76)
    books.adjust(1, 1, -53)
    books.deliver("2027-01-05T08:00:00.000000Z", 1)
    january = books.state("2027-01")
    export = books.issue(january)
    assert verify_statement(export, books.log.signer.verifier) == []
    assert refusal_of(export, books.log.signer.vkey) is None
    november, adjustments = books.past[0][0], december["adjustments"] + january["adjustments"]
    assert [
        november["net"] + sum(each["amount"] for each in adjustments),
        november["tax"] + sum(each["tax"] for each in adjustments),
        november["fee"] + sum(each["fee"] for each in adjustments),
        *(
            part["amount"] + sum(each["parts"][place]["amount"] for each in adjustments)
            for place, part in enumerate(november["split"]["parts"])
        ),
    ] == [0] * (3 + len(TABLE.shares))


def test_a_refund_needs_the_statement_that_it_adjusts() -> None:
    books = busy()
    books.issue(books.state("2026-11"))
    books.adjust(1, 0, -50)
    export = books.issue(books.state("2026-12"))
    [wrong] = verify_statement(export | {"earlier": []}, books.log.signer.verifier)
    assert (wrong.place, "statement 1" in wrong.detail) == ("/entries/2", True)


def test_without_a_table_the_seller_has_all_and_the_buyers_revenue_is_billed() -> None:
    books = Books(price_of(model={"kind": "revenue_share", "basis_points": 250}), is_shared=False)
    books.deliver(NOVEMBER, 1)
    books.add("revenue.stated", at=DECEMBER, month="2026-11", amount=1_000_001)
    statement = books.state("2026-11", revenue=1_000_001)
    export = books.issue(statement)
    assert verify_statement(export, books.log.signer.verifier) == []
    assert refusal_of(export, books.log.signer.vkey) is None
    assert statement["split"]["parts"] == [{"amount": 25_000 - 1250, "holder": "owner"}]


def test_an_export_of_lines_is_read_like_one_document(tmp_path: Path) -> None:
    books = busy()
    export = books.issue(books.state("2026-11"))
    head = {name: value for name, value in export.items() if name != "entries"}
    file = tmp_path / "statement.jsonl"
    for entries, code in ((export["entries"], 0), (export["entries"][:3] + export["entries"][4:], 1)):
        file.write_bytes(b"\n".join([canonical.dumps(head), *(text.encode() for text in entries)]) + b"\n")
        result = CliRunner().invoke(app, ["verify-statement", str(file), "--vkey", books.log.signer.vkey])
        assert (result.exit_code, "/entries/3" in result.output) == (code, code == 1)
