"""What rests on an agreement of a contract: the rooms above register what follows when it is terminated."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from exchange.kernel.work import Work

AfterTermination = Callable[[Work, UUID, str], Awaitable[None]]
"""Called with the agreement and the reason, in the act that terminates it. It may raise a Problem to refuse the act."""


@dataclass(frozen=True, slots=True)
class AgreementDependents:
    """What follows a termination in a running exchange."""

    termination: list[AfterTermination] = field(default_factory=list)

    async def follow_termination(self, work: Work, agreement: UUID, reason: str) -> None:
        """Do what follows a termination. Raises the Problem of the first that refuses."""
        for follow in self.termination:
            await follow(work, agreement, reason)
