"""Timestamps over the newest checkpoint, from an authority outside (RFC 3161). Nothing waits for them."""

import asyncio

import httpx2

from exchange.kernel.database import Connection
from exchange.kernel.logs import log
from exchange.kernel.loops import RoundFailed
from exchange.kernel.runtime import Runtime
from ledger.format import timestamps
from ledger.log import publication

_TIMEOUT = 10.0  # seconds for an answer


class Stamper:
    """Requests timestamps from one authority, in one process at a time."""

    def __init__(self, runtime: Runtime, url: str, authority: timestamps.Authority) -> None:
        self._runtime = runtime
        self._url = url
        self._authority = authority

    async def run_round(self, connection: Connection) -> None:
        """Request a timestamp over the newest checkpoint unless it has one. An interrupted request is repeated later.

        Only a token that verifies is kept. Raises RoundFailed.
        """
        newest = await publication.latest(connection)
        if newest is None or await publication.timestamp(connection, newest.size) is not None:
            return
        content = newest.note.encode()
        query = timestamps.query(content)
        try:
            async with httpx2.AsyncClient(timeout=_TIMEOUT) as client:
                token = await _request(client, self._url, query.data)
            self._authority.check(token, content, nonce=query.nonce)
        except (httpx2.HTTPError, timestamps.TimestampInvalid, TimeoutError) as error:
            log().warning("no timestamp could be had; trying again", error=type(error).__name__)
            raise RoundFailed from error
        await publication.add_timestamp(connection, newest.size, token, now=self._runtime.clock.now())


async def _request(client: httpx2.AsyncClient, url: str, query: bytes) -> bytes:
    body = bytearray()
    async with asyncio.timeout(_TIMEOUT):
        async with client.stream(
            "POST", url, content=query, headers={"content-type": timestamps.MEDIA_QUERY}
        ) as answer:
            answer.raise_for_status()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > timestamps.MAX_TOKEN:
                    raise timestamps.TimestampInvalid("the answer is too long")
    return bytes(body)
