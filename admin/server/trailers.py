"""Trailers: fields that follow an answer's content, which are known only when all of it has left.

uvicorn has none. This gives its answers the ASGI extension `http.response.trailers`, where they are sent in chunks.
"""

from typing import Final, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, RequestResponseCycle

_EXTENSION: Final = "http.response.trailers"


def with_trailers(app: ASGI3Application, cycle: RequestResponseCycle) -> ASGI3Application:
    """The application, to which the extension is offered while it answers this one request."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["http_version"] == "1.1":
            scope["extensions"] = {**(scope.get("extensions") or {}), _EXTENSION: {}}
        await cast("ASGIApp", app)(scope, receive, _Answer(cycle, send).send)

    return cast("ASGI3Application", answering)


class _Answer:
    """One answer on its way out. Where trailers were announced, the last chunk waits for them."""

    def __init__(self, cycle: RequestResponseCycle, send: Send) -> None:
        self._cycle = cycle
        self._send = send
        self._has_trailers = False
        self._lines: list[bytes] = []

    async def send(self, message: Message) -> None:
        """Send one message of the application."""
        if message["type"] == _EXTENSION:
            await self._follow(message)
        elif message["type"] == "http.response.start":
            await self._send(message)
            # Only chunks can be followed by anything: not a content of a stated length, nor the head alone.
            self._has_trailers = bool(message.get("trailers")) and self._cycle.chunked_encoding is True
        else:
            await self._send({**message, "more_body": True} if self._has_trailers else message)

    async def _follow(self, message: Message) -> None:
        self._lines += [_line(name, value) for name, value in message.get("headers", ())]
        if self._has_trailers and not message.get("more_trailers", False):
            # From here on uvicorn does no chunking: its last chunk leaves no room for trailers (RFC 9112 section 7.1).
            content = b"".join((b"0\r\n", *self._lines, b"\r\n"))
            self._cycle.chunked_encoding, self._cycle.expected_content_length = False, len(content)
            await self._send({"type": "http.response.body", "body": content, "more_body": False})


def _line(name: bytes, value: bytes) -> bytes:
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError("This is no trailer field.")
    return b"%b: %b\r\n" % (name.lower(), value)
