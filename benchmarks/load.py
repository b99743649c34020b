"""Load: a client that costs so little that what is measured is the server.

Requests are bytes made beforehand; a few connections each keep one of them in flight. Answers are read as far as their
length, and everything that is not a 200 ends the measurement.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import uvloop

_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "
_TIMEOUT = 60


class UnexpectedAnswer(Exception):
    """An answer that makes the figures worthless."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round: how many requests in how many seconds, and each one's latency in seconds, sorted."""

    requests: int
    seconds: float
    latencies: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    def percentile(self, percent: float) -> float:
        """The latency in milliseconds that this share of the requests stayed within."""
        place = min(int(len(self.latencies) * percent / 100), len(self.latencies) - 1)
        return self.latencies[place] * 1000


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], latencies: list[float], finished: asyncio.Future[None]) -> None:
        self._requests = requests
        self._latencies = latencies
        self._done = finished
        self._received = b""
        self._sent_at = 0.0
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are none by class
        self._send_next()

    def _send_next(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            self._finish(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data if self._received else data
        end = received.find(_END)
        if end < 0:
            return
        start = received.find(_LENGTH, 0, end + 2)
        if start < 0 or not received.startswith(b"HTTP/1.1 200"):
            self._finish(UnexpectedAnswer(received[:1000].decode("latin-1")))
            return
        start += len(_LENGTH)
        if len(received) < end + len(_END) + int(received[start : received.index(b"\r", start)]):
            return
        self._latencies.append(time.perf_counter() - self._sent_at)
        self._received = b""
        self._send_next()

    def connection_lost(self, error: Exception | None) -> None:
        self._finish(error or UnexpectedAnswer("the server closed the connection"))

    def _finish(self, error: Exception | None) -> None:
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)


async def _send_all(port: int, requests: Sequence[bytes], connections: int) -> Round:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    waiting = iter(requests)
    ends = [loop.create_future() for _ in range(connections)]
    begun = time.perf_counter()
    async with asyncio.timeout(_TIMEOUT):
        for finished in ends:
            await loop.create_connection(partial(_Connection, waiting, latencies, finished), "127.0.0.1", port)
        await asyncio.gather(*ends)
    return Round(len(requests), time.perf_counter() - begun, tuple(sorted(latencies)))


def send_all(port: int, requests: Sequence[bytes], *, connections: int) -> Round:
    """Send every request to a port of this machine, `connections` at a time. Raises UnexpectedAnswer, TimeoutError."""
    return uvloop.run(_send_all(port, requests, connections))
