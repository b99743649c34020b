"""Dependents of sources: rooms above register checks, so that no source changes under what rests on it.

The catalogue registers that a published dataset still finds its fields in a new upload, and that none reads a source that
is withdrawn.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from adapters.plan.plan import Field
from exchange.kernel.work import Work

ContentCheck = Callable[[Work, UUID, Sequence[Field]], Awaitable[None]]
WithdrawalCheck = Callable[[Work, UUID], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Dependents:
    """The checks of a running exchange. Each raises a Problem to refuse the change."""

    content: list[ContentCheck] = field(default_factory=list)
    withdrawal: list[WithdrawalCheck] = field(default_factory=list)

    async def check_content(self, work: Work, source: UUID, fields: Sequence[Field]) -> None:
        """Refuse new content of a source, described by its fields, where something needs the old."""
        for check in self.content:
            await check(work, source, fields)

    async def check_withdrawal(self, work: Work, source: UUID) -> None:
        """Refuse the withdrawal of a source that something reads."""
        for check in self.withdrawal:
            await check(work, source)
