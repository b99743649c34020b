"""A process reads few uploaded files at a time, since each takes memory. The others wait, and all are read."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from adapters.contract import ImportedFile
from adapters.files.kind import FILE, FileConfig
from adapters.kind import Import
from adapters.registry import KINDS
from exchange.settings import Settings
from exchange.sources.parts import IMPORTS_AT_ONCE
from tests.support.exchanges.exchange import Exchange, Party
from tests.support.exchanges.starting import start_exchange

UPLOADS = 3 * IMPORTS_AT_ONCE


class CountingImport:
    """Imports files like their kind. An import begins only beside IMPORTS_AT_ONCE - 1 others; `most` ran at once."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(IMPORTS_AT_ONCE, timeout=30)
        self.most = 0
        self._running = 0
        self._lock = threading.Lock()

    def __call__(self, config: FileConfig, path: Path, directory: Path, terms: Import) -> ImportedFile:
        assert FILE.import_file is not None
        with self._counted():
            self.barrier.wait()
            return FILE.import_file(config, path, directory, terms)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1


async def register_file(exchange: Exchange, party: Party, number: int) -> str:
    source = {"kind": "file", "title": f"file {number}"}
    new = {"organisation": party.id, "source": source}
    registered = await exchange.call_ok(party.steward, "POST", "/api/v1/sources", new)
    return str(registered["id"])


async def upload(exchange: Exchange, party: Party, source: str, number: int) -> tuple[str, int]:
    target = f"/api/v1/sources/{source}/content?filename=a.csv"
    uploaded = await exchange.call_ok(party.steward, "PUT", target, b"a,b\n" + b"1,x\n" * (number + 1))
    return uploaded["state"], uploaded["rows"]


async def test_more_uploads_than_are_read_at_once(settings: Settings) -> None:
    imports = CountingImport()
    kinds = {**KINDS, FILE.name: replace(FILE, import_file=imports)}
    more = settings.model_copy(update={"uploads_at_once": 100})
    async with start_exchange(more, kinds=kinds) as exchange:
        owner = await exchange.admit("owner")
        sources = [await register_file(exchange, owner, number) for number in range(UPLOADS)]
        uploads = (upload(exchange, owner, source, number) for number, source in enumerate(sources))
        assert await asyncio.gather(*uploads) == [("ready", number + 1) for number in range(UPLOADS)]
    assert imports.most == IMPORTS_AT_ONCE
