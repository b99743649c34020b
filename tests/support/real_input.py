"""Files as their publishers made them, in the directory REAL_INPUT or in a folder `data` beside the project."""

import os
from pathlib import Path

import pytest

_NAMES = ("people.csv", "universities_2025.xls", "areas.csv", "cities.csv")


def _find() -> Path | None:
    named = os.environ.get("REAL_INPUT")
    beside = Path(__file__).parents[3].glob("*/data")
    candidates = [Path(named)] if named else sorted(beside)
    return next((folder for folder in candidates if all((folder / name).is_file() for name in _NAMES)), None)


DIRECTORY = _find()
needed = pytest.mark.skipif(DIRECTORY is None, reason="no real files: REAL_INPUT names no directory with them")


def real(name: str) -> Path:
    """The path of one of the files."""
    assert DIRECTORY is not None
    return DIRECTORY / name
