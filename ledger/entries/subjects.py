"""Erasure of subjects' details, holds against it, and disclosure of sealed details."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Erasable, Hex, Holding, Time


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
