"""Streams: an answer of any length, with an entry before its first byte and another after its last.

While it runs, the fence is watched: when a fact the decision rests on changes, the decision is made again, and a
stream that is no longer allowed ends there; so does one that runs when the ledger is halted, or has been without its
witnesses for too long. However a stream ends, the ledger says what may have left; one that ends well says so itself in
a trailer, where the client asks for trailers and the server can send them.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from uuid import UUID

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from adapters.contract import SourceError
from exchange.delivery import queries, service
from exchange.delivery.deciding import decide
from exchange.delivery.facts import Facts, Offer
from exchange.delivery.formats.answers import Chunk
from exchange.delivery.models import Stream
from exchange.delivery.schemas import DeliveryRequest
from exchange.delivery.service import Attempt, Release
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import FAILURES, driver
from exchange.kernel.logs import log
from exchange.kernel.problems import Problem
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import indexes
from exchange.publication.coverage import Coverage
from ledger import entries
from ledger.log import store
from ledger.log.head import Halted, select_head
from signatures.digests import digest_field

_WATCH_EVERY = 1.0
_TRAILERS: Final = "http.response.trailers"
Cause = Literal["client-left", "source-failed", "permission-ended", "exchange-stopped"]


@dataclass(slots=True)
class Sent:
    """What has left so far."""

    rows: int = 0
    bytes: int = 0
    hashed: Any = field(default_factory=hashlib.sha256)

    def result(self, columns: int) -> entries.Result:
        """As ledger entries hold it."""
        return entries.Result(rows=self.rows, columns=columns, bytes=self.bytes, content=self.hashed.hexdigest())


class Ended(Exception):
    """The stream has to end before it is complete."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause: Cause = cause


async def start(runtime: Runtime, attempt: Attempt, release: Release, stream_id: UUID) -> int:
    """Put `delivery.started` on the ledger, with the row that will tell how the stream ended.

    Raises store.Replayed, store.FenceMoved.
    """
    assert attempt.offer is not None and attempt.decided is not None and attempt.sender is not None  # noqa: S101, PT018
    body = entries.DeliveryStarted(
        **service.common(attempt), **attempt.naming.fields, decision=attempt.decided.record, plan=release.plan_digest
    )
    async with runtime.database.sessions() as session:
        row = Stream(
            id=stream_id,
            consumer_id=attempt.sender.holder.principal.organisation,
            provider_id=attempt.offer.owner,
            state="started",
            started_entry=-1,
            started_at=runtime.clock.now(),
        )
        session.add(row)
        await session.flush()
        [outcome] = await store.append(
            await driver(session), [service.submission(attempt, body.canonical(), now=runtime.clock.seconds())]
        )
        if isinstance(outcome, store.Refused):
            raise outcome
        row.started_entry = outcome
        await session.commit()
    return outcome


