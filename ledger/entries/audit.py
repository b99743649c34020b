"""Searches of the ledger and replays of decisions."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex


class AuditRead(Body):
    """Somebody searched the ledger through the exchange, in the scope that its roles give: everything, or what is its
    organisation's. The salt of `query` is in the answer.
    """

    type: Literal["audit.read"] = "audit.read"
    affects_decisions: ClassVar[bool] = False
    query: Annotated[Hex, Field(description="salted digest of the filter")]
    found: Annotated[int, Field(description="how many entries were shown")]
    scope: Annotated[
        Literal["exchange", "organisation"] | None, Field(description="absent in entries before it was told")
    ] = None


class AuditReplayed(Body):
    """Somebody had the decision of an entry, the object, made again from what is kept of it, and was told the verdict. An
    entry of a former incarnation of the ledger is named `<incarnation>/<index>`.
    """

    type: Literal["audit.replayed"] = "audit.replayed"
    affects_decisions: ClassVar[bool] = False
    scope: Literal["exchange", "organisation"]
    verdict: str
