"""Shared parts of entries: the fields that all have, parts that several types have, and the types of values."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from ledger.format import canonical

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")]
Erasable = Literal["purpose-ended", "service-ended", "consent-withdrawn", "unlawful-processing", "other-law"]
"""The basis of an erasure: the five cases of PIPL Article 47, in its order."""
Holding = Literal["litigation", "investigation", "supervision", "other-law"]
"""The basis of a hold."""
Lane = Literal["government", "operation", "trade", "person"]


class Strict(BaseModel):
    """A model without further fields or type conversion."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Right = Literal[
    "access",
    "copy",
    "portability",
    "correct",
    "supplement",
    "delete",
    "restrict",
    "explain-rules",
    "explain-decision",
    "withdraw-consent",
    "deceased-relative",
]
"""What a person asks of an owner (PIPL Articles 15, 24 and 44 to 49)."""


class Actor(Strict):
    """The actor: the principal, its organisation, and the key that signed; or a person, by pseudonym."""

    key: str | None = None
    organisation: str | None = None
    person: Annotated[Hex | None, Field(description="the pseudonym of a person who acts")] = None
    principal: str | None = None


class Object(Strict):
    """The object of the act: its kind and id."""

    kind: str
    id: str
    version: int | None = None


class Request(Strict):
    """The evidence of the signed request: the digest of its signature base (RFC 9421 section 2.5) and the signature."""

    base: Hex
    signature: Annotated[str, Field(description="base64, as on the wire")]


class Session(Strict):
    """The evidence of a person's act: a MAC of what was sent, under the digest of the session's token, and the sign-in."""

    confirmation: Hex
    level: Annotated[str, Field(description="as the identity provider states it")]
    method: Annotated[str, Field(description="how the person signed in")]


class Reason(Strict):
    """One reason of a denial: the rule's code and, if there is one, the object it is about."""

    code: str
    ref: str | None = None


class Assessments(Strict):
    """An owner's assessments on file: a salted digest of each one's reference, report digest and day."""

    impact: Annotated[Hex | None, Field(description="of the personal information protection impact assessment")] = None
    risk: Annotated[Hex | None, Field(description="of the risk assessment of important data")] = None


class Derivation(Strict):
    """A dataset that another one is derived from: its version at that time, and the agreement under which it was received."""

    dataset: str
    version: int
    agreement: Annotated[str | None, Field(description="absent for a dataset of the same owner")] = None


class Decision(Strict):
    """The policy's decision, and which policy made it."""

    outcome: Literal["allow", "deny"]
    policy: Annotated[Hex, Field(description="digest of the policy bundle")]
    engine: str
    input: Annotated[Hex | None, Field(description="salted digest of the input document")] = None
    obligations: Annotated[Hex | None, Field(description="salted digest of the obligations")] = None
    reasons: list[Reason] = []


class Result(Strict):
    """The delivered content: its size, and the SHA-256 of its bytes."""

    rows: int
    columns: int
    bytes: int
    content: Hex


class Scope(Strict):
    """The scope of a notice that people consent to, with its epochs at the first and at the last row that was released."""

    scope: int
    first: int
    last: int


class People(Strict):
    """The commitment to the people in an answer: the root over the pieces of a bitmap, people in a piece, pieces."""

    root: Hex
    size: int
    pieces: int


class Members(Strict):
    """The commitment to the people in an answer: the root over buckets of tokens, the key of the tokens, and their number."""

    root: Hex
    token_key: Annotated[Hex, Field(description="the key under which a person's secret becomes the token")]
    buckets: Annotated[int, Field(description="the number of buckets, a power of two")]


class Account(Strict):
    """The place in an account: the agreement's id, the number from 1, and the leaf hash of the account's entry before."""

    id: str
    n: int
    prev: Hex


class Body(Strict):
    """The fields that every entry may have."""

    affects_decisions: ClassVar[bool] = True
    """Whether decisions depend on what this entry records, so that the fence must advance."""

    type: str
    at: Time
    actor: Actor
    object: Object | None = None
    request: Request | None = None
    session: Session | None = None

    @property
    def creates_object(self) -> bool:
        """Whether the entry records an object that is new, so that nobody can have cached a fact about it."""
        return False

    def canonical(self) -> bytes:
        """The body as RFC 8785 canonical JSON; fields that are None are absent."""
        return canonical.dumps(self.model_dump(exclude_none=True))


def moves_fence(bodies: Sequence[Body]) -> bool:
    """Whether the entries of one transaction change what decisions may rest on.

    What they state about an object that the same transaction creates changes no fact that was read before.
    """
    created = {body.object.id for body in bodies if body.object is not None and body.creates_object}
    return any(body.affects_decisions and (body.object is None or body.object.id not in created) for body in bodies)
