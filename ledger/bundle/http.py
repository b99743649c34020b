"""An HTTP client for the files of a ledger. It does not trust the server: every answer has a size limit.

If the server is busy or restarting, the client retries with exponential backoff. It does not retry a refusal.
"""

import json
import time
from contextlib import suppress
from typing import Self

import httpx2

from ledger.bundle.files import MAX_TEXT

TIMEOUT = 30.0
"""Seconds that each step of a request may take."""

TRIES = 5
"""Attempts in all, if the server cannot be reached or answers with a status in `_RETRIED`."""

PAUSE = 0.2
"""Seconds before the second attempt; they double before each further one."""

_CHUNK = 64 * 1024
_LONGEST_PAUSE = 10.0
_NOT_FOUND = (404, 410)
_RETRIED = (429, 500, 502, 503, 504)


class FetchFailed(Exception):
    """The server could not be reached, or its answer is an error, too large or malformed."""


class Fetcher:
    """Fetches the files of the ledger at `url`, the exchange's address or that of its ledger, which ends in `/ledger`.

    A context manager.
    """

    def __init__(self, url: str) -> None:
        self.prefix = f"{url.rstrip('/').removesuffix('/ledger')}/ledger/"
        self._client = httpx2.Client(timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, *, limit: int = MAX_TEXT) -> bytes:
        """A file of at most `limit` bytes. Raises FetchFailed, also if the server does not have it."""
        body = self.find(path, limit=limit)
        if body is None:
            raise FetchFailed(f"{self.prefix}{path}: not found")
        return body

    def find(self, path: str, *, limit: int = MAX_TEXT) -> bytes | None:
        """A file of at most `limit` bytes, or None if the server does not have it (404, 410). Raises FetchFailed."""
        url = self.prefix + path
        for attempt in range(1, TRIES + 1):
            try:
                with self._client.stream("GET", url) as response:
                    if response.status_code not in _RETRIED or attempt == TRIES:
                        return _body(response, url, limit)
                    pause = _retry_after(response)
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                if not isinstance(error, httpx2.TransportError) or attempt == TRIES:
                    raise FetchFailed(f"{url}: {str(error) or type(error).__name__}") from error
                pause = 0.0
            time.sleep(min(max(pause, PAUSE * 2 ** (attempt - 1)), _LONGEST_PAUSE))
        raise FetchFailed(f"{url}: no attempt was made")


def _body(response: httpx2.Response, url: str, limit: int) -> bytes | None:
    if response.status_code in _NOT_FOUND:
        return None
    if not response.is_success:
        raise FetchFailed(f"{url}: status {response.status_code}{_detail(response)}")
    body = bytearray()
    for chunk in response.iter_bytes(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise FetchFailed(f"{url}: more than {limit} bytes")
    return bytes(body)


def _retry_after(response: httpx2.Response) -> float:
    """The seconds of Retry-After (RFC 9110 section 10.2.3); 0 if it is missing or gives a date."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else 0.0


def _detail(response: httpx2.Response) -> str:
    """The detail of a problem document (RFC 9457), without characters that a terminal would interpret."""
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return ""
    with suppress(ValueError, RecursionError, httpx2.HTTPError):
        start = next(response.iter_bytes(_CHUNK), b"")
        problem = json.loads(start)
        if isinstance(problem, dict):
            return ": " + "".join(letter for letter in str(problem.get("detail", "")) if letter.isprintable())
    return ""
