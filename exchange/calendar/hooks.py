"""What follows from a deadline that passed: other rooms register it by clock, in their `open_parts`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from exchange.calendar.counting import DeadlineView
from exchange.kernel.database import AsyncSession
from ledger import entries

AfterDeadline: TypeAlias = Callable[[AsyncSession, DeadlineView, datetime], Awaitable[Sequence[entries.Body]]]
"""Called in the sweep's transaction, with the deadline locked: changes rows and returns the entries of what it did.

It may run again where the transaction fails. What it raises is logged, and the deadline stays for the next round.
"""


@dataclass(frozen=True, slots=True)
class DeadlineDependents:
    """What follows when a deadline passes, by clock. A clock without a function has its entry only."""

    overdue: dict[str, AfterDeadline] = field(default_factory=dict)

    def register(self, clock: str, follow: AfterDeadline) -> None:
        """Register what follows when a clock's deadline passes. Raises ValueError for a clock that is taken."""
        if clock in self.overdue:
            raise ValueError(f"there is a function for the clock {clock} already")
        self.overdue[clock] = follow
