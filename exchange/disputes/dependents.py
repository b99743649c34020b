"""Objects that a dispute is about: other rooms register what its end does to them.

A correction, for instance, ends with its dispute.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from exchange.kernel.work import Work

AfterEnd = Callable[[Work, UUID, str], Awaitable[None]]
"""Called with the matter's id and what was stated last, in the transaction of the step that ends the dispute."""


@dataclass(frozen=True, slots=True)
class DisputeDependents:
    """What the end of a dispute does in a running exchange, by the kind of its matter."""

    ended: dict[str, AfterEnd] = field(default_factory=dict)
