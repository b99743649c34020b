"""Streams that nobody reads: they end with their permission, are given up in time, and are few at once."""

import asyncio
import socket
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import asyncpg
import pyarrow as pa
import pytest

from exchange.delivery import streaming
from exchange.delivery.formats.encode import Chunk, Format, encode_stream
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, Party
from tests.support.exchanges.raw_delivery import DELIVERIES, RawDelivery
from tests.support.exchanges.starting import start_exchange
from tests.support.exchanges.witnessed import wait_until
from tests.support.processes.strict_server import served

QUESTION = {"dataset": "owner/wide"}


@pytest.fixture
async def wide_table(embedded: Embedded, people_table: str) -> str:
    """The DSN of a database with a view of 60 MB, more than the buffers of a connection hold."""
    connection = await asyncpg.connect(**arguments(embedded.url("owner")))
    await connection.execute(
        "CREATE OR REPLACE VIEW wide AS SELECT i AS person_id, repeat('x', 200) AS note FROM generate_series(1, 300000) i;"
        "GRANT SELECT ON wide TO reader"
    )
    await connection.close()
    return people_table


async def granted(exchange: Exchange, dsn: str) -> tuple[Party, Party, str]:
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    dataset = await exchange.publish_dataset(owner, await exchange.register_table(owner, dsn, "wide"), "wide")
    agreement = await exchange.conclude_agreement(consumer, owner, dataset)
    return owner, consumer, str(agreement["id"])


@asynccontextmanager
async def unread(exchange: Exchange, consumer: Party, port: int) -> AsyncIterator[socket.socket]:
    """A connection whose stream has begun and is not read."""
    wire = RawDelivery(exchange, consumer, QUESTION)
    head = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in wire.scope["headers"])
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, ("127.0.0.1", port))
        await loop.sock_sendall(connection, f"POST {DELIVERIES} HTTP/1.1\r\n{head}\r\n".encode() + (wire.body or b""))
        assert (await loop.sock_recv(connection, 15)).startswith(b"HTTP/1.1 200")
        yield connection


async def ended(exchange: Exchange, count: int = 1) -> list[dict[str, object]]:
    """The entries of streams that were aborted, once there are so many."""
    async with asyncio.timeout(20):
        while True:
            aborted = [entry for entry in await exchange.read_entries() if entry["type"] == "delivery.aborted"]
            if len(aborted) >= count:
                return aborted
            await asyncio.sleep(0.05)


async def is_cut_off(connection: socket.socket) -> bool:
    """Whether a connection ends by a reset or without a last chunk, after the received bytes are read."""
    loop, tail = asyncio.get_running_loop(), b""
    async with asyncio.timeout(20):
        try:
            while content := await loop.sock_recv(connection, 1 << 20):
                tail = (tail + content)[-5:]
        except ConnectionResetError:
            return True
    return tail != b"0\r\n\r\n"


async def test_a_suspension_cuts_off_streams_that_nobody_reads(
    exchange: Exchange, wide_table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "_WATCH_EVERY", 0.1)
    owner, consumer, agreement = await granted(exchange, wide_table)
    async with (
        served(exchange.app) as port,
        unread(exchange, consumer, port) as first,
        unread(exchange, consumer, port) as second,
    ):
        await exchange.call_ok(owner.steward, "POST", f"/api/v1/agreements/{agreement}/suspension", {"reason": "核查"})
        aborted = await ended(exchange, 2)
        assert {entry["cause"] for entry in aborted} == {"permission-ended"}
        assert await is_cut_off(first)
        assert await is_cut_off(second)


async def test_a_reader_that_takes_nothing_is_given_up(settings: Settings, wide_table: str) -> None:
    async with start_exchange(settings.model_copy(update={"stream_seconds": 0.3})) as exchange:
        _, consumer, _ = await granted(exchange, wide_table)
        async with served(exchange.app) as port, unread(exchange, consumer, port) as connection:
            [aborted] = await ended(exchange)
            assert aborted["cause"] == "client-left"
            assert await is_cut_off(connection)


@pytest.mark.parametrize(
    "limit",
    [
        "consumer_streams",
        pytest.param("source_streams", marks=pytest.mark.endurance),
        pytest.param("streams", marks=pytest.mark.endurance),
    ],
)
async def test_streams_are_few_at_once_and_pages_are_answered_beside_them(
    settings: Settings, wide_table: str, limit: str
) -> None:
    async with start_exchange(settings.model_copy(update={limit: 2})) as exchange:
        _, consumer, _ = await granted(exchange, wide_table)
        async with served(exchange.app) as port:
            async with unread(exchange, consumer, port), unread(exchange, consumer, port):
                refused = RawDelivery(exchange, consumer, QUESTION)
                await refused.run()
                assert refused.status == 503
                assert b"/problems/exchange-busy" in refused.content
                assert refused.headers["retry-after"]
                page = await exchange.call(
                    consumer.system, "POST", DELIVERIES, QUESTION | {"limit": 2}, purpose="talent-service"
                )
                assert page.status == 200
            await ended(exchange, 2)
            repeated = RawDelivery(exchange, consumer, QUESTION | {"limit": 1000})
            await repeated.run()
            assert repeated.is_whole


async def is_gone(batch: weakref.ref[pa.RecordBatch]) -> bool:
    return batch() is None


@pytest.mark.parametrize("question", [QUESTION, QUESTION | {"limit": 20_000}])
async def test_a_stream_holds_no_rows_that_it_has_given_to_its_reader(
    exchange: Exchange, wide_table: str, monkeypatch: pytest.MonkeyPatch, question: dict[str, object]
) -> None:
    given = 0

    async def watch(batches: AsyncGenerator[pa.RecordBatch]) -> AsyncGenerator[pa.RecordBatch]:
        nonlocal given
        while (batch := await anext(batches, None)) is not None:
            last, passed = weakref.ref(batch), [batch]
            del batch
            yield passed.pop()
            # The stream waits here for its next batch. The thread that encoded the last one may just be letting go of it.
            await wait_until(partial(is_gone, last), seconds=10)
            given += 1

    def encode_watched(form: Format, batches: AsyncGenerator[pa.RecordBatch]) -> AsyncGenerator[Chunk]:
        return encode_stream(form, watch(batches))

    monkeypatch.setattr(streaming, "encode_stream", encode_watched)
    _, consumer, _ = await granted(exchange, wide_table)
    delivery = RawDelivery(exchange, consumer, question)
    await delivery.run()
    assert delivery.is_whole
    assert given > 3
