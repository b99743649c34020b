"""Checks before a source changes, which the rooms above register.

The catalogue, for instance, refuses a new upload without the fields of a published dataset, and the withdrawal of a source
that a dataset reads.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from adapters.plan.masks import FieldType
from adapters.plan.plan import Field
from exchange.kernel.work import Work

ContentCheck = Callable[[Work, UUID, Sequence[Field]], Awaitable[None]]
ExpectedTypes = Callable[[Work, UUID], Awaitable[Mapping[str, FieldType]]]
WithdrawalCheck = Callable[[Work, UUID], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Dependents:
    """The checks of a running exchange. A check raises a Problem to refuse the change."""

    content: list[ContentCheck] = field(default_factory=list)
    types: list[ExpectedTypes] = field(default_factory=list)
    withdrawal: list[WithdrawalCheck] = field(default_factory=list)

    async def expected_types(self, work: Work, source_id: UUID) -> dict[str, FieldType]:
        """The types that fields of a source are relied on to have. New content is read by them."""
        expected: dict[str, FieldType] = {}
        for types_of in self.types:
            expected |= await types_of(work, source_id)
        return expected

    async def check_content(self, work: Work, source_id: UUID, fields: Sequence[Field]) -> None:
        """Check new content of a source, given its fields. Raises the Problem of the first check that refuses."""
        for check in self.content:
            await check(work, source_id, fields)

    async def check_withdrawal(self, work: Work, source_id: UUID) -> None:
        """Check the withdrawal of a source. Raises the Problem of the first check that refuses."""
        for check in self.withdrawal:
            await check(work, source_id)
