"""The witness's HTTP server, with two paths and limits on everything. Put TLS and rate limits into a proxy before it.

It uses asyncio's streams, since a witness needs little of HTTP/1.1: a head of limited size, a body with Content-Length, a
deadline for each request, and persistent connections.
"""

import asyncio
import logging
import re
import signal
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from ledger.witness import protocol
from ledger.witness.service import Answer, Witness

MAX_HEAD = 8 * 1024
"""The largest request line and headers together, in bytes."""

MAX_CONNECTIONS = 256
"""The most connections at a time; more are closed at once."""

DEADLINE = 15.0
"""Seconds for a request to arrive, from the end of the one before, and for an answer to be sent."""

_NEWEST = re.compile(r"/([0-9a-f]{64})/checkpoint", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,9}", re.ASCII)
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.ASCII)
_log = logging.getLogger("ledger.witness")


class BadRequest(Exception):
    """A request cannot be read; the connection ends with this answer."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Head:
    method: str
    path: str
    version: str
    headers: dict[str, str]

    @property
    def is_last(self) -> bool:
        """Whether the connection ends after this request."""
        return self.version != "HTTP/1.1" or "close" in self.headers.get("connection", "").lower()


class Server:
    """Serves one witness, which `make` opens on the one thread that uses its database."""

    def __init__(self, make: Callable[[], Witness]) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="witness")
        self._witness = self._thread.submit(make).result()
        self._connections: set[asyncio.Task[None]] = set()

    async def run(self, host: str, port: int, *, on_ready: Callable[[int], None]) -> None:
        """Serve until SIGTERM or SIGINT; calls `on_ready` with the port."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        server = await asyncio.start_server(self._handle, host, port, limit=MAX_HEAD)
        on_ready(int(server.sockets[0].getsockname()[1]))
        await stop.wait()
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._thread.shutdown()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= MAX_CONNECTIONS:
            writer.close()
            return
        self._connections.add(task)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client left or was too slow
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; returns whether the connection stays open."""
        try:
            async with asyncio.timeout(DEADLINE):
                head = await _read_head(reader)
                body = await _read_body(head, reader, writer)
        except BadRequest as bad:
            await _send(writer, Answer(bad.status, f"{bad.status.phrase}\n"), is_last=True)
            return False
        answer = await self._answer(head, body)
        await _send(writer, answer, is_last=head.is_last)
        return not head.is_last

    async def _answer(self, head: _Head, body: bytes) -> Answer:
        newest = _NEWEST.fullmatch(head.path)
        loop = asyncio.get_running_loop()
        try:
            if head.path == protocol.PATH and head.method == "POST":
                answer = await loop.run_in_executor(self._thread, self._witness.add_checkpoint, body)
                _log.info("add-checkpoint %d %s", answer.status, "" if answer.status == HTTPStatus.OK else answer.body)
                return answer
            if newest and head.method == "GET":
                return await loop.run_in_executor(self._thread, self._witness.newest, newest[1])
        except sqlite3.Error:
            _log.exception("the database failed")
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "the witness failed; nothing was cosigned\n")
        status = HTTPStatus.METHOD_NOT_ALLOWED if newest or head.path == protocol.PATH else HTTPStatus.NOT_FOUND
        return Answer(status, f"{status.phrase}\n")


async def _read_head(reader: asyncio.StreamReader) -> _Head:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from None
    first, *lines = raw[:-4].decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in {"HTTP/1.1", "HTTP/1.0"}:  # noqa: PLR2004 - method, target, version
        raise BadRequest(HTTPStatus.BAD_REQUEST)
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None or header[1].lower() in headers.keys() & {"content-length", "transfer-encoding"}:
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        headers[header[1].lower()] = header[2]
    return _Head(words[0], words[1], words[2], headers)


async def _read_body(head: _Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    if "transfer-encoding" in head.headers:
        raise BadRequest(HTTPStatus.LENGTH_REQUIRED)
    length = head.headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        raise BadRequest(HTTPStatus.BAD_REQUEST)
    if int(length) > protocol.MAX_BODY:
        raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if head.headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return await reader.readexactly(int(length))


async def _send(writer: asyncio.StreamWriter, answer: Answer, *, is_last: bool) -> None:
    body = answer.body.encode()
    head = [
        f"HTTP/1.1 {int(answer.status)} {HTTPStatus(answer.status).phrase}",
        f"Content-Type: {answer.media_type}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-cache",
        "X-Content-Type-Options: nosniff",
        *(["Connection: close"] if is_last else []),
    ]
    async with asyncio.timeout(DEADLINE):
        writer.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
        await writer.drain()
