"""A proxy before PostgreSQL that can cut a connection at the worst moment: when it has seen COMMIT, or what answers it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

_CHUNK = 65_536


class Cut(Enum):
    """Where the next commit is cut off."""

    NOWHERE = auto()
    BEFORE_COMMIT = auto()
    """The server never hears of it, and rolls back."""
    AFTER_COMMIT = auto()
    """The server commits, and the client never hears of that."""


class Proxy:
    """Forwards connections to a port; `cut` holds for the next commit on any of them, and `count` is of those cut."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.port = 0
        self.cut = Cut.NOWHERE
        self.count = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connect(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            server, up = await asyncio.open_connection("127.0.0.1", self.upstream)
            answers = asyncio.create_task(self._copy(server, writer))
            try:
                await self._forward(reader, up, server, answers)
            finally:
                answers.cancel()
                for one in (up, writer):
                    one.transport.abort()

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        up: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        answers: asyncio.Task[None],
    ) -> None:
        while data := await reader.read(_CHUNK):
            if b"COMMIT" in data and self.cut is not Cut.NOWHERE:
                where, self.cut = self.cut, Cut.NOWHERE
                self.count += 1
                if where is Cut.AFTER_COMMIT:
                    answers.cancel()
                    with suppress(asyncio.CancelledError):
                        await answers
                    up.write(data)
                    await server.read(_CHUNK)  # the answer, which says that it is durable
                return
            up.write(data)
            await up.drain()

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                writer.write(data)
                await writer.drain()
            writer.transport.abort()


@asynccontextmanager
async def cutting(upstream: int) -> AsyncIterator[Proxy]:
    """A proxy before the server at the port."""
    proxy = Proxy(upstream)
    server = await asyncio.start_server(proxy.take, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
