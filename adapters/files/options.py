"""What an owner may say about a file when its import guesses wrong. Every default is "find out"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.contract import SourceError
from adapters.plan.masks import FIELD_TYPES, FieldType

MAX_BYTES: Final = 2 * 2**30
MAX_COLUMNS: Final = 1_000
MAX_CELL: Final = 2**20


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read a file.

    `sheet`: name of a workbook's sheet (the first with content). `header_row`: number of the row with the names, from
    1; 0 when there is none. `encoding`, `delimiter`: of a text file. `missing`: the cells that count as missing,
    instead of the usual ones. `ragged`: "pad" fills rows that are too short instead of refusing the file. `types`:
    types of fields by name. `time_zone`: IANA name of the zone in which times without one were written. `max_bytes`:
    of the file, and of what it unpacks to.
    """

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    missing: tuple[str, ...] | None = None
    ragged: Literal["refuse", "pad"] = "refuse"
    types: Mapping[str, FieldType] = field(default_factory=dict)
    time_zone: str = "UTC"
    max_bytes: int = MAX_BYTES

    def __post_init__(self) -> None:
        """Refuses (SourceError option-invalid) what cannot be followed."""
        if self.header_row is not None and self.header_row < 0:
            raise SourceError("option-invalid", "rows are counted from 1; 0 stands for no header")
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n\0'):
            raise SourceError("option-invalid", "a delimiter is one character, no quote and no line end")
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except LookupError:
                raise SourceError("option-invalid", "no such encoding is known") from None
        if self.ragged not in ("refuse", "pad"):
            raise SourceError("option-invalid", 'ragged rows are "refuse" or "pad"')
        if any(kind not in FIELD_TYPES or kind == "decimal" for kind in self.types.values()):
            kinds = ", ".join(sorted(FIELD_TYPES - {"decimal"}))
            raise SourceError("option-invalid", f"a field of a file is read as one of {kinds}")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SourceError("option-invalid", "the time zone is not an IANA name such as Asia/Shanghai") from None
