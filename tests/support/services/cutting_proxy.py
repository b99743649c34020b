"""A proxy before PostgreSQL that can cut a connection at the worst moments of a statement that commits by itself, or all of
them for a while.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

_CHUNK = 65_536
_READY = b"Z\x00\x00\x00\x05I"
"""ReadyForQuery, idle: only this says that what came before it is committed (PostgreSQL's protocol, section 54.2.3)."""


class Cut(Enum):
    """The moment at which the next statement is cut off."""

    NOWHERE = auto()
    BEFORE_IT_ARRIVES = auto()
    """The server never hears of all of it, and does nothing."""
    BEFORE_ITS_ANSWER = auto()
    """The server commits, and the client never hears of that."""
    WITHIN_ITS_ANSWER = auto()
    """The client hears of the result, and not that it is committed."""


class Proxy:
    """Forwards connections to a port, or to a socket; `cut` holds for the next message to the server that has `marker` in it.

    `count` is of those that were cut. While `is_down` nobody gets through.
    """

    def __init__(self, upstream: int | str, marker: bytes) -> None:
        self.upstream = upstream
        self.port = 0
        self.cut = Cut.NOWHERE
        self.count = 0
        self.is_down = False
        self._marker = marker
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        """Cut all connections, and take none until the block ends."""
        self.is_down = True
        await self.close()
        yield
        self.is_down = False

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_down:
            writer.close()
            return
        task = asyncio.create_task(self._connect(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            server, up = await self._open()
            answers = asyncio.create_task(self._copy(server, writer))
            try:
                await self._forward(reader, up, server, answers, writer)
            finally:
                answers.cancel()
                up.transport.abort()
                writer.close()  # what was written before the cut arrives

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.upstream, str):
            return await asyncio.open_unix_connection(self.upstream)
        return await asyncio.open_connection("127.0.0.1", self.upstream)

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        up: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        answers: asyncio.Task[None],
        client: asyncio.StreamWriter,
    ) -> None:
        while data := await reader.read(_CHUNK):
            if self._marker in data and self.cut is not Cut.NOWHERE:
                where, self.cut = self.cut, Cut.NOWHERE
                if where is not Cut.BEFORE_IT_ARRIVES:
                    answers.cancel()
                    with suppress(asyncio.CancelledError):
                        await answers
                    up.write(data)
                    upward = asyncio.create_task(self._copy(reader, up))
                    answer = await server.readuntil(_READY)
                    upward.cancel()
                    if where is Cut.WITHIN_ITS_ANSWER:
                        client.write(answer.removesuffix(_READY))
                        await client.drain()
                self.count += 1
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
async def run_proxy(upstream: int | str, marker: bytes = b"") -> AsyncIterator[Proxy]:
    """A proxy before the server at the port or socket."""
    proxy = Proxy(upstream, marker)
    server = await asyncio.start_server(proxy.take, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
