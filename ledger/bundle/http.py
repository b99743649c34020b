"""A ledger's files over HTTP, from a server that is not trusted: no answer is larger than what was asked for can be.

A server that is busy or restarting is asked again a few times, waiting longer each time; what it refuses, it refuses.
"""

import json
import time
from contextlib import suppress
from typing import Self

import httpx2

from ledger.bundle.files import MAX_TEXT

TIMEOUT = 30.0
"""How many seconds the server may take over each step of an answer."""

TRIES = 5
"""How often something is asked for, where the server could not be reached or says that it is not able to answer now."""

_PIECE = 64 * 1024

PAUSE = 0.2
"""How many seconds pass before it is asked for the second time; twice as many before each further time."""

_LONGEST_PAUSE = 10.0
_NOT_FOUND = (404, 410)
_AGAIN = (429, 500, 502, 503, 504)


class SourceFailed(Exception):
    """The server could not be reached, or did not give what it was asked for."""


class Source:
    """The ledger at `url`, below which `ledger/checkpoint` is served; `close` it, or use it as a context."""

    def __init__(self, url: str) -> None:
        self.prefix = f"{url.rstrip('/')}/ledger/"
        self._client = httpx2.Client(timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, *, limit: int = MAX_TEXT) -> bytes:
        """The body of an answer of at most `limit` bytes. Raises SourceFailed, for what is not there too."""
        found = self.find(path, limit=limit)
        if found is None:
            raise SourceFailed(f"{self.prefix}{path}: not found")
        return found

    def find(self, path: str, *, limit: int = MAX_TEXT) -> bytes | None:
        """The body of an answer, or None where there is nothing (404, 410). Raises SourceFailed."""
        url = self.prefix + path
        for attempt in range(1, TRIES + 1):
            try:
                with self._client.stream("GET", url) as response:
                    if response.status_code not in _AGAIN or attempt == TRIES:
                        return _body(response, url, limit)
                    wished = _wished(response)
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                if not isinstance(error, httpx2.TransportError) or attempt == TRIES:
                    raise SourceFailed(f"{url}: {str(error) or type(error).__name__}") from error
                wished = 0.0
            time.sleep(min(max(wished, PAUSE * 2 ** (attempt - 1)), _LONGEST_PAUSE))
        raise SourceFailed(f"{url}: not asked for")


def _body(response: httpx2.Response, url: str, limit: int) -> bytes | None:
    if response.status_code in _NOT_FOUND:
        return None
    if not response.is_success:
        raise SourceFailed(f"{url}: status {response.status_code}{_detail(response)}")
    body = bytearray()
    for chunk in response.iter_bytes(_PIECE):
        body += chunk
        if len(body) > limit:
            raise SourceFailed(f"{url}: more than {limit} bytes")
    return bytes(body)


def _wished(response: httpx2.Response) -> float:
    """The seconds of Retry-After (RFC 9110 section 10.2.3), where it gives seconds."""
    wished = response.headers.get("retry-after", "")
    return float(wished) if wished.isascii() and wished.isdigit() else 0.0


def _detail(response: httpx2.Response) -> str:
    """What a problem document (RFC 9457) says, as far as it can be shown in a terminal."""
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return ""
    with suppress(ValueError, RecursionError, httpx2.HTTPError):
        start = next(response.iter_bytes(_PIECE), b"")
        problem = json.loads(start)
        if isinstance(problem, dict):
            return ": " + "".join(letter for letter in str(problem.get("detail", "")) if letter.isprintable())
    return ""
