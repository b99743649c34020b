"""Objects that rest on a person: other rooms register what an erasure has to do in them.

Consents, for instance, end with the person's erasure.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from exchange.kernel.work import Work

BeforeErasure = Callable[[Work, int], Awaitable[None]]
"""Called with the person's number before the ledger's lock is taken: takes the locks of rows that the erasure changes."""
DuringErasure = Callable[[Work, int], Awaitable[None]]
"""Called with the person's number under the ledger's lock, in the transaction that appends `erasure.executed`."""


@dataclass(frozen=True, slots=True)
class SubjectDependents:
    """The acts of a running exchange for a person who is erased."""

    locking: list[BeforeErasure] = field(default_factory=list)
    erasure: list[DuringErasure] = field(default_factory=list)

    async def lock(self, work: Work, number: int) -> None:
        """Take the locks of what is about a person."""
        for lock in self.locking:
            await lock(work, number)

    async def follow_erasure(self, work: Work, number: int) -> None:
        """Do what follows a person's erasure."""
        for follow in self.erasure:
            await follow(work, number)
