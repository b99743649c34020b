"""Open adapters: one for each source and state of it, shared by the requests that read it.

Which kinds of adapter there are is `app.py`'s to say; this room only keeps what it was given.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from adapters.contract import Adapter, Description


class Imported(Protocol):
    """A file that was read into a snapshot."""

    @property
    def path(self) -> Path:
        """The snapshot."""

    @property
    def description(self) -> Description:
        """What it holds."""


Open = Callable[[str, Mapping[str, Any], str | None], Adapter]
ImportFile = Callable[[Path, Mapping[str, Any]], Awaitable[Imported]]


@dataclass(slots=True)
class Readers:
    """The open adapters of a process. `open` makes one; `import_file` reads an uploaded file into a snapshot."""

    open: Open
    import_file: ImportFile
    _adapters: dict[UUID, tuple[str, Adapter]] = field(default_factory=dict)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    def adapter(self, source: UUID, *, state: str, kind: str, config: Mapping[str, Any], secret: str | None) -> Adapter:
        """The adapter of a source in a state (the digest of what was found in it); one of an older state is closed."""
        known = self._adapters.get(source)
        if known is not None and known[0] == state:
            return known[1]
        adapter = self.open(kind, config, secret)
        self._adapters[source] = (state, adapter)
        if known is not None:
            task = asyncio.ensure_future(known[1].close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        return adapter

    async def close(self) -> None:
        """Close them all."""
        for _, adapter in self._adapters.values():
            await adapter.close()
        self._adapters.clear()
        await asyncio.gather(*self._closing)
