"""What can happen to a request between a system and the exchange: somebody keeps it and sends it again, or changes it."""

import httpx2


class Repeating(httpx2.BaseTransport):
    """Sends every request twice; the sender gets the answer to the second."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and send it again."""
        request.read()
        self._inner.handle_request(request).read()
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class Altering(httpx2.BaseTransport):
    """Changes the body of every request to another of the same length, after it was signed."""

    def __init__(self, inner: httpx2.BaseTransport, old: bytes, new: bytes) -> None:
        self._inner = inner
        self._old, self._new = old, new

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send something else than what was signed."""
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
