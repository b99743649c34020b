"""The contract of a policy engine: it answers every question, and denies what it cannot decide.

An engine never raises, so that no caller can forget to treat a failure as a denial.
"""

from typing import Protocol

from policies.decision.documents import Decision, DeliveryInput


class Engine(Protocol):
    """Decides deliveries under one revision of the policy."""

    @property
    def name(self) -> str:
        """The engine and its version, for the record of a decision."""

    @property
    def revision(self) -> str:
        """The digest of the policy bundle."""

    async def decide(self, document: DeliveryInput) -> Decision:
        """Allow or deny one delivery. Never raises: a decision that cannot be made is a denial with `policy-unavailable`."""
