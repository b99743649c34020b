"""One delivery in the hands of a server that the test plays, chunk by chunk."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.exchanges.exchange import Exchange, Party

DELIVERIES = "/api/v1/deliveries"


Action = Callable[[], Awaitable[None]]


class RawDelivery:
    """One request in the hands of a server that the test plays: it sees each chunk as it leaves, and may act on it."""

    def __init__(self, exchange: Exchange, party: Party, question: dict[str, Any], *, accept: str = "text/csv") -> None:
        body = json.dumps(question).encode()
        self.body: bytes | None = body
        headers = {"exchange-purpose": "talent-service", "accept": accept, "host": "localhost:8000"}
        headers |= {"content-type": "application/json", "content-length": str(len(body))}
        signed = exchange.sign(party.system, "POST", DELIVERIES, body=body, headers=headers)
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "path": DELIVERIES,
            "raw_path": DELIVERIES.encode(),
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in signed.items()],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 8000),
        }
        self.app = exchange.app
        self.status = 0
        self.headers: dict[str, str] = {}
        self._content = bytearray()
        self.chunks = 0
        self.is_whole = False
        self.gone = asyncio.Event()
        self.after_first: Action | None = None

    @property
    def content(self) -> bytes:
        """What was received of the body."""
        return bytes(self._content)

    async def receive(self) -> dict[str, Any]:
        if self.body is not None:
            body, self.body = self.body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        self._content += message.get("body", b"")
        self.is_whole = not message.get("more_body", False)
        self.chunks += bool(message.get("body"))
        if self.chunks == 2 and self.after_first is not None:  # the header line is a chunk of its own
            action, self.after_first = self.after_first, None
            await action()

    async def run(self) -> None:
        await self.app(self.scope, self.receive, self.send)
