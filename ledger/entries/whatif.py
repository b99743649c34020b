"""Questions about decisions that nobody acted on."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body


class PolicyExplained(Body):
    """Somebody asked how a delivery would be decided, and why; nothing was delivered."""

    type: Literal["policy.explained"] = "policy.explained"
    affects_decisions: ClassVar[bool] = False
    principal: Annotated[str, Field(description="whose delivery it would be")]
    purpose: str
    outcome: Literal["allow", "deny"]
