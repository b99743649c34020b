"""Logs to verify, and published vectors."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.ledgers.logs import Log

VECTORS = Path(__file__).parent / "vectors"


@pytest.fixture(scope="session")
def new_log() -> Callable[..., Log]:
    """Make a log with a checkpoint at each of some sizes."""
    return Log.signed_at


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], dict[str, Any]]:
    def read(name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
        return loaded

    return read
