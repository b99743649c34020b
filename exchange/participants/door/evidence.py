"""Evidence that a caller asked for an act, and claims: the facts established about a request's sender.

Evidence goes into the entries of an act. A claim is one value for each stage of an admission; a refusal puts on the
ledger what its claim establishes, and no more: nothing that a stranger sent gets into an entry.
"""

import hashlib
import hmac
from base64 import b64encode
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from exchange.kernel.work import Caller, Principal
from exchange.participants.queries import KeyHolder
from ledger import entries
from ledger.log.store import Nonce
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


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A person's confirmation in a session: a MAC of what was sent, under a secret of the session.

    What was sent may hold an identifier, so that a bare digest of it could be guessed. `person` is the pseudonym.
    """

    mac: bytes
    level: str
    method: str
    person: str | None = None

    @classmethod
    def of(cls, sent: bytes, *, key: bytes, level: str, method: str) -> "Confirmation":
        """The confirmation of what was sent; `key` is the session's secret."""
        return cls(hmac.digest(key, sent, "sha256"), level, method)

    @property
    def digest(self) -> str:
        """The MAC in hex."""
        return self.mac.hex()

    def fields(self, _principal: Principal) -> dict[str, Any]:
        """The person by pseudonym, with the level and the method of the sign-in."""
        return {
            "actor": entries.Actor(person=self.person),
            "session": entries.Session(confirmation=self.digest, level=self.level, method=self.method),
        }


Evidence: TypeAlias = Signature | Founding | Confirmation


# Claims ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unsigned:
    """Nothing is known: the request has no signature that can be read."""

    signed: ClassVar[None] = None
    fence: ClassVar[None] = None
    nonce: ClassVar[None] = None

    def fields(self) -> dict[str, Any]:
        """An actor without a name."""
        return {"actor": entries.Actor()}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A signature that can be read and is not checked yet."""

    signed: SignedRequest
    fence: ClassVar[None] = None
    nonce: ClassVar[None] = None

    def fields(self) -> dict[str, Any]:
        """An actor without a name."""
        return {"actor": entries.Actor()}


@dataclass(frozen=True, slots=True)
class Named:
    """A signature that names a key, which was looked up where the fence stood."""

    signed: SignedRequest
    fence: int
    is_registered: bool
    nonce: ClassVar[None] = None

    def fields(self) -> dict[str, Any]:
        """The key, if it is registered; whether its holder signed is not known."""
        return {"actor": entries.Actor(key=self.signed.keyid if self.is_registered else None)}


@dataclass(frozen=True, slots=True)
class Sender:
    """The holder of a key, who signed the request. `nonce` is the one that its entry uses up; None if it is used up."""

    holder: KeyHolder
    evidence: Signature
    fence: int
    nonce: Nonce | None

    @property
    def signed(self) -> SignedRequest:
        """The request as it was signed."""
        return self.evidence.signed

    @property
    def caller(self) -> Caller:
        """The principal that acts, with this request as evidence."""
        return Caller(self.holder.principal, self.evidence)

    def fields(self) -> dict[str, Any]:
        """The sender and the signature, as fields of an entry's body."""
        return self.evidence.fields(self.holder.principal)


@dataclass(frozen=True, slots=True)
class Copied:
    """A possible copy of a request that the sender signed: sent again, too late, or without its body as signed.

    Its refusal uses no nonce up, so that nobody's copy makes the request itself a replay.
    """

    sender: Sender
    fence: ClassVar[None] = None
    nonce: ClassVar[None] = None

    @property
    def signed(self) -> SignedRequest:
        """The request as it was signed."""
        return self.sender.signed

    def fields(self) -> dict[str, Any]:
        """The sender and the signature, as fields of an entry's body."""
        return self.sender.fields()


Claim: TypeAlias = Unsigned | Claimed | Named | Sender | Copied
UNSIGNED = Unsigned()
