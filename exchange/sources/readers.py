"""Readers of sources: adapters that are open, the kinds they are of, and the threads that import uploaded files.

Requests share one adapter for each source. The app decides which kinds there are.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.contract import Adapter, Description, SourceError
from adapters.kind import Described, Import, ImportLimits, Kind, Resources
from adapters.plan.masks import FieldType
from groundwork import durable


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored configuration of a source, with its secret unsealed."""

    kind: str
    config: Mapping[str, Any]
    secret: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Readers:
    """The readers of a process. Every method but `close` may raise SourceError."""

    kinds: Mapping[str, Kind[Any]]
    resources: Resources
    imports: Executor
    limits: ImportLimits
    _adapters: dict[UUID, tuple[str, Adapter]] = field(default_factory=dict)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    def kind(self, name: str) -> Kind[Any]:
        """The kind with a name that a source has in the database."""
        if name not in self.kinds:
            raise SourceError("source-failed", f"this exchange has no sources of the kind {name}")
        return self.kinds[name]

    def adapter(self, source_id: UUID, stored: Stored, described: Described) -> Adapter:
        """The adapter for a source's described content. Opens it at first, and again when the digest has changed."""
        current = self._adapters.get(source_id)
        if current is not None and current[0] == described.digest:
            return current[1]
        kind = self.kind(stored.kind)
        adapter = kind.open_stored(stored.config, stored.secret, described, self.resources)
        self._adapters[source_id] = (described.digest, adapter)
        if current is not None:
            task = asyncio.ensure_future(current[1].close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        return adapter

    async def describe(self, stored: Stored) -> Description:
        """Describe a source through an adapter of its own."""
        adapter = self.kind(stored.kind).open_stored(stored.config, stored.secret, None, self.resources)
        try:
            return await adapter.describe()
        finally:
            await adapter.close()

    async def import_file(self, stored: Stored, path: Path, expected: Mapping[str, FieldType]) -> Description:
        """Read an uploaded file into a durable snapshot, on a thread. Temporary files lie beside the upload.

        `expected` are the types by which it is read, of fields that were published.
        """
        terms = Import(self.limits, expected)
        return await asyncio.get_running_loop().run_in_executor(self.imports, self._import, stored, path, terms)

    def _import(self, stored: Stored, path: Path, terms: Import) -> Description:
        kind = self.kind(stored.kind)
        imported = kind.import_stored(stored.config, path, path.parent, terms)
        durable.move(imported.path, self.resources.snapshots / imported.path.name)
        return imported.description

    async def close(self) -> None:
        """Close all adapters."""
        for _, adapter in self._adapters.values():
            await adapter.close()
        self._adapters.clear()
        await asyncio.gather(*self._closing)
