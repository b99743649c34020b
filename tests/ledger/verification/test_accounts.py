"""A full verification finds what is wrong with the chain of an account: gaps, doubles, other hashes, and no place at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.bundle.files import Bundle
from ledger.bundle.pruning import prune
from ledger.verification.report import Code
from ledger.verification.verify import verify
from tests.support.ledgers.logs import Log

A, B = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
DELIVERED = "delivery.completed"


class Billed:
    """A log whose entries are chained by account."""

    def __init__(self) -> None:
        self.log = Log.signed_at(3)
        self.last: dict[str, tuple[int, bytes]] = {}

    def conclude(self, agreement: str, **more: Any) -> None:
        self.log.append(1, type="agreement.concluded", object={"id": agreement, "kind": "agreement"}, **more)

    def deliver(self, to: str, *, step: int = 1, prev: bytes | None = None, **more: Any) -> None:
        n, last = self.last.get(to, (0, bytes(32)))
        account = {"id": to, "n": n + step, "prev": (prev or last).hex()}
        self.log.append(1, **{"type": DELIVERED, "agreement": to, "account": account} | more)
        self.last[to] = n + step, self.log.hashes[-1]


def orderly() -> Billed:
    billed = Billed()
    for agreement in (A, B):
        billed.conclude(agreement, price="00" * 32)
    for _ in range(3):
        billed.deliver(A)
        billed.log.append(1)
        billed.deliver(B)
    return billed


def leave_out(billed: Billed) -> None:
    billed.deliver(A, step=2)


def double(billed: Billed) -> None:
    billed.deliver(A, step=0)


def rename(billed: Billed) -> None:
    billed.deliver(A, prev=bytes([7]) * 32)


def misplace(billed: Billed) -> None:
    billed.deliver(A, agreement=B)


def deform(billed: Billed) -> None:
    billed.log.append(1, account={"id": A, "n": "4"})


def forget(billed: Billed) -> None:
    billed.log.append(1, type=DELIVERED, agreement=A)


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        (leave_out, Code.ACCOUNT_BROKEN),
        (double, Code.ACCOUNT_BROKEN),
        (rename, Code.ACCOUNT_BROKEN),
        (misplace, Code.ACCOUNT_BROKEN),
        (deform, Code.ACCOUNT_BROKEN),
        (forget, Code.ACCOUNT_MISSING),
    ],
)
def test_a_cheating_operator_is_found_at_the_entry(
    attack: Callable[[Billed], None], code: Code, tmp_path: Path
) -> None:
    billed = orderly()
    index = billed.log.size
    attack(billed)
    billed.deliver(B)
    billed.log.sign()
    [finding] = verify(billed.log.write(tmp_path / "export")).findings
    assert (finding.code, finding.index) == (code, index)


def test_orderly_accounts_and_agreements_without_a_price_are_in_order(tmp_path: Path) -> None:
    billed = orderly()
    billed.conclude("00000000-0000-4000-8000-00000000000c")
    billed.log.append(1, type=DELIVERED, agreement="00000000-0000-4000-8000-00000000000c")
    billed.log.append(1, type="delivery.refused", agreement=A)
    billed.log.sign()
    assert verify(billed.log.write(tmp_path / "export")).is_ok


def test_accounts_go_on_after_pruned_entries(tmp_path: Path) -> None:
    billed = orderly()
    billed.log.append(300)
    billed.deliver(A)
    billed.deliver(A, step=2)
    billed.log.sign()
    directory = billed.log.write(tmp_path / "export")
    prune(directory, 256)
    report = verify(directory, minimum=Bundle(directory).minimum_index())
    assert [(finding.code, finding.index) for finding in report.findings] == [
        (Code.ACCOUNT_BROKEN, billed.log.size - 1)
    ]
