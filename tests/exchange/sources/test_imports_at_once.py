"""Uploaded files are read a few at a time, since each takes memory; the others wait, and all are read."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from adapters.contract import ImportedFile
from adapters.files.importing import import_file
from exchange import app as wiring
from exchange.app import IMPORTS_AT_ONCE
from tests.support.exchanges.exchange import Exchange, Party

UPLOADS = 3 * IMPORTS_AT_ONCE


class Watched:
    """Reads files as the exchange does. One begins only with as many others as there may be; `most` were at it together."""

    def __init__(self) -> None:
        self.together = threading.Barrier(IMPORTS_AT_ONCE, timeout=30)
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, *args: Any, **options: Any) -> ImportedFile:
        with self._counted():
            self.together.wait()
            return import_file(*args, **options)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1


async def file_source(exchange: Exchange, party: Party, number: int) -> str:
    source = {"kind": "file", "title": f"file {number}"}
    made = await exchange.call_ok(
        party.steward, "POST", "/api/v1/sources", {"organisation": party.id, "source": source}
    )
    return str(made["id"])


async def test_more_uploads_than_are_read_at_once(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()
    monkeypatch.setattr(wiring, "import_file", watched)
    owner = await exchange.admit("owner")
    sources = [await file_source(exchange, owner, number) for number in range(UPLOADS)]
    uploaded = await asyncio.gather(
        *(
            exchange.call_ok(
                owner.steward,
                "PUT",
                f"/api/v1/sources/{source}/content?filename=a.csv",
                b"a,b\n" + b"1,x\n" * (number + 1),
            )
            for number, source in enumerate(sources)
        )
    )
    assert [(one["state"], one["rows"]) for one in uploaded] == [("ready", number + 1) for number in range(UPLOADS)]
    assert watched.most == IMPORTS_AT_ONCE
