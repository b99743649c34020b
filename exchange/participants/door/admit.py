"""The one sequence that admits a request: from its bytes to a sender, or to the problem of the first check that fails.

The checks run from the outside in, so that a stranger costs little. First the head: the signature's form, its times, what
it covers, the key, and the signature itself, which covers the body's digest. Then the body as it arrives, in time, its
digest and media type. The holder of the key comes last.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request

from exchange.kernel.problems import UnsupportedMediaType
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.access import PRINCIPAL
from exchange.kernel.web.http import body_of, headers_of, target_uri_of
from exchange.participants.door import signed as checks
from exchange.participants.door.evidence import UNSIGNED, Claim, Claimed, Copied, Named, Sender, Signature
from exchange.participants.door.settings import DoorSettings
from exchange.participants.queries import KeyLookup
from ledger.log import store
from signatures import SignedRequest

LookUp = Callable[[SignedRequest], Awaitable[KeyLookup]]


@dataclass(frozen=True, slots=True)
class Way:
    """One way in: its demands beside a signature.

    `has_body`: every request has a body, though an empty one. `streams_body`: the endpoint reads the body and checks its
    digest. `has_purpose`: the signature covers a purpose. `checks_standing`: the sender may act at present; a delivery's
    decision checks that itself, with its reasons.
    """

    has_body: bool = False
    streams_body: bool = False
    has_purpose: bool = False
    checks_standing: bool = True


class Admission:
    """The admission of one request. `claim` has the facts about its sender that are established so far.

    It can run again after the key's state has changed; the signature and the body are read once.
    """

    __slots__ = ("_request", "_runtime", "_signed", "body", "claim", "headers")

    def __init__(self, request: Request, runtime: Runtime) -> None:
        self._request = request
        self._runtime = runtime
        self._signed: SignedRequest | None = None
        self.headers = headers_of(request)
        self.claim: Claim = UNSIGNED
        self.body = b""

    async def run(self, way: Way, look_up: LookUp) -> Sender:
        """Establish the sender. Raises the problem of the first check that fails, store.Replayed, ClientDisconnect."""
        settings, clock, headers = self._runtime[DoorSettings], self._runtime.clock, self.headers
        signed = self._read()
        self.claim = Claimed(signed)
        status = await look_up(signed)
        self.claim = Named(signed, status.fence, is_registered=status.holder is not None)
        checks.check_times(signed, settings=settings, clock=clock)
        has_body = way.has_body or headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        checks.check_coverage(signed, has_body=has_body, has_purpose=way.has_purpose)
        holder = checks.check_key(status.holder, at=clock.now())
        checks.check_signature(signed, holder, public_url=self._runtime.settings.public_url)
        sender = Sender(holder, Signature(signed), status.fence, checks.nonce_of(signed))
        self._request.scope[PRINCIPAL] = str(holder.principal.id)
        if not way.streams_body:
            self.claim = Copied(sender)  # until the body turns out to be the one that was signed
            self.body = await body_of(self._request, settings=self._runtime.settings)
            if has_body or self.body or "content-digest" in signed.components:
                checks.check_body(headers.get("content-digest"), hashlib.sha256(self.body).digest())
        self.claim = sender
        if self.body:
            _check_media_type(headers.get("content-type", ""))
        if way.checks_standing:
            checks.check_standing(holder)
        if status.is_used:
            self.claim = Copied(sender)
            raise store.Replayed
        return sender

    def _read(self) -> SignedRequest:
        if self._signed is None:
            target = target_uri_of(self._request.scope, self.headers, self._runtime.settings)
            self._signed = checks.read(method=self._request.method, target_uri=target, headers=self.headers)
        return self._signed


def _check_media_type(content_type: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise UnsupportedMediaType("Send the document as application/json.")
