"""Timestamps over the newest checkpoint, from an authority outside, now and then: nothing waits for them."""

import asyncio
from contextlib import suppress

import httpx2

from exchange.kernel.database import FAILURES, Connection
from exchange.kernel.logs import log
from exchange.kernel.runtime import Runtime
from ledger.format import timestamps
from ledger.log import publication

_PATIENCE = 10.0  # seconds for an answer


class Stamper:
    """Asks for a token over the newest checkpoint every `timestamp_interval` seconds, in one process at a time."""

    def __init__(self, runtime: Runtime, url: str, authority: timestamps.Authority) -> None:
        self._runtime = runtime
        self._url = url
        self._authority = authority

    async def run(self) -> None:
        """Ask again and again. What was being asked for when this stops is asked for again."""
        while True:
            try:
                async with self._runtime.database.pool.acquire() as connection:
                    if await publication.lead_stamping(connection):
                        try:
                            await self._stamp(connection)
                        finally:
                            with suppress(*FAILURES):
                                await publication.resign_stamping(connection)
            except (httpx2.HTTPError, timestamps.TimestampInvalid) as error:
                log().warning("no timestamp could be had; trying again", error=type(error).__name__)
            except FAILURES as error:
                log().warning("no timestamp could be kept; trying again", exc_info=error)
            await asyncio.sleep(self._runtime.settings.timestamp_interval)

    async def _stamp(self, connection: Connection) -> None:
        """Have the newest checkpoint stamped, if it is not; only a token that verifies is kept."""
        newest = await publication.latest(connection)
        if newest is None or await publication.timestamp(connection, newest.size) is not None:
            return
        content = newest.note.encode()
        query = timestamps.query(content)
        async with httpx2.AsyncClient(timeout=_PATIENCE) as client:
            token = await _ask(client, self._url, query.data)
        self._authority.check(token, content, nonce=query.nonce)
        await publication.add_timestamp(connection, newest.size, token, now=self._runtime.clock.now())


async def _ask(client: httpx2.AsyncClient, url: str, query: bytes) -> bytes:
    body = bytearray()
    async with asyncio.timeout(_PATIENCE):
        async with client.stream(
            "POST", url, content=query, headers={"content-type": timestamps.MEDIA_QUERY}
        ) as answer:
            answer.raise_for_status()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > timestamps.MAX_TOKEN:
                    raise timestamps.TimestampInvalid("the answer is too long")
    return bytes(body)
