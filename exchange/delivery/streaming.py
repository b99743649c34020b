"""Streaming: an answer of any length, with an entry before its first byte and another after its last.

A stream watches the fence, also while it waits for its reader. When a fact changes, the decision is made again, and the
connection of a stream that is no longer allowed is cut off there. A stream also ends when the ledger is halted or lacks
its witnesses for too long, and when its reader takes nothing for too long. However it ends, the ledger states what may
have left.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import UUID

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.contract import SourceError
from exchange.delivery import queries
from exchange.delivery.deciding import decide
from exchange.delivery.errors import ExchangeBusy
from exchange.delivery.facts import Facts
from exchange.delivery.formats.answers import MEDIA_TYPES
from exchange.delivery.formats.encode import Chunk, Format, encode_stream
from exchange.delivery.models import Stream
from exchange.delivery.people.streams import CappedRows, StreamRelease, open_release
from exchange.delivery.settings import DeliverySettings
from exchange.delivery.stages import NO_EPOCHS, Admitted, Asked, Decided, Known, Planned
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import FAILURES, driver
from exchange.kernel.identifiers import new_id
from exchange.kernel.logs import log
from exchange.kernel.problems import Problem
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import indexes
from exchange.participants.door.answers import LEDGER_FAILURES, signature_headers
from exchange.publication.coverage import Coverage
from exchange.sources.service import problem_of
from ledger import entries
from ledger.log import store
from ledger.log.head import Halted, select_head

_WATCH_EVERY = 1.0
_PIECE = 256 * 1024  # bytes that a reader has to take within the time of the settings
Cause = Literal["client-left", "source-failed", "permission-ended", "exchange-stopped"]


class OpenStreams:
    """The streams that one process has open, for each consumer and each source.

    A stream holds a batch of rows and a connection or a thread of its source for as long as its reader takes.
    """

    def __init__(self, settings: DeliverySettings) -> None:
        self._settings = settings
        self._count = 0
        self._by_consumer: Counter[UUID] = Counter()
        self._by_source: Counter[UUID] = Counter()

    def _check(self, consumer: UUID, source: UUID) -> None:
        settings = self._settings
        reason = None
        if self._by_consumer[consumer] >= settings.consumer_streams:
            reason = f"Your organisation has {settings.consumer_streams} streams open here; read one to its end first."
        elif self._by_source[source] >= settings.source_streams:
            reason = "As many streams of this source are open as it bears."
        elif self._count >= settings.streams:
            reason = "As many streams are open as this exchange bears."
        if reason is not None:
            raise ExchangeBusy(f"{reason} Nothing was delivered; sign the request again.", headers={"Retry-After": "5"})

    @contextmanager
    def opened(self, *, consumer: UUID, source: UUID) -> Iterator[None]:
        """Count a stream for the block. Raises ExchangeBusy."""
        self._check(consumer, source)
        self._add(consumer, source, 1)
        try:
            yield
        finally:
            self._add(consumer, source, -1)

    def _add(self, consumer: UUID, source: UUID, number: int) -> None:
        self._count += number
        for counter, key in ((self._by_consumer, consumer), (self._by_source, source)):
            counter[key] += number
            if not counter[key]:
                del counter[key]


@dataclass(slots=True)
class Sent:
    """Counts and digest of the bytes that have left so far."""

    rows: int = 0
    bytes: int = 0
    hashed: Any = field(default_factory=hashlib.sha256)

    def result(self, columns: int) -> entries.Result:
        """The result as ledger entries hold it."""
        return entries.Result(rows=self.rows, columns=columns, bytes=self.bytes, content=self.hashed.hexdigest())


class Ended(Exception):
    """The stream has to end before it is complete."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause: Cause = cause


