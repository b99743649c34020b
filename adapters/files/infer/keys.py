"""Which column names a row: unique, never missing, and if possible called like an identifier."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import pyarrow as pa

from adapters.contract.hints import latin_words
from adapters.files.infer.types import is_code

_IDENTIFIER: Final = re.compile("号$|标识")
_SERIAL: Final = re.compile("^(序号|行号|编号|no\\.?|#|index|row)$", re.IGNORECASE)
_TRIED: Final = 4


def find_key(
    names: Sequence[str],
    types: Sequence[pa.DataType],
    nullable: Sequence[bool],
    may_be_unique: Mapping[str, bool],
    is_unique: Callable[[int], bool],
) -> tuple[str, ...]:
    """The best candidate as a key of one field, or (). `is_unique` looks at all rows of the column at a place."""
    candidates = [
        place
        for place, name in enumerate(names)
        if may_be_unique[name] and not nullable[place] and types[place] in (pa.string(), pa.int64())
    ]
    for place in sorted(candidates, key=lambda place: (_rank(names[place]), place))[:_TRIED]:
        if is_unique(place):
            return (names[place],)
    return ()


def _rank(name: str) -> int:
    if _SERIAL.match(name):
        return 1
    if is_code(name) or _IDENTIFIER.search(name) or "id" in latin_words(name):
        return 0
    return 2
