"""Measure what a mask leaves of real values: how many of their characters, and how many values stay distinct."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from adapters.plan.applied import apply_mask, text_form
from adapters.plan.masks import Bucket, Constant, Hash, Mask, Null

MOST_KEPT: Final = 0.5
"""The largest share of a value's characters that a default mask may leave."""

_GROUPING: Final = 20  # distinct values, before it can be said whether a mask groups them
_MOST_DISTINCT: Final = 0.9
_LITTLE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Leaving:
    """Measures of what a mask leaves of a sample.

    `values` is the number of values that are not missing, `distinct` how many differ, `distinct_left` how many still do
    under the mask. `kept` is the largest share of a value's characters that leaves, from 0 to 1. `examples` are values with
    their masked forms, both as text; None stands for a missing value.
    """

    values: int
    distinct: int
    distinct_left: int
    kept: float
    examples: tuple[tuple[str, str | None], ...]

    @property
    def is_nearly_whole(self) -> bool:
        """Whether the mask barely changes the values: most characters stay, or hardly two values become equal."""
        is_distinct = self.distinct >= _GROUPING and self.distinct_left > _MOST_DISTINCT * self.distinct
        return self.kept > MOST_KEPT or (is_distinct and self.kept > _LITTLE)


def measure(mask: Mask | None, values: Sequence[Any], *, examples: int = 0) -> Leaving:
    """Measure a mask on the values of a column; missing ones are left out. The mask has to fit them."""
    present = [value for value in values if value is not None]
    left = [apply_mask(mask, value) for value in present]
    pairs = {
        text_form(value): None if masked is None else text_form(masked)
        for value, masked in zip(present, left, strict=True)
    }
    return Leaving(
        values=len(present),
        distinct=len(pairs),
        distinct_left=len({masked for masked in pairs.values() if masked is not None}),
        kept=max((_kept(mask, value, masked) for value, masked in pairs.items()), default=0.0),
        examples=tuple(list(pairs.items())[:examples]),
    )


def _kept(mask: Mask | None, value: str, masked: str | None) -> float:
    """The share of a value's characters that can be read in its masked form. A pseudonym shows none of them."""
    if masked is None or not value or isinstance(mask, Hash | Constant | Null):
        return 0.0
    if isinstance(mask, Bucket):
        middle = masked.index("-", 1)
        ends = (masked[:middle], masked[middle + 1 :])
        if len(ends[0]) != len(ends[1]):
            return 0.0
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*ends, strict=True)))
        return shared / len(value)
    return sum(1 for shown, real in zip(masked, value, strict=False) if shown == real != "*") / len(value)