async def stream(runtime: Runtime, facts: Facts, planned: Planned, form: Format) -> Response:
    """Begin a stream: its first entry is on the ledger when this returns. A source that fails at once is refused.

    Raises SourceFailed, SourceUnusable, ExchangeBusy, store.Refused.
    """
    stream_id = new_id()
    dataset, consumer = planned.known.dataset, planned.sender.holder.principal.organisation
    with ExitStack() as opened:
        opened.enter_context(runtime[OpenStreams].opened(consumer=consumer, source=dataset.source))
        release = await open_release(
            runtime,
            planned.ground,
            adapter=dataset.adapter,
            snapshot=dataset.snapshot,
            owner=dataset.owner,
            field=next(iter(dataset.subject_keys.values()), None),
        )
        limit = planned.known.question.limit
        left = planned.left if limit is None or limit > planned.left else None
        rows = CappedRows(dataset.adapter, planned.plan, left=left, release=release)
        chunks = encode_stream(form, rows.batches())
        try:
            first = await anext(chunks)
            index = await _start(runtime, planned, stream_id, epochs=release.last if release is not None else NO_EPOCHS)
        except SourceError as error:
            raise problem_of(error) from error
        except (store.Refused, *LEDGER_FAILURES):
            await chunks.aclose()
            raise
        held = opened.pop_all()
    headers = {"exchange-entry": str(index), "exchange-delivery": str(stream_id)}
    signature = signature_headers(status=200, headers=headers, runtime=runtime, signed=planned.sender.signed)
    return StreamResponse(
        runtime=runtime,
        facts=facts,
        planned=planned,
        rows=rows,
        release=release,
        first=first,
        chunks=chunks,
        held=held,
        stream_id=stream_id,
        started=index,
        headers={"cache-control": "no-store", **headers, **signature},
        media_type=MEDIA_TYPES[form],
    )


async def _start(runtime: Runtime, planned: Planned, stream_id: UUID, *, epochs: Mapping[int, int]) -> int:
    """Append `delivery.started`, with the row that will state how the stream ended. Raises store.Refused."""
    body = entries.DeliveryStarted(**planned.fields(), decision=planned.decision, plan=planned.digest)
    async with runtime.database.sessions() as session:
        row = Stream(
            id=stream_id,
            consumer_id=planned.sender.holder.principal.organisation,
            provider_id=planned.known.dataset.owner,
            state="started",
            started_entry=-1,
            started_at=runtime.clock.now(),
        )
        session.add(row)
        await session.flush()
        submission = planned.submission(body.canonical(), now=runtime.clock.seconds(), epochs=epochs)
        [outcome] = await store.append(await driver(session), [submission])
        if isinstance(outcome, store.Refused):
            raise outcome
        row.started_entry = outcome
        await session.commit()
    return outcome


