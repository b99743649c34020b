"""The chain of an account is read in blocks: what is wrong is found within a block, and where two of them meet."""

import pytest

from ledger.verification.billing.chain import Linked, read_chain
from ledger.verification.billing.wrong import ExportRefused
from tests.support.ledgers.bills.books import NOVEMBER, A, Books, price_of


@pytest.fixture(scope="module")
def leaves() -> list[bytes]:
    books = Books(price_of(), is_shared=False)
    for rows in range(70):
        books.deliver(NOVEMBER, rows)
    return [books.log.leaves[placed.seq] for placed in books.account]


@pytest.mark.parametrize("block", [1, 2, 3, 69, 70, 100])
def test_every_size_of_blocks_gives_the_same_chain(leaves: list[bytes], block: int) -> None:
    assert list(read_chain(iter(leaves), A, block=block)) == list(read_chain(leaves, A))


@pytest.mark.parametrize("block", [3, 5, 100])
@pytest.mark.parametrize("gap", [1, 4, 5, 6, 59, 60, 68])
def test_a_gap_is_found_in_its_place(leaves: list[bytes], block: int, gap: int) -> None:
    read: list[Linked] = []
    with pytest.raises(ExportRefused) as refused:
        read.extend(read_chain(leaves[:gap] + leaves[gap + 1 :], A, block=block))
    assert refused.value.wrong.place == f"/entries/{gap}"
    assert "is left out" in refused.value.wrong.detail


def test_no_entry_at_all_is_refused() -> None:
    with pytest.raises(ExportRefused):
        list(read_chain([], A))