class StreamResponse(Response):
    """The answer itself: sends the batches, watches the fence, and records the end whatever it is."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        facts: Facts,
        attempt: Attempt,
        release: Release,
        request: DeliveryRequest,
        first: Chunk,
        chunks: AsyncGenerator[Chunk],
        stream_id: UUID,
        started: int,
        headers: dict[str, str],
        media_type: str,
    ) -> None:
        super().__init__(status_code=200, headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._runtime = runtime
        self._facts = facts
        self._attempt = attempt
        self._release = release
        self._request = request
        self._first = first
        self._chunks = chunks
        self._id = stream_id
        self._started = started
        self._sent = Sent()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream. A stream cut short is left without its last chunk, so no client can take it for whole."""
        has_trailer = _is_trailer_wanted(scope)
        head: Message = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        if has_trailer:
            head.update(headers=[*self.raw_headers, (b"trailer", b"content-digest")], trailers=True)
        cause: Cause | None = "exchange-stopped"
        gone = asyncio.create_task(_until_gone(receive))
        try:
            async with aclosing(self._chunks) as chunks:
                await send(head)
                await self._send_all(send, chunks, gone)
            cause = "client-left" if gone.done() else None
        except Ended as ended:
            cause = ended.cause
        except SourceError as error:
            log().warning("a source failed in a stream", kind=error.code, entry=self._started)
            cause = "source-failed"
        except OSError:
            cause = "client-left"
        finally:
            gone.cancel()
            # Even when this is cancelled: the last chunk leaves after its entry is durable, or not at all.
            await asyncio.shield(asyncio.create_task(self._end(cause)))
        if cause is None:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            if has_trailer:
                digest = digest_field(self._sent.hashed.digest()).encode()
                await send({"type": _TRAILERS, "headers": [(b"content-digest", digest)], "more_trailers": False})
        # Otherwise the body has no end: the server closes the connection, and the client's library says so.

    async def _send_all(self, send: Send, chunks: AsyncGenerator[Chunk], gone: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        look_again = loop.time() + _WATCH_EVERY
        await self._send_one(send, self._first)
        async for chunk in chunks:
            if gone.done():
                raise Ended("client-left")
            if loop.time() >= look_again:
                await self._look_again()
                look_again = loop.time() + _WATCH_EVERY
            await self._send_one(send, chunk)

    async def _send_one(self, send: Send, chunk: Chunk) -> None:
        self._sent.rows += chunk.rows
        if chunk.content:
            self._sent.bytes += len(chunk.content)
            self._sent.hashed.update(chunk.content)
            await send({"type": "http.response.body", "body": chunk.content, "more_body": True})

    async def _look_again(self) -> None:
        """Decide again if the fence has moved. Raises Ended when the delivery is no longer allowed as it was.

        Without its database the exchange cannot know whether it still is, and ends the stream.
        """
        try:
            await self._decide_again()
        except FAILURES as error:
            log().error("a stream could not be watched", exc_info=error, entry=self._started)
            raise Ended("exchange-stopped") from error

    async def _decide_again(self) -> None:
        attempt, runtime = self._attempt, self._runtime
        assert attempt.sender is not None and attempt.decided is not None and attempt.purpose  # noqa: S101, PT018
        now = runtime.clock.seconds()
        if runtime[Coverage].is_overdue(runtime.clock.now()):  # nothing new would be delivered either
            raise Ended("exchange-stopped")
        async with runtime.database.sessions() as session:
            head = await select_head(session)
        if head.halted is not None:
            raise Ended("exchange-stopped")
        if head.fence == attempt.fence and now < attempt.decided.end:
            return
        self._facts.forget(head.fence)
        try:
            _, holder = await self._facts.holder(attempt.sender.signed.keyid)
            if holder is None or holder.revoked_at is not None:
                raise Ended("permission-ended")
            _, offer = await self._facts.offer(holder.principal, self._request.dataset)
            decided = await decide(
                runtime,
                self._facts,
                holder=holder,
                offer=offer,
                request=self._request,
                purpose=attempt.purpose,
                now=now,
            )
        except Problem as problem:
            raise Ended("permission-ended") from problem
        if not decided.decision.allow or decided.record.obligations != attempt.decided.record.obligations:
            raise Ended("permission-ended")
        attempt.fence = head.fence
        attempt.decided = decided

    async def _end(self, cause: Cause | None) -> None:
        runtime, attempt = self._runtime, self._attempt
        result = self._sent.result(len(self._release.plan.columns))
        shared = {**service.common(attempt), "at": rfc3339(runtime.clock.now()), "started": self._started}
        body: entries.Body
        if cause is None:
            body = entries.DeliveryCompleted(**shared, result=result)
        else:
            body = entries.DeliveryAborted(**shared, result=result, cause=cause)
        try:
            async with runtime.database.sessions() as session:
                row = await queries.own_stream(session, self._id)
                row.state = "completed" if cause is None else "aborted"
                row.rows, row.bytes, row.content = result.rows, result.bytes, result.content
                await session.flush()
                outcomes = await store.append(await driver(session), [store.Submission(body.canonical())])
                row.ended_entry = indexes(outcomes)[0]
                await session.commit()
        except (Halted, *FAILURES) as error:
            log().error("the end of a stream is not on the ledger", exc_info=error, entry=self._started)
            raise


def _is_trailer_wanted(scope: Scope) -> bool:
    """Whether the client takes trailers (RFC 9110 section 10.1.4), and the server sends them."""
    accepted = ",".join(Headers(scope=scope).getlist("te")).lower().split(",")
    return _TRAILERS in (scope.get("extensions") or {}) and "trailers" in map(str.strip, accepted)


async def _until_gone(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def offer_of(attempt: Attempt) -> Offer:
    """The offer of an attempt that has one."""
    assert attempt.offer is not None  # noqa: S101 - the caller prepared it
    return attempt.offer
