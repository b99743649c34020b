"""A recorder of syncs, to see what a power failure would leave: a directory's names at each sync, in order."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Synced:
    """A directory that was synced: the names it had, and what the test's own question was answered at that moment."""

    directory: Path
    names: frozenset[str]
    answer: int


def record_syncs(monkeypatch: pytest.MonkeyPatch, ask: Callable[[], int]) -> list[Synced]:
    """Record each sync of a directory from now on. `ask` is called just after each."""
    synced: list[Synced] = []
    fsync = os.fsync

    def record(handle: int) -> None:
        fsync(handle)
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path.is_dir():
            synced.append(Synced(path, frozenset(entry.name for entry in path.iterdir()), ask()))

    monkeypatch.setattr(os, "fsync", record)
    return synced
