"""The long-lived parts of sources: their readers, and the list of checks of the rooms above."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any, Final

from adapters.kind import ImportLimits, Kind, Resources
from exchange.kernel.runtime import Runtime
from exchange.sources import queries, storage
from exchange.sources.dependents import Dependents
from exchange.sources.readers import Readers
from exchange.sources.settings import SourceSettings

IMPORTS_AT_ONCE: Final = 2
"""The most uploaded files that a process reads at a time; others wait, since each may take as much memory as is permitted."""


async def open_parts(
    runtime: Runtime, stack: AsyncExitStack, *, kinds: Mapping[str, Kind[Any]], resources: Resources
) -> None:
    """Register the readers of these kinds of source, which share `resources`."""
    runtime.add(Dependents())
    imports = ThreadPoolExecutor(IMPORTS_AT_ONCE, thread_name_prefix="import")
    stack.callback(imports.shutdown, wait=False, cancel_futures=True)
    settings = runtime[SourceSettings]
    limits = ImportLimits(settings.upload_bytes_max, settings.import_memory_max, settings.import_seconds_max)
    readers = runtime.add(Readers(kinds, resources, imports, limits))
    stack.push_async_callback(readers.close)


async def tidy(runtime: Runtime) -> None:
    """Remove abandoned uploads and unreferenced snapshots."""
    data = runtime.settings.data
    async with runtime.database.sessions() as session:
        digests = await queries.described_digests(session)
    storage.remove_abandoned(data / "uploads")
    storage.remove_unreferenced(data / "snapshots", digests=digests, now=runtime.clock.now())
