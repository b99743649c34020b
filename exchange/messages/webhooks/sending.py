"""Posting to webhooks: every server passes the network gate, and is reached at the addresses that passed it."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx2

from adapters.contract import SourceError
from adapters.network import Address, Gate, Policy, Server, normalise_host, read_port, read_url, resolve_admitted
from exchange.messages.webhooks.settings import WebhookSettings

_HTTPS = 443
_GONE = 410
_LOOKUP_SECONDS = 3.0


class PostFailed(Exception):
    """A post failed; the text says why, without anything that the server answered. `is_final`: the server is gone for good."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


class Sender:
    """Posts to webhooks of the servers that the operator's settings allow."""

    def __init__(self, client: httpx2.AsyncClient, gate: Gate, *, seconds: float) -> None:
        self._client = client
        self._gate = gate
        self._seconds = seconds

    @classmethod
    async def open(cls, settings: WebhookSettings, stack: AsyncExitStack) -> Self:
        """Open a sender, which is closed with the stack. Raises OSError for a file of certificates that cannot be read."""
        policy = Policy(settings.webhook_hosts, is_public_only=True)

        async def admit(server: Server, addresses: Sequence[Address]) -> None:
            policy.check(server, addresses)

        # Neither a proxy nor a redirect leads past the gate.
        client = httpx2.AsyncClient(
            timeout=settings.webhook_seconds,
            follow_redirects=False,
            trust_env=False,
            verify=_authorities(settings.webhook_ca),
        )
        await stack.enter_async_context(client)
        return cls(client, Gate(admit), seconds=settings.webhook_seconds)

    async def check(self, url: str) -> None:
        """Check that a URL may be a webhook's. Raises SourceError, OSError for a host without addresses."""
        async with asyncio.timeout(_LOOKUP_SECONDS):
            await self._addresses(url)

    async def _addresses(self, url: str) -> tuple[Server, list[Address]]:
        server = _server_of(url)
        addresses = await resolve_admitted(server, self._gate)
        if not addresses:
            raise OSError(f"{server.host} has no address")
        return server, addresses

    async def post(self, url: str, body: bytes, fields: Mapping[str, str]) -> None:
        """Post a body. Raises PostFailed unless the server answers with a status of 2xx in time; its answer is not read."""
        try:
            async with asyncio.timeout(self._seconds):
                server, addresses = await self._addresses(url)
                status = await self._status(url, server, addresses[0], body, fields)
        except SourceError as error:
            raise PostFailed(error.code) from None
        except (TimeoutError, httpx2.TimeoutException):
            raise PostFailed("timeout") from None
        except (OSError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise PostFailed(type(error).__name__) from None
        if not 200 <= status < 300:  # noqa: PLR2004 - the statuses of success
            raise PostFailed(f"status {status}", is_final=status == _GONE)

    async def _status(self, url: str, server: Server, address: Address, body: bytes, fields: Mapping[str, str]) -> int:
        parts = urlsplit(url)
        host = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004 - IPv6
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        async with self._client.stream(
            "POST",
            f"https://{host}:{server.port}{target}",
            content=body,
            headers={**fields, "host": parts.netloc},
            # The certificate has to be that of the name, whatever address it is reached at.
            extensions={"sni_hostname": server.host},
        ) as response:
            return response.status_code


def _server_of(url: str) -> Server:
    """The server of a webhook's URL. Raises SourceError option-invalid."""
    read = read_url(url)
    if read.scheme != "https" or read.user or read.password or not read.path.startswith("/"):
        raise SourceError("option-invalid", "a webhook has a URL of the form https://host[:port]/path, without a login")
    if not url.isascii() or str(httpx2.URL(url)) != url:
        raise SourceError(
            "option-invalid", "write the URL in its normal form: in ASCII, percent-encoded, without the port 443"
        )
    return Server(normalise_host(read.host), read_port(read.port, _HTTPS))


def _authorities(file: Path | None) -> ssl.SSLContext:
    context = httpx2.create_ssl_context()
    if file is not None:
        context.load_verify_locations(file)
    return context
