"""Monthly contributions of the synthetic people, as the social insurance keeps them, and what they decide about them."""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from admin.demo.people import Talent

HEADER = ("人才编号", "月份", "缴费基数", "缴费状态")
MONTHS = tuple(f"{year}-{month:02}" for year in range(2019, 2026) for month in range(1, 13))
_BASE, _SPREAD, _RISE = 4_000, 180, 35


def write_contributions(path: Path, people: Sequence[Talent]) -> int:
    """Write a CSV file with a row for each month and person, month by month; returns the number of rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(_rows(people))
    return len(MONTHS) * len(people)


def _rows(people: Sequence[Talent]) -> Iterator[tuple[str, str, int, str]]:
    for passed, month in enumerate(MONTHS):
        for place, person in enumerate(people):
            yield person.number, month, _BASE + _SPREAD * (place % 97) + _RISE * passed, "已缴"


def write_decisions(path: Path, people: Sequence[Talent], *, refusing: Talent, at: datetime) -> None:
    """Write what people decided at the service window, as the owner loads it: one of them refuses, all others consent.

    The proof of a consent is the digest of the signed form, which the owner keeps.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("person", "decision", "at", "method", "proof"))
        for person in people:
            decision = "refused" if person is refusing else "given"
            form = f"{person.number}：关于缴费记录的告知书，{decision}"
            proof = hashlib.sha256(form.encode()).hexdigest()
            writer.writerow((person.number, decision, at.isoformat(), "paper-signature", proof))
