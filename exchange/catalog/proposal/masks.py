"""Choose a field's default mask, by what each candidate leaves of the field's real values.

A field that identifies people leaves as a pseudonym or not at all. A field that describes people leaves in a coarser form,
if that form hides most of each value. Sensitive content does not leave.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from adapters.plan.condition import PlanError
from adapters.plan.masks import Bucket, FieldType, Hash, Mask, Null, Partial, Year, mask_type
from exchange.catalog.proposal.leaving import measure

NUMBERING_DIGITS: Final = 7
"""A whole number of so many digits about a person is taken as the number of an account, a card or a telephone."""

_AGES: Final = 150
_DECADE: Final = 10


def default_mask(type_: FieldType, values: Sequence[Any], *, identifies: bool, is_sensitive: bool) -> Mask:
    """The mask of a personal field: the first candidate that fits its type and leaves no value nearly whole."""
    if type_ == "integer" and not is_sensitive:
        identifies = identifies or _are_numbers_of_things(values)
    for mask in _candidates(type_, values, identifies=identifies, is_sensitive=is_sensitive):
        if _fits(mask, type_) and not measure(mask, values).is_nearly_whole:
            return mask
    return Null()


def _candidates(type_: FieldType, values: Sequence[Any], *, identifies: bool, is_sensitive: bool) -> Iterator[Mask]:
    if identifies:
        yield Hash(bytes(32))
    elif not is_sensitive:
        match type_:
            case "string":
                yield Partial(keep_start=1, keep_end=0)
            case "integer" if any(value is not None for value in values):
                yield Bucket(_range_size([abs(value) for value in values if value is not None]))
            case "date" | "timestamp":
                yield Year()


def _range_size(sizes: Sequence[int]) -> int:
    """Decades for ages; otherwise ranges that leave at most the first digit of the largest number."""
    largest = max(sizes)
    return _DECADE if largest <= _AGES else min(10 ** (len(str(largest)) - 1), 10**12)


def _are_numbers_of_things(values: Sequence[Any]) -> bool:
    return any(value is not None and len(str(abs(value))) >= NUMBERING_DIGITS for value in values)


def _fits(mask: Mask, type_: FieldType) -> bool:
    try:
        mask_type(mask, type_)
    except PlanError:
        return False
    return True
