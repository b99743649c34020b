"""Erasure of subjects' details, holds against it, and disclosure of sealed details."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Erasable, Hex, Holding, Time


class ErasureExecuted(Body):
    """A subject's key and everything sealed under it were destroyed; the object is the subject's pseudonym.

    From here on its entries tell of nobody. Everything about them stays provable but the details.
    """

    type: Literal["erasure.executed"] = "erasure.executed"
    basis: Erasable
    details: Annotated[int, Field(description="how many sealed details there were")]
    key_id: Annotated[str, Field(description="the key that was destroyed")]


class ErasureRefused(Body):
    """A subject's details may not be erased yet."""

    type: Literal["erasure.refused"] = "erasure.refused"
    affects_decisions: ClassVar[bool] = False
    basis: Erasable
    cause: Literal["legal-hold", "retention"]
    until: Annotated[Time | None, Field(description="when the retention ends")] = None


class HoldPlaced(Body):
    """A subject's details have to be kept, whatever asks for their erasure, until the hold is lifted."""

    type: Literal["hold.placed"] = "hold.placed"
    affects_decisions: ClassVar[bool] = False
    basis: Holding
    hold: str
    statement: Annotated[Hex, Field(description="salted digest of the reason")]


class HoldLifted(Body):
    """A hold is over."""

    type: Literal["hold.lifted"] = "hold.lifted"
    affects_decisions: ClassVar[bool] = False
    hold: str
    statement: Annotated[Hex, Field(description="salted digest of the reason")]


class DetailsDisclosed(Body):
    """Somebody read sealed details: those of an entry, or those about a subject; `found` could be opened."""

    type: Literal["details.disclosed"] = "details.disclosed"
    affects_decisions: ClassVar[bool] = False
    found: int
