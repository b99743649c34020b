"""Watching: export and verify a ledger again and again, and stop at the first contradiction.

Each round tests that the log continues the one that the round before has proven. A server that does not answer is no
contradiction at once; it becomes one when it stays away longer than the auditor's patience.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.bundle.files import CHECKPOINT, Bundle, Unreadable
from ledger.format import checkpoint
from ledger.verification.mirror import Export, ExportFailed, ExportRefused


@dataclass(frozen=True, slots=True)
class Round:
    """One round: the ledger's size before it and after it, and what is wrong, if anything.

    `is_last` is whether the watch ends with it: the log contradicts itself, or the server stayed away for too long.
    """

    before: int
    size: int
    fault: str | None = None
    is_last: bool = False


def watch(
    export: Callable[[], Export],
    *,
    directory: Path,
    every: float,
    patience: float,
    wait: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Round]:
    """Export at once and then every so many seconds, and give each round.

    `export` mirrors the ledger into `directory`. The watch ends after a contradiction, and after `patience` seconds without
    an answer. Raises files.Unreadable for an unusable directory.
    """
    size, answered = _size(directory), clock()
    while True:
        before = size
        try:
            done = export()
        except ExportRefused as refusal:
            yield Round(before, before, str(refusal), is_last=True)
            return
        except ExportFailed as failure:
            silent = clock() - answered
            is_last = silent >= patience
            alarm = f"alarm: no answer for {silent:.0f} seconds, which is longer than the patience: " if is_last else ""
            yield Round(before, before, f"{alarm}{failure}", is_last=is_last)
        else:
            size, answered, is_last = done.checkpoint.size, clock(), not done.report.is_ok
            yield Round(before, size, done.report.text() if is_last else None, is_last=is_last)
        if is_last:
            return
        wait(every)


def _size(directory: Path) -> int:
    """The size of the ledger that the directory holds, unverified; 0 for a new directory."""
    try:
        return checkpoint.parse_number(Bundle(directory).text(CHECKPOINT).split("\n")[1])
    except (Unreadable, IndexError, ValueError):
        return 0
