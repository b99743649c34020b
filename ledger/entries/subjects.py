"""People: erasure of their details, holds against it, disclosure, their requests to owners, and their bindings at the portal."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Erasable, Hex, Holding, Right, Time


class ErasureExecuted(Body):
    """A subject's key and everything sealed under it were destroyed; the object is the subject's pseudonym.

    From now on, its entries can be linked to nobody. All of them stay provable, except for the details.
    """

    type: Literal["erasure.executed"] = "erasure.executed"
    basis: Erasable
    details: Annotated[int, Field(description="how many sealed details there were")]
    key_id: Annotated[str, Field(description="the key that was destroyed")]


class ErasureRefused(Body):
    """An erasure was refused: the subject's details must be kept for now."""

    type: Literal["erasure.refused"] = "erasure.refused"
    affects_decisions: ClassVar[bool] = False
    basis: Erasable
    cause: Literal["legal-hold", "retention"]
    until: Annotated[Time | None, Field(description="when the retention ends")] = None


class HoldPlaced(Body):
    """A hold was placed: the subject's details must be kept, despite any reason for erasure, until it is lifted."""

    type: Literal["hold.placed"] = "hold.placed"
    affects_decisions: ClassVar[bool] = False
    basis: Holding
    hold: str
    statement: Annotated[Hex, Field(description="salted digest of the reason")]


class HoldLifted(Body):
    """A hold was lifted."""

    type: Literal["hold.lifted"] = "hold.lifted"
    affects_decisions: ClassVar[bool] = False
    hold: str
    statement: Annotated[Hex, Field(description="salted digest of the reason")]


class DetailsDisclosed(Body):
    """Somebody read sealed details, of an entry or about a subject; `found` is how many could be decrypted."""

    type: Literal["details.disclosed"] = "details.disclosed"
    affects_decisions: ClassVar[bool] = False
    found: int


class PersonRequestChanged(Body):
    """A person asked an owner about their data, or withdrew that; or the owner granted, refused, or restricted it."""

    type: Literal[
        "person_request.received",
        "person_request.granted",
        "person_request.refused",
        "person_request.restricted",
        "person_request.withdrawn",
    ]
    affects_decisions: ClassVar[bool] = False
    kind: Right
    dataset: str
    provider: Annotated[str, Field(description="the owner")]
    statement: Annotated[Hex | None, Field(description="salted digest of what was written")] = None
    subjects: Annotated[list[Hex] | None, Field(description="of a received one: the person's pseudonym")] = None


class RestrictionChanged(Body):
    """From here on no delivery and no answer has rows about the person of a request, which is the object; or it ended."""

    type: Literal["restriction.begun", "restriction.ended"]
    dataset: str
    provider: Annotated[str, Field(description="the owner")]


class PersonBound(Body):
    """A person's identifier was bound to their account, by a proof that a verifier checked; the object is the pseudonym."""

    type: Literal["person.bound"] = "person.bound"
    affects_decisions: ClassVar[bool] = False
    level: Annotated[str, Field(description="as the verifier states it")]
    method: Annotated[str, Field(description="the verifier")]
    secret: Annotated[
        Hex | None, Field(description="the digest of the person's secret, by which answers are opened to the person")
    ] = None


class PasskeyChanged(Body):
    """A person registered or removed a passkey; or a sign-in was refused, since its sign count had not grown."""

    type: Literal["passkey.registered", "passkey.removed", "passkey.regressed"]
    affects_decisions: ClassVar[bool] = False


class DisclosureDeferred(Body):
    """An organisation's uses of a dataset for a purpose are shown to the people in it later, as a law demands.

    One person proposes, and another confirms (`disclosure.deferred`). `statement` is the salted digest of law and reason.
    """

    type: Literal["disclosure.proposed", "disclosure.deferred"]
    affects_decisions: ClassVar[bool] = False
    consumer: str
    dataset: str
    purpose: str
    extends: Annotated[str | None, Field(description="the deferral that this one makes longer")] = None
    visible_from: Time
    statement: Hex


class BindingCodeGiven(Body):
    """An organisation gave a person whom it knows a code, with which they bind their identifier; the object is the dataset."""

    type: Literal["binding_code.given"] = "binding_code.given"
    affects_decisions: ClassVar[bool] = False
    until: Time
    recovers: Annotated[
        bool | None, Field(description="true of a code that ends the ways into the account that has the identifier")
    ] = None
