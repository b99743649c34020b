"""Searches of the ledger and replays of decisions."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex


class AuditRead(Body):
    """Somebody searched the ledger through the exchange, in the scope of its roles: everything, or its organisation's
    entries. The salt of `query` is in the answer.
    """

    type: Literal["audit.read"] = "audit.read"
    affects_decisions: ClassVar[bool] = False
    query: Annotated[Hex, Field(description="salted digest of the filter")]
    found: Annotated[int, Field(description="how many entries were returned")]
    scope: Annotated[Literal["exchange", "organisation"] | None, Field(description="absent in older entries")] = None


class AuditReplayed(Body):
    """Somebody replayed the decision of an entry, the object, and received the verdict. An entry of a former incarnation
    of the ledger is named `<incarnation>/<index>`.
    """

    type: Literal["audit.replayed"] = "audit.replayed"
    affects_decisions: ClassVar[bool] = False
    scope: Literal["exchange", "organisation"]
    verdict: str
