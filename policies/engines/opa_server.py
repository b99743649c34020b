"""The engine of a larger deployment: an OPA server beside the exchange, which serves the same bundle.

The exchange only queries one rule of the server. The server loads the signed bundle from disk (`opa run --server --bundle FILE`,
written by `exchange policy bundle`) or from a bundle service of its own. Every answer states its revision.
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

from policies.decision.conclusion import conclude, deny_unavailable
from policies.decision.documents import Decision, DeliveryInput

_PACKAGE = "exchange/delivery"
_RULE = "decision"


class OpaServerEngine:
    """Queries an OPA server; an answer has to come `within` so many seconds. `open_opa_server` makes one and closes it."""

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
        except Exception as problem:  # noqa: BLE001 - without an answer there is no decision, whatever the cause
            return deny_unavailable(type(problem).__name__, revision=self.revision, engine=self.name)
        # OPA answers without a result and with no error if the rule is undefined or unknown.
        result = answer.get("result") if isinstance(answer, dict) else None
        return conclude(json.dumps(result), revision=self.revision, engine=self.name)

    async def find_fault(self) -> str | None:
        """What is wrong with the server, in words that follow "the policy server"; None where it can decide.

        It is asked the rule without facts: that decides nothing, and states the revision of its bundle.
        """
        try:
            async with asyncio.timeout(self._within):
                answer = await self._client.query_rule({}, _PACKAGE, _RULE)
        except Exception as problem:  # noqa: BLE001 - whatever the cause, it does not answer
            return f"does not answer ({type(problem).__name__})"
        result = answer.get("result") if isinstance(answer, dict) else None
        revision = result.get("revision") if isinstance(result, dict) else None
        if revision != self.revision:
            return "has no policy bundle of this version (`exchange policy bundle` writes it)"
        return None


class _Client(AsyncOpaClient):  # type: ignore[misc]  # the library has no types
    """The library's client, with a file of trusted authorities: the library knows only those of the system."""

    def __init__(self, *, ca: Path | None, **options: object) -> None:
        super().__init__(**options)
        self._ca = ca

    async def _init_session(self) -> None:
        context = ssl.create_default_context(cafile=self._ca) if self.ssl else True
        self._connector = aiohttp.TCPConnector(ssl=context)
        limit = aiohttp.ClientTimeout(total=self.timeout)
        self._session = aiohttp.ClientSession(headers=self.headers, connector=self._connector, timeout=limit)


@asynccontextmanager
async def open_opa_server(
    url: str, *, revision: str, token: str | None = None, ca: Path | None = None, within: float = 0.5
) -> AsyncIterator[OpaServerEngine]:
    """
    Open an engine on the OPA server at `http[s]://host[:port]`, for as long as the block lasts.

    `revision` is the digest of the expected bundle, `token` a bearer token, `ca` a PEM file of the authorities to trust
    instead of the system's, `within` the seconds that a decision may take. The server may be down meanwhile: every request
    is denied until it is up. Raises ValueError for a URL of another form.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("the URL of an OPA server has the form http[s]://host[:port]")
    # A second attempt would come after `within`, when the request is denied already, so there is none.
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
