"""What sources add to a running exchange: open adapters, and the checks of rooms that rest on sources."""

from contextlib import AsyncExitStack

from exchange.kernel.runtime import Runtime
from exchange.sources import queries, storage
from exchange.sources.dependents import Dependents
from exchange.sources.readers import ImportFile, Open, Readers


async def open_parts(runtime: Runtime, stack: AsyncExitStack, *, open: Open, import_file: ImportFile) -> None:  # noqa: A002
    """Register the readers. `open` makes an adapter, `import_file` reads an uploaded file into a snapshot."""
    runtime.add(Dependents())
    readers = runtime.add(Readers(open=open, import_file=import_file))
    stack.push_async_callback(readers.close)


async def tidy(runtime: Runtime) -> None:
    """Remove uploads that no process receives any more, and snapshots that no source refers to."""
    data = runtime.settings.data
    async with runtime.database.sessions() as session:
        digests = await queries.digests_of_files(session)
    storage.clear(data / "uploads")
    storage.collect(data / "snapshots", kept=digests, now=runtime.clock.now())
