"""Options of an import, for files that it would infer wrongly. By default everything is inferred."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.contract import SourceError
from adapters.files.encodings import ENCODINGS, find_codec
from adapters.plan.masks import FIELD_TYPES, FieldType

MAX_BYTES: Final = 2 * 2**30
MAX_COLUMNS: Final = 500  # the fields that a dataset can have
MAX_CELL: Final = 2**20


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of reading a file.

    `sheet`: name of a workbook's sheet (by default the first with content). `header_row`: number of the row of names, from
    1; 0 for none. `encoding`, `delimiter`: of a text file. `missing`: cells that count as missing, instead of the usual
    ones. `ragged`: "pad" fills short rows, "refuse" refuses the file. `types`: types of fields by name. `time_zone`: IANA
    name of the zone of times without one. `hidden`: "include" takes the hidden columns and rows of a sheet. `max_bytes`:
    of the file, and of its unpacked content. `expected`: types by which fields are read if the file has them.
    """

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    missing: tuple[str, ...] | None = None
    ragged: Literal["refuse", "pad"] = "refuse"
    types: Mapping[str, FieldType] = field(default_factory=dict)
    time_zone: str = "UTC"
    hidden: Literal["leave-out", "include"] = "leave-out"
    max_bytes: int = MAX_BYTES
    expected: Mapping[str, FieldType] = field(default_factory=dict)

    def type_of(self, name: str) -> FieldType | None:
        """The type to read a field by; None where it is inferred."""
        return self.types.get(name, self.expected.get(name))

    def __post_init__(self) -> None:
        """Raises SourceError option-invalid for a value that is not valid."""
        if self.header_row is not None and self.header_row < 0:
            raise SourceError("option-invalid", "the header's row is counted from 1; 0 means no header")
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n\0'):
            raise SourceError("option-invalid", "a delimiter is one character, but no quote and no line break")
        if self.encoding is not None:
            codec = find_codec(self.encoding)
            if codec is None:
                raise SourceError("option-invalid", f"the encoding is none of {', '.join(ENCODINGS)}")
            object.__setattr__(self, "encoding", codec)
        if self.ragged not in ("refuse", "pad"):
            raise SourceError("option-invalid", 'ragged rows are "refuse" or "pad"')
        if self.hidden not in ("leave-out", "include"):
            raise SourceError("option-invalid", 'hidden columns and rows are "leave-out" or "include"')
        if any(kind not in FIELD_TYPES for kind in self.types.values()):
            kinds = ", ".join(sorted(FIELD_TYPES))
            raise SourceError("option-invalid", f"a field of a file is read as one of {kinds}")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SourceError("option-invalid", "the time zone is not an IANA name such as Asia/Shanghai") from None
