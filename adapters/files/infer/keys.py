"""The key of a file: a column that is unique and never missing, preferably one named like an identifier."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import pyarrow as pa

from adapters.contract.hints import latin_words
from adapters.files.infer.names import is_code

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
    """The best key of one field, or (). `is_unique` examines all rows of the column at a position."""
    candidates = [
        position
        for position, name in enumerate(names)
        if may_be_unique[name] and not nullable[position] and types[position] in (pa.string(), pa.int64())
    ]
    for position in sorted(candidates, key=lambda position: (_rank(names[position]), position))[:_TRIED]:
        if is_unique(position):
            return (names[position],)
    return ()


def _rank(name: str) -> int:
    if _SERIAL.match(name):
        return 1
    if is_code(name) or _IDENTIFIER.search(name) or "id" in latin_words(name):
        return 0
    return 2
