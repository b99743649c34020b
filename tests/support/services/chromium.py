"""Debian's Chromium without a window, driven through its DevTools protocol; with an authenticator that answers for a person."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

_LISTENING = b"DevTools listening on "
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-port=0",
)


@dataclass
class Page:
    """A page: commands of the protocol, and scripts that run in it."""

    socket: aiohttp.ClientWebSocketResponse
    session: str | None = None
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command, and wait for its result."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        await self.socket.send_json(message | ({"sessionId": self.session} if self.session else {}))
        while True:
            answer = await self.socket.receive_json(timeout=60)
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    async def visit(self, url: str) -> None:
        """Open a page, and wait until it has loaded."""
        await self.call("Page.enable")
        await self.call("Page.navigate", url=url)
        while (await self.socket.receive_json(timeout=60)).get("method") != "Page.loadEventFired":
            pass

    async def run(self, script: str, *arguments: Any) -> Any:
        """Run an asynchronous function in the page: what it returns."""
        call = f"({script})({', '.join(json.dumps(argument) for argument in arguments)})"
        answer = await self.call("Runtime.evaluate", expression=call, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")


@asynccontextmanager
async def run_chromium(program: str, profile: Path) -> AsyncIterator[Page]:
    """Run the browser with one page, whose authenticator verifies its person by itself."""
    process = await asyncio.create_subprocess_exec(
        program, *_FLAGS, f"--user-data-dir={profile}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        line = b""
        while not line.startswith(_LISTENING):
            line = await asyncio.wait_for(process.stderr.readline(), 120)
            assert line, "the browser has ended"
        address = line.removeprefix(_LISTENING).strip().decode()
        async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
            page = Page(socket)
            target = await page.call("Target.createTarget", url="about:blank")
            attached = await page.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            page.session = attached["sessionId"]
            await page.call("WebAuthn.enable")
            options = {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
            await page.call("WebAuthn.addVirtualAuthenticator", options=options)
            yield page
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
