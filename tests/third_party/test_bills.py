"""A program that shares no code with the ledger recomputes bills from the pages of docs/, and refuses what is cheated."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.ledgers.bills.attacks import ATTACKS
from tests.support.ledgers.bills.books import Books, busy
from tests.support.ledgers.bills.recomputing import refusal_of


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.__name__ for attack in ATTACKS])
def test_a_cheating_operator_is_caught_by_another_program(attack: Callable[[Books], dict[str, Any]]) -> None:
    books = busy()
    assert refusal_of(attack(books), books.log.signer.vkey) is not None


def test_an_honest_bill_is_accepted_by_another_program() -> None:
    books = busy()
    assert refusal_of(books.issue(books.state("2026-11")), books.log.signer.vkey) is None