class StreamResponse(Response):
    """The answer: sends the batches, watches the fence, and records the end."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        facts: Facts,
        planned: Planned,
        rows: CappedRows,
        release: StreamRelease | None,
        first: Chunk,
        chunks: AsyncGenerator[Chunk],
        held: ExitStack,
        stream_id: UUID,
        started: int,
        headers: dict[str, str],
        media_type: str,
    ) -> None:
        super().__init__(status_code=200, headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._runtime = runtime
        self._facts = facts
        self._planned = planned
        self._decided = planned.decided  # replaced when the decision is made again
        self._fence = planned.fence
        self._rows = rows
        self._release = release
        self._first: Chunk | None = first
        self._chunks = chunks
        self._held = held
        self._id = stream_id
        self._started = started
        self._sent = Sent()
        self._looking = asyncio.Lock()
        self._next_look = asyncio.get_running_loop().time() + _WATCH_EVERY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream. One that is cut short has no last chunk, so that no client takes it for complete."""
        cause: Cause | None = "exchange-stopped"
        try:
            with self._held:
                cause = await self._run(scope, receive, send)
        finally:
            # Shielded: the last chunk leaves only after its entry is durable, even if this task is cancelled.
            await asyncio.shield(asyncio.create_task(self._end(cause)))
        if cause is None:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        # Otherwise the body stays without an end: the server closes the connection, and the client's library reports it.

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> Cause | None:
        """Send, watch, and wait for the client to leave, whichever ends first; returns why the stream ended early."""
        sending = asyncio.create_task(self._send_all(send))
        watching = asyncio.create_task(self._watch())
        leaving = asyncio.create_task(_wait_for_disconnect(receive))
        tasks: set[asyncio.Task[None]] = {sending, watching, leaving}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ended = next(task for task in (watching, leaving, sending) if task.done())
            await ended
        except Ended as error:
            _cut_off(scope)
            return error.cause
        except SourceError as error:
            log().warning("a source failed in a stream", kind=error.code, entry=self._started)
            return "source-failed"
        except OSError:
            return "client-left"
        else:
            return None if ended is sending else "client-left"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_all(self, send: Send) -> None:
        async with aclosing(self._chunks) as chunks:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if self._first is not None:
                first, self._first = self._first, None  # not kept in memory for as long as the stream lasts
                await self._send_chunk(send, first)
                del first
            async for chunk in chunks:
                await self._look()
                await self._send_chunk(send, chunk)

    async def _send_chunk(self, send: Send, chunk: Chunk) -> None:
        self._sent.rows += chunk.rows
        for begin in range(0, len(chunk.content), _PIECE):
            piece = chunk.content[begin : begin + _PIECE]
            self._sent.bytes += len(piece)
            self._sent.hashed.update(piece)
            try:
                async with asyncio.timeout(self._runtime[DeliverySettings].stream_seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            except TimeoutError as error:
                raise Ended("client-left") from error

    async def _watch(self) -> None:
        """Look every second, also while the reader takes nothing. Raises Ended."""
        while True:
            await asyncio.sleep(_WATCH_EVERY)
            await self._look()

    async def _look(self) -> None:
        """Check that the delivery is still allowed, if the last look is a second ago.

        Raises Ended if it is not, or if the database cannot be asked.
        """
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if now < self._next_look:
                return
            self._next_look = now + _WATCH_EVERY
            try:
                await self._decide_again()
            except FAILURES as error:
                log().error("a stream could not be watched", exc_info=error, entry=self._started)
                raise Ended("exchange-stopped") from error

    async def _decide_again(self) -> None:
        """Decide again if the fence has moved, or the decision's validity is over. Raises Ended."""
        runtime, ruling, moment = self._runtime, self._decided.ruling, self._runtime.clock.now()
        now = int(moment.timestamp())
        if runtime[Coverage].is_overdue(moment):  # no other delivery would begin either
            raise Ended("exchange-stopped")
        async with runtime.database.sessions() as session:
            head = await select_head(session)
        if head.halted is not None:
            raise Ended("exchange-stopped")
        if head.fence == self._fence and now < ruling.end:
            return
        self._facts.forget(head.fence)
        try:
            decided = await self._decided_at(rfc3339(moment), now)
        except Problem as problem:
            raise Ended("permission-ended") from problem
        if not decided.ruling.decision.allow or decided.ruling.record.obligations != ruling.record.obligations:
            raise Ended("permission-ended")
        if decided.ruling.decision.agreement != self._planned.agreement and (
            self._planned.account or decided.ruling.decision.agreement in decided.known.dataset.accounts
        ):
            raise Ended("permission-ended")  # the end of a stream is billed to the account of its beginning
        if decided.known.dataset.restricted != self._decided.known.dataset.restricted:
            raise Ended("permission-ended")  # the scan goes on to read the rows about people who are restricted now
        self._fence = head.fence
        self._decided = replace(self._decided, ruling=decided.ruling)

    async def _decided_at(self, at: str, now: int) -> Decided:
        """The decision on this stream's question at another time. Raises Ended, or the problem of facts that are gone."""
        sender, known = self._planned.sender, self._planned.known
        lookup = await self._facts.look_up(sender.signed)
        if lookup.holder is None or lookup.holder.revoked_at is not None:
            raise Ended("permission-ended")
        sender = replace(sender, holder=lookup.holder, fence=lookup.fence)
        dataset = await self._facts.dataset(lookup.holder.principal, known.question.dataset)
        admitted = Admitted(Asked(at, now, sender), sender, known.admitted.purpose)
        return await decide(self._runtime, Known(admitted, known.question, dataset))

    async def _end(self, cause: Cause | None) -> None:
        runtime = self._runtime
        result = self._sent.result(len(self._planned.plan.columns))
        about, people = ({}, None) if self._release is None else await self._release.entry()
        shared = {**self._decided.fields(), **about, "at": rfc3339(runtime.clock.now()), "started": self._started}
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
                row.cut_by_row_cap = self._rows.is_cut if cause is None else None
                await session.flush()
                submission = store.Submission(body.canonical(), people=people, account=self._planned.account)
                outcomes = await store.append(await driver(session), [submission])
                row.ended_entry = indexes(outcomes)[0]
                await session.commit()
        except (Halted, *FAILURES) as error:
            log().error("the end of a stream is not on the ledger", exc_info=error, entry=self._started)
            raise


def _cut_off(scope: Scope) -> None:
    """End the connection at once, with what waits in it for the client, where the server offers that."""
    connection = scope.get("extensions", {}).get("exchange.connection")
    if connection is not None:
        connection["abort"]()


async def _wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
