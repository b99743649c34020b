"""A real identity provider (npm `oidc-provider`), and a browser that signs in at it: without pages, one request after another."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from admin.server.reaching import free_port
from tests.support.exchanges.exchange import Answer, Exchange

TOOL = Path(__file__).parents[3] / "build" / "tools" / "oidc"
_UID = re.compile(r'action="([^"]+)"')


@contextmanager
def run_provider(callback: str) -> Iterator[str]:
    """The issuer of a running provider whose clients come back to `callback`. Skips the test where it is not installed."""
    if not (TOOL / "node_modules" / "oidc-provider").exists():
        pytest.skip("no identity provider: make test installs it where npm is")
    port = free_port()
    words = ["node", str(TOOL / "provider.mjs"), str(port), callback]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().strip() == b"ready"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@dataclass
class Browser:
    """A browser with the cookies of the exchange; each sign-in has a fresh session at the provider."""

    exchange: Exchange
    cookies: dict[str, str] = field(default_factory=dict)

    async def request(self, method: str, target: str, document: Any = None, **headers: str) -> Answer:
        """Send a request as a page of the exchange does."""
        sent = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        sent |= {"sec-fetch-site": "same-origin"} if "sec_fetch_site" not in headers and "origin" not in headers else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        body = None
        if document is not None:
            body = httpx2.Request("POST", "http://x", json=document).content
            sent.setdefault("content-type", "application/json")
        answer = await self.exchange.send(method, target, sent, body)
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer

    async def begin(self) -> str:
        """Begin a sign-in: where the exchange sends the browser."""
        answer = await self.request("GET", "/portal/sign-in")
        assert answer.status == 303, answer.content
        return str(answer.headers["location"])

    async def sign_in(self, login: str) -> Answer:
        """Sign in: the exchange's answer to the provider's redirect."""
        return await self.request(
            "GET",
            await visit_provider(await self.begin(), login),
            sec_fetch_site="cross-site",
            sec_fetch_mode="navigate",
        )


async def visit_provider(url: str, login: str) -> str:
    """Sign in at the provider as `login`: the path and query with which it sends the browser back."""
    async with httpx2.AsyncClient() as client:
        answer = await client.get(url)
        for _ in range(8):
            if answer.is_redirect:
                url = urljoin(str(answer.url), answer.headers["location"])
                parts = urlsplit(url)
                if parts.path == "/portal/sign-in/callback":
                    return f"{parts.path}?{parts.query}"
                answer = await client.get(url)
                continue
            assert answer.status_code == 200, answer.text
            [action] = set(_UID.findall(answer.text)) or {""}
            form = (
                {"prompt": "login", "login": login, "password": "x"}
                if 'name="login"' in answer.text
                else {"prompt": "consent"}
            )
            answer = await client.post(urljoin(str(answer.url), action), data=form)
    raise AssertionError("the provider does not send the browser back")
