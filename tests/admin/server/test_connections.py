"""Connections as the command `exchange serve` takes them: the trailers of streams, and the limit on what is no content."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from admin.server.connections import HEAD_BYTES_MAX, ConnectionProtocol
from signatures.digests import digest_field
from tests.support.exchanges.exchange import Exchange, Party

DELIVERIES = "/api/v1/deliveries"
ROWS = 6_000
Protocol = type[asyncio.Protocol] | Literal["httptools"]


@asynccontextmanager
async def served(app: Any, http: Protocol = ConnectionProtocol) -> AsyncIterator[int]:
    """The port at which uvicorn serves an application that runs already."""
    config = uvicorn.Config(app, port=0, http=http, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    ticking = asyncio.create_task(server.main_loop())
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await ticking
        await server.shutdown()


async def told(port: int, request: bytes) -> bytes:
    """Everything that is answered until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    return answer


def parsed(answer: bytes) -> tuple[dict[str, str], bytes, dict[str, str], bytes]:
    """Head, content and trailers of an answer in chunks (RFC 9112 section 7.1.3), and what comes after it."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    fields = fields_of(head.partition(b"\r\n")[2])
    assert fields["transfer-encoding"] == "chunked"
    content = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if not (length := int(size, 16)):
            break
        content, rest = content + rest[:length], rest[length:].removeprefix(b"\r\n")
    trailers, _, after = (b"\r\n" + rest).partition(b"\r\n\r\n")
    return fields, content, fields_of(trailers), after


def fields_of(lines: bytes) -> dict[str, str]:
    """Header fields or trailers, by name."""
    return dict(line.split(": ", 1) for line in lines.decode().split("\r\n") if line)


@pytest.fixture
async def consumer(exchange: Exchange) -> Party:
    """Who may read a file that is long enough to be streamed."""
    owner = await exchange.admit("owner")
    content = "person_id,city\n" + "".join(f"{number},杭州\n" for number in range(ROWS))
    dataset = await exchange.publish_dataset(owner, await exchange.register_file(owner, content.encode()), "long")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    await exchange.conclude_agreement(consumer, owner, dataset)
    return consumer


def question(
    exchange: Exchange, consumer: Party, *fields: str, limit: int | None = None, version: str = "1.1"
) -> bytes:
    """A signed question for everything, or for so many rows, with further header fields."""
    body = json.dumps({"dataset": "owner/long"} | ({"limit": limit} if limit else {})).encode()
    headers = {"exchange-purpose": "talent-service", "accept": "text/csv", "host": "localhost:8000"}
    signed = exchange.sign(consumer.system, "POST", DELIVERIES, body=body, headers=headers)
    lines = [f"POST {DELIVERIES} HTTP/{version}", *(f"{name}: {value}" for name, value in signed.items()), *fields]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


async def test_a_stream_ends_with_its_digest_where_trailers_are_asked_for(exchange: Exchange, consumer: Party) -> None:
    stream = question(exchange, consumer, "te: deflate, Trailers", "connection: te")
    page = question(exchange, consumer, "te: trailers", "connection: te, close", limit=1)
    async with served(exchange.app) as port:
        head, content, trailers, after = parsed(await told(port, stream + page))
    assert content.count(b"\n") == ROWS + 1
    assert head["trailer"] == "content-digest"
    assert "content-digest" not in head
    assert trailers == {"content-digest": digest_field(hashlib.sha256(content).digest())}
    ended = await exchange.call_ok(consumer.steward, "GET", f"{DELIVERIES}/{head['exchange-delivery']}")
    assert (ended["state"], ended["content"]) == ("completed", trailers["content-digest"])
    # The connection goes on, and an answer whose digest is known beforehand has it in its head.
    lines, _, content = after.partition(b"\r\n\r\n")
    fields = fields_of(lines.partition(b"\r\n")[2])
    assert fields["content-digest"] == digest_field(hashlib.sha256(content).digest())
    assert "trailer" not in fields


async def test_a_stream_without_trailers(exchange: Exchange, consumer: Party) -> None:
    cases: dict[str, tuple[Protocol, str, tuple[str, ...]]] = {
        "not asked for": (ConnectionProtocol, "1.1", ("connection: close",)),
        "something else asked for": (ConnectionProtocol, "1.1", ("te: gzip, x-trailers", "connection: te, close")),
        "HTTP/1.0 has none": (ConnectionProtocol, "1.0", ("te: trailers", "connection: te")),
        "uvicorn by itself has none": ("httptools", "1.1", ("te: trailers", "connection: te, close")),
    }
    for case, (http, version, fields) in cases.items():
        async with served(exchange.app, http) as port:
            head, content, *after = parsed(await told(port, question(exchange, consumer, *fields, version=version)))
        assert content.count(b"\n") == ROWS + 1, case
        assert "trailer" not in head, case
        assert after == [{}, b""], case


class Application:
    """Announces trailers and sends those that it is told to."""

    def __init__(self, *trailers: dict[str, Any], headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.trailers = trailers
        self.headers = headers

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        assert scope["extensions"] == {"http.response.trailers": {}}
        await send({"type": "http.response.start", "status": 200, "headers": self.headers, "trailers": True})
        await send({"type": "http.response.body", "body": b"content"})
        for fields in self.trailers:
            await send({"type": "http.response.trailers", **fields})


FIRST = {"headers": [(b"Expires", b"0"), (b"x-one", b"1")], "more_trailers": True}
LAST = {"headers": [(b"x-two", b"2")]}


async def test_trailers_come_together_after_the_last_chunk() -> None:
    async with served(Application(FIRST, LAST)) as port:
        answer = await told(port, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n7\r\ncontent\r\n0\r\nexpires: 0\r\nx-one: 1\r\nx-two: 2\r\n\r\n")


@pytest.mark.parametrize(
    ("method", "headers", "content"),
    [("GET", ((b"content-length", b"7"),), b"content"), ("HEAD", (), b"")],
)
async def test_an_answer_that_is_not_in_chunks_has_no_trailers(
    method: str, headers: tuple[tuple[bytes, bytes], ...], content: bytes
) -> None:
    async with served(Application(FIRST, LAST, headers=headers)) as port:
        answer = await told(port, f"{method} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.partition(b"\r\n\r\n")[2] == content


@pytest.mark.parametrize(
    "trailers",
    [(), (FIRST,), ({"headers": [(b"x-one", b"1\r\nx-two: 2")]},), ({"headers": [(b"x: one", b"1")]},)],
    ids=["none come", "not all come", "a value of two lines", "a name that is none"],
)
async def test_announced_trailers_that_do_not_come_leave_the_answer_without_an_end(
    trailers: tuple[dict[str, Any], ...],
) -> None:
    async with served(Application(*trailers)) as port:
        answer = await told(port, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n7\r\ncontent\r\n")


async def test_a_head_that_does_not_end_ends_the_connection() -> None:
    async with served(Application()) as port:
        answer = await told(port, b"GET / HTTP/1.1\r\nx: " + b"a" * (HEAD_BYTES_MAX + 1))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert f"may have {HEAD_BYTES_MAX} bytes together".encode() in answer


async def test_what_comes_behind_the_content_of_a_request_is_no_header_field() -> None:
    seen: list[set[bytes]] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        seen.append({name for name, _ in scope["headers"]})
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    content = b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nauthorization: late\r\n\r\n"
    async with served(application) as port:
        request = b"POST / HTTP/1.1\r\nhost: x\r\n"
        await told(port, request + content + request + b"connection: close\r\n" + content)
    assert seen == [{b"host", b"transfer-encoding"}, {b"host", b"transfer-encoding", b"connection"}]
