"""Connections as `exchange serve` takes them: a limit on the head of a request, and no header fields from its trailers."""

import asyncio
from contextlib import suppress

import pytest
from starlette.types import Receive, Scope, Send

from admin.server.head_limit import CONNECTION, FIELDS_MAX, HEAD_BYTES_MAX
from tests.support.processes.strict_server import served


async def exchanged(port: int, request: bytes) -> bytes:
    """Send bytes and return all that the server answers until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    return answer


async def never_called(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError("the application must not see this request")


async def test_a_head_that_does_not_end_ends_the_connection() -> None:
    async with served(never_called) as port:
        answer = await exchanged(port, b"GET / HTTP/1.1\r\nx: " + b"a" * (HEAD_BYTES_MAX + 1))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert f"may have {HEAD_BYTES_MAX} bytes together".encode() in answer


async def test_trailers_of_a_request_are_no_header_fields() -> None:
    header_names: list[set[bytes]] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        header_names.append({name for name, _ in scope["headers"]})
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    content = b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nauthorization: late\r\n\r\n"
    async with served(application) as port:
        request = b"POST / HTTP/1.1\r\nhost: x\r\n"
        await exchanged(port, request + content + request + b"connection: close\r\n" + content)
    assert header_names == [{b"host", b"transfer-encoding"}, {b"host", b"transfer-encoding", b"connection"}]


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"GET / HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n", b"one Host"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nHost: a\r\n\r\n", b"one Host"),
        (b"GET / HTTP/1.1\r\nx: a\r\n\r\n", b"one Host"),
        (b"GET /#x HTTP/1.1\r\nhost: a\r\n\r\n", b"fragment"),
        (b"GET /?a=b# HTTP/1.1\r\nhost: a\r\n\r\n", b"fragment"),
        (b"POST / HTTP/1.1\r\nx: a\r\ncontent-length: 3\r\n\r\nabcGET / HTTP/1.1\r\nhost: a\r\n\r\n", b"one Host"),
        (b"GET / HTTP/1.1\r\nhost: a\r\n" + b"a:\r\n" * FIELDS_MAX + b"\r\n", b"header lines"),
    ],
)
async def test_a_head_that_two_readers_could_take_for_different_requests_is_refused(head: bytes, reason: bytes) -> None:
    async with served(never_called) as port:
        answer = await exchanged(port, head)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert reason in answer
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_an_empty_query_is_part_of_the_target_and_a_connection_can_be_cut_off() -> None:
    paths: list[bytes] = []

    async def application(scope: Scope, _receive: Receive, send: Send) -> None:
        paths.append(scope["raw_path"])
        if len(paths) == 3:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            scope["extensions"][CONNECTION]["abort"]()
            return
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async with served(application) as port:
        host = b" HTTP/1.1\r\nhost: x\r\n\r\n"
        with suppress(ConnectionError):
            await exchanged(port, b"GET /a?" + host + b"GET /a" + host + b"GET /a?b" + host)
    assert paths == [b"/a?", b"/a", b"/a"]


async def test_a_request_states_when_all_of_it_has_arrived() -> None:
    has_arrived: list[bool] = []
    begun = asyncio.Event()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        has_arrived.append("has_arrived" in scope["extensions"][CONNECTION])
        begun.set()
        while (await receive())["more_body"]:
            pass
        has_arrived.append("has_arrived" in scope["extensions"][CONNECTION])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n"
    async with served(application) as port:
        assert (await exchanged(port, head + b"ab")).startswith(b"HTTP/1.1 204 ")
        assert has_arrived == [True, True]
        begun.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head + b"a")
        async with asyncio.timeout(20):
            await begun.wait()
            writer.write(b"b")
            assert (await reader.read()).startswith(b"HTTP/1.1 204 ")
        writer.close()
    assert has_arrived == [True, True, False, True]
