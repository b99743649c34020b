"""What happens to a request between a system and the exchange, as HTTP transports: replay it, alter it, or pause its answer."""

from collections.abc import Callable, Iterator
from typing import cast

import httpx2


class Repeating(httpx2.BaseTransport):
    """Sends every request twice, and returns the answer to the second."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request twice."""
        request.read()
        self._inner.handle_request(request).read()
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class Altering(httpx2.BaseTransport):
    """Replaces `old` by `new`, of the same length, in the body of every request after it was signed."""

    def __init__(self, inner: httpx2.BaseTransport, old: bytes, new: bytes) -> None:
        self._inner = inner
        self._old, self._new = old, new

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send an altered request."""
        altered = httpx2.Request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.read().replace(self._old, self._new),
        )
        return self._inner.handle_request(altered)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class Interrupting(httpx2.BaseTransport):
    """Calls `act` once, when `after` bytes of an answer have arrived, and reads on when it returns."""

    def __init__(self, inner: httpx2.BaseTransport, *, after: int, act: Callable[[], None]) -> None:
        self._inner = inner
        self._after = after
        self._act: Callable[[], None] | None = act

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request."""
        response = self._inner.handle_request(request)
        response.stream = _Interrupted(cast("httpx2.SyncByteStream", response.stream), self._watch)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _watch(self, received: int) -> None:
        if received >= self._after and self._act is not None:
            act, self._act = self._act, None
            act()


class _Interrupted(httpx2.SyncByteStream):
    """The bytes of an answer; `watch` gets their number so far after each chunk."""

    def __init__(self, inner: httpx2.SyncByteStream, watch: Callable[[int], None]) -> None:
        self._inner = inner
        self._watch = watch

    def __iter__(self) -> Iterator[bytes]:
        received = 0
        for chunk in self._inner:
            yield chunk
            received += len(chunk)
            self._watch(received)

    def close(self) -> None:
        """Close the answer."""
        self._inner.close()
