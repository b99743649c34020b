"""The policy engine of a larger deployment: an OPA server beside the exchange, which holds the same bundle.

The server is told nothing and asked one rule. It gets the bundle from disk, signed (`opa run --server --bundle FILE`, made
by `exchange policy bundle`), or from its own bundle service; which revision it decides by is in every answer.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from opa_client.opa_async import AsyncOpaClient

from policies.decision.conclusion import conclude, unavailable
from policies.decision.documents import Decision, DeliveryInput

_PACKAGE = "exchange/delivery"
_RULE = "decision"


class OpaServerEngine:
    """Asks an OPA server, `within` so many seconds; `opa_server` makes one and closes its connections."""

    def __init__(self, client: AsyncOpaClient, *, revision: str, within: float) -> None:
        self._client = client
        self._within = within
        self.name = "opa-server"
        self.revision = revision

    async def decide(self, document: DeliveryInput) -> Decision:
        """Decide one delivery; see Engine."""
        try:
            async with asyncio.timeout(self._within):
                answer = await self._client.query_rule(json.loads(document.to_json()), _PACKAGE, _RULE)
        except Exception as problem:  # noqa: BLE001 - whatever it was, there is no decision
            return unavailable(type(problem).__name__, revision=self.revision, engine=self.name)
        # A rule that is undefined, or unknown to the server, is an answer without a result and not an error.
        result = answer.get("result") if isinstance(answer, dict) else None
        return conclude(json.dumps(result), revision=self.revision, engine=self.name)


class _Client(AsyncOpaClient):  # type: ignore[misc]  # the library has no types
    """The library's client, which trusts the authorities of a file where one is given: the library knows the system's only."""

    def __init__(self, *, ca: Path | None, **options: object) -> None:
        super().__init__(**options)
        self._ca = ca

    async def _init_session(self) -> None:
        context = ssl.create_default_context(cafile=self._ca) if self.ssl else True
        self._connector = aiohttp.TCPConnector(ssl=context)
        limit = aiohttp.ClientTimeout(total=self.timeout)
        self._session = aiohttp.ClientSession(headers=self.headers, connector=self._connector, timeout=limit)


@asynccontextmanager
async def opa_server(
    url: str, *, revision: str, token: str | None = None, ca: Path | None = None, within: float = 0.5
) -> AsyncIterator[OpaServerEngine]:
    """
    An engine on the OPA server at `http[s]://host[:port]`, with its connections open for as long as the block lasts.

    `revision` is the digest of the bundle that its decisions must come from, `token` a bearer token, `ca` a PEM file of the
    authorities trusted instead of the system's, `within` the most a decision may take, in seconds. A server that is down
    when this is opened denies until it is up.
    Raises ValueError for a URL of another form.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("an OPA server is named as http[s]://host[:port]")
    # No retries: a second attempt would come after its requester has given up, and repeats what never gets better.
    async with _Client(
        ca=ca,
        host=f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname,
        port=parts.port or 8181,
        ssl=parts.scheme == "https",
        token=token,
        retries=0,
        timeout=within,
    ) as client:
        yield OpaServerEngine(client, revision=revision, within=within)
