"""Requests and answers about consents. Identifiers of people are in bodies only, never in an address."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from exchange.kernel.schemas import In, Moment, Out, Prose, Text, with_example
from exchange.subjects.schemas import Value

Method = Literal["portal", "window", "paper-signature", "electronic-signature", "recording", "system"]
"""How a decision was obtained: by the person in the portal, at a service window, on paper with a signature, with an
electronic signature (电子签名法), on a recording, in the owner's own system.
"""
WRITTEN: Final = frozenset({"paper-signature", "electronic-signature"})
State = Literal[
    "requested", "deferred", "given", "refused", "renewed", "withdrawn", "expired", "revoked", "invalidated"
]
Proof = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(description="SHA-256 of what proves the decision, such as the signed form; the owner keeps it"),
]
_PERSON: dict[str, Any] = {"notice": "01930b2e-6f1a-7000-8000-000000000009", "value": "330106199003078812"}
_PROOF = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Guardian(In):
    """The guardian who consents for a child under 14 (PIPL Article 31), kept sealed."""

    name: Text
    relation: Literal["parent", "guardian"]
    verified_by: Annotated[Text, Field(description="How the relation was verified", examples=["户口簿"])]


class PersonUnderNotice(In):
    """A person, as the notice's dataset identifies them."""

    model_config = with_example(_PERSON)

    notice: UUID
    value: Value


class Decision(PersonUnderNotice):
    """What a person decided, recorded by the owner with proof of how it was obtained.

    Giving again while a consent holds renews it. Withdrawing needs no proof.
    """

    model_config = with_example(
        {
            **_PERSON,
            "decision": "given",
            "at": "2026-06-01T09:30:00+08:00",
            "method": "paper-signature",
            "proof": _PROOF,
        }
    )

    decision: Literal["given", "refused", "deferred", "withdrawn"]
    at: Annotated[Moment | None, Field(description="When the person decided; now if it is left out")] = None
    method: Method | None = None
    proof: Proof | None = None
    under_14: bool = False
    guardian: Guardian | None = None

    @model_validator(mode="after")
    def _whole_proof(self) -> Self:
        if (self.method is None) != (self.proof is None):
            raise ValueError("`method` and `proof` belong together")
        return self


class Ending(In):
    """The reason why a consent ends without the person. The exchange keeps it; the ledger holds its salted digest."""

    model_config = with_example({"reason": "采集程序违法"})

    reason: Prose


class ConsentOut(Out):
    """A person's consent under a notice. Whose it is, the owner knows by the identifier it asked with."""

    id: UUID
    notice: UUID
    state: State
    asked_at: datetime | None
    decided_at: Annotated[datetime | None, Field(description="The person's newest decision")]
    until: datetime | None
    method: Method | None
    proof: Proof | None
    has_guardian: bool
    load: Annotated[UUID | None, Field(description="The load that brought it")]
    row: Annotated[int | None, Field(description="Its row in the load, from 1")]
