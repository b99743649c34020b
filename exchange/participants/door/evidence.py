"""The kinds of evidence: what proves that a caller asked for an act, as the act's entries on the ledger hold it."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from typing import Any, TypeAlias

from exchange.kernel.work import Principal
from ledger import entries
from signatures import SignedRequest


@dataclass(frozen=True, slots=True)
class Signature:
    """A request's signature by the caller's key: with the public key, it proves what was asked and by whom."""

    signed: SignedRequest

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the signature base (RFC 9421 section 2.5)."""
        return hashlib.sha256(self.signed.base).hexdigest()

    @property
    def text(self) -> str:
        """The signature in base64."""
        return b64encode(self.signed.signature).decode("ascii")

    def fields(self, principal: Principal) -> dict[str, Any]:
        """The actor and the request, as fields of an entry's body."""
        return {"actor": principal.actor, "request": entries.Request(base=self.digest, signature=self.text)}


@dataclass(frozen=True, slots=True)
class Founding:
    """The founding of the exchange: the only act without evidence. Its entries name no actor."""

    @property
    def digest(self) -> str:
        """Hex SHA-256 of nothing: nothing was signed."""
        return hashlib.sha256(b"").hexdigest()

    def fields(self, _principal: Principal) -> dict[str, Any]:
        """An actor without a name."""
        return {"actor": entries.Actor()}


Evidence: TypeAlias = Signature | Founding
