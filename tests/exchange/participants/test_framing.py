"""HTTP/1.1 framing at the server itself: nothing is read as a second request, and nothing after the head changes it."""

from collections.abc import AsyncIterator

import pytest

from tests.support.exchanges.exchange import Key
from tests.support.exchanges.odd_requests import BODY, DELIVERIES, ME, head, post, replies, sign
from tests.support.exchanges.populated import PopulatedExchange
from tests.support.processes.strict_server import served

SMUGGLED = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
SIZE = str(len(BODY))
HEX = f"{len(BODY):x}".encode()
CHUNKED = HEX + b"\r\n" + BODY + b"\r\n0\r\n\r\n"
TRIED = 41


@pytest.fixture
async def port(populated_exchange: PopulatedExchange) -> AsyncIterator[int]:
    async with served(populated_exchange.app) as opened:
        yield opened


def delivery(key: Key, *fields: tuple[str, str], content: bytes) -> bytes:
    """A signed delivery, framed by the given fields."""
    return head("POST", DELIVERIES, [*sign(key), *fields]) + content


def refused(key: Key) -> dict[str, bytes]:
    """Requests whose framing is ambiguous: at most one response, a refusal, and nothing is done after it."""
    te, cl = "Transfer-Encoding", "Content-Length"
    after = BODY + SMUGGLED
    trailer = HEX + b"\r\n" + BODY + b"\r\n0\r\n"
    without = [field for field in sign(key) if field[0] != "Signature"]
    late = "".join(f"{name}: {value}\r\n" for name, value in sign(key) if name == "Signature").encode()
    return {
        "a length and chunks": delivery(key, (cl, SIZE), (te, "chunked"), content=CHUNKED + SMUGGLED),
        "chunks and a length": delivery(key, (te, "chunked"), (cl, "5"), content=CHUNKED + SMUGGLED),
        "chunked, identity": delivery(key, (te, "chunked, identity"), content=CHUNKED + SMUGGLED),
        "xchunked": delivery(key, (te, "xchunked"), content=CHUNKED + SMUGGLED),
        "lengths that differ": delivery(key, (cl, SIZE), (cl, "0"), content=after),
        "a length twice": delivery(key, (cl, SIZE), (cl, SIZE), content=after),
        "a length with a sign": delivery(key, (cl, f"+{SIZE}"), content=after),
        "a list of lengths": delivery(key, (cl, f"{SIZE},{SIZE}"), content=after),
        "a negative length": delivery(key, (cl, "-1"), content=after),
        "a hex length": delivery(key, (cl, hex(len(BODY))), content=after),
        "a length beyond 64 bits": delivery(key, (cl, str(2**64 + len(BODY))), content=after),
        "a chunk's size with 0x": delivery(key, (te, "chunked"), content=b"0x" + CHUNKED + SMUGGLED),
        "a chunk's size too large": delivery(key, (te, "chunked"), content=b"1" + b"0" * 15 + CHUNKED + SMUGGLED),
        "chunks with LF alone": delivery(key, (te, "chunked"), content=CHUNKED.replace(b"\r\n", b"\n") + SMUGGLED),
        "a chunk's extension with LF": delivery(
            key, (te, "chunked"), content=HEX + b";a=\nb\r\n" + BODY + b"\r\n0\r\n\r\n" + SMUGGLED
        ),
        "a signature in a trailer": head("POST", DELIVERIES, [*without, (te, "chunked")]) + trailer + late + b"\r\n",
        "GET with a body that is a request": head(
            "GET", ME, [*sign(key, method="GET", path=ME, body=None, purpose=None), (cl, str(len(SMUGGLED)))]
        )
        + SMUGGLED,
        "a purpose that is folded": post(sign(key)).replace(b"Exchange-Purpose: ", b"Exchange-Purpose:\r\n "),
        "latin-1 in a covered field": post(sign(key)).replace(b"talent-service", b"talent-\xe9"),
        "bytes after the body": delivery(key, (cl, SIZE), content=BODY + b"XXXX"),
        "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/0.9": b"GET /livez\r\n",
        "no Host": b"GET /livez HTTP/1.1\r\n\r\n",
        "CONNECT": b"CONNECT localhost:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        "OPTIONS *": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "TRACE": b"TRACE /livez HTTP/1.1\r\nHost: x\r\n\r\n",
        "high bytes in a target": b"GET /livez\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        "%00 in a target": b"GET /livez%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        "a tab in the request line": b"GET\t/livez\tHTTP/1.1\r\nHost: x\r\n\r\n",
        "a WebSocket": b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    }


def read_in_one_way(key: Key) -> dict[str, tuple[bytes, int]]:
    """Requests that have one reading, perhaps with more requests behind them, and how many are answered with success."""
    te, cl = "Transfer-Encoding", "Content-Length"
    extension = HEX + b";foo=bar\r\n" + BODY + b"\r\n0\r\n\r\n"
    purpose = HEX + b"\r\n" + BODY + b"\r\n0\r\nExchange-Purpose: statistics\r\n\r\n"
    many = b"".join(head("POST", DELIVERIES, sign(key), length=len(BODY)) + BODY for _ in range(20))
    twice = head("POST", DELIVERIES, sign(key), length=len(BODY)) + BODY
    return {
        "chunks": (delivery(key, (te, "chunked"), content=CHUNKED), 1),
        "chunks after a tab": (delivery(key, (te, "\tchunked"), content=CHUNKED), 1),
        "a length with a zero before": (delivery(key, (cl, f"0{SIZE}"), content=BODY), 1),
        "a chunk's extension": (delivery(key, (te, "chunked"), content=extension), 1),
        "a purpose in a trailer": (delivery(key, (te, "chunked"), ("Trailer", "x"), content=purpose), 1),
        "twenty in a row": (many, 20),
        "the same twice in a row": (twice + twice, 1),
        "one that expects 100": (delivery(key, (cl, SIZE), ("Expect", "100-continue"), content=BODY), 1),
        "a content coding that is none": (delivery(key, (cl, SIZE), ("Content-Encoding", "gzip"), content=BODY), 1),
        "empty lines before": (b"\r\n\r\n\r\n" + SMUGGLED, 1),
        "an upgrade to h2c": (
            b"GET /livez HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n", 1,
        ),
        "HTTP/1.0 without Host": (b"GET /livez HTTP/1.0\r\n\r\n", 1),
    }  # fmt: skip


async def test_nothing_is_smuggled(populated_exchange: PopulatedExchange, port: int) -> None:
    key = populated_exchange.consumer.system
    wrong = []
    variants = refused(key)
    for name, content in variants.items():
        answers = await replies(port, content, patience=1.0)
        successes = [answer.status for answer in answers if answer.status < 400]
        if successes or len(answers) > 1 or any(answer.status >= 500 for answer in answers):
            wrong.append((name, [answer.status for answer in answers]))
    single = read_in_one_way(key)
    for name, (content, count) in single.items():
        answers = await replies(port, content, patience=2.0)
        if len([answer for answer in answers if answer.status == 200]) != count:
            wrong.append((name, [answer.status for answer in answers]))
    assert not wrong
    assert len(variants) + len(single) >= TRIED
