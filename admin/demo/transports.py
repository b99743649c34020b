"""Attacks on a request between a system and the exchange, as HTTP transports: replay it, or alter it."""

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
