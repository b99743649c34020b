"""Infer the type of a column from its name and all of its cells.

No value may change its meaning. A number that is a code stays text (leading zeros, more digits than a double has, a name
like 代码 or phone, a sheet that stores some as text). A column becomes numbers or dates only if every cell is one; if a few
cells differ, the column stays text and a note names their rows.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters.contract import ARROW_TYPES, Note, SourceError
from adapters.contract.hints import latin_words
from adapters.files.grid import Batch, CellKind, format_places
from adapters.files.infer.missing import MISSING, MISSING_IN_TEXT
from adapters.files.infer.shapes import SHAPES, Shape, matches
from adapters.files.options import ImportOptions
from adapters.plan.masks import FieldType

_SPOILED_SHARE: Final = 0.02
_SPOILED_CELLS: Final = 20
_SHOWN: Final = 5
_VARIED_SHARE: Final = 0.5

_CODE_ZH: Final = re.compile(
    "码|代号|编号|证号|学号|工号|卡号|账号|帐号|单号|票号|文号|批号|电话|手机|传真|邮编|身份证|联系方式"
)
_CODE_WORDS: Final = frozenset(
    ("code", "codes", "zip", "zipcode", "postcode", "phone", "mobile", "tel", "telephone", "fax")
)
_DATE_ZH: Final = re.compile("日期|时间|出生|生日|年月|日$")
_DATE_WORDS: Final = frozenset(("date", "day", "birth", "birthday", "birthdate", "dob", "time", "on"))

_MADE_UP: Final = re.compile(r"column_\d+(?:_\d+)?")

_ORDER: Final = ("boolean", "integer", "number", "grouped", "date", "midnight", "timestamp", "digits")
_NOT_FROM_TEXT: Final = frozenset(("boolean", "integer", "number", "grouped"))
_FORCED: Final[dict[FieldType, tuple[str, ...]]] = {
    "integer": ("integer", "grouped", "number"),
    "number": ("number", "grouped"),
    "boolean": ("boolean", "yes_no"),
    "date": ("date", "midnight", "compact", "day_first", "month_first"),
    "timestamp": ("timestamp",),
}


@dataclass(frozen=True, slots=True)
class Guess:
    """The inferred type: the shape of the cells (None: text as it is), and the cells that count as missing."""

    shape: Shape | None
    missing: frozenset[str]
    nullable: bool
    notes: tuple[Note, ...] = ()

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type."""
        return ARROW_TYPES[self.shape.type if self.shape else "string"]


class ColumnGuess:
    """Examines one column batch by batch, then infers its type."""

    def __init__(self, name: str, options: ImportOptions) -> None:
        self.name = name
        self._forced = options.types.get(name)
        self._missing = MISSING if options.missing is None else frozenset(("", *options.missing))
        self._in_text = MISSING_IN_TEXT if options.missing is None else self._missing
        self._absent: Counter[str] = Counter()
        self._present = 0
        self._is_varied = False
        self.may_be_unique = True
        self._spoiled: dict[str, int] = dict.fromkeys(SHAPES, 0)
        self._first_spoiled: dict[str, list[int]] = {shape: [] for shape in SHAPES}

    def add(self, batch: Batch, index: int) -> None:
        """Examine the column at `index` of a batch."""
        column = batch.columns[index]
        values, counts = self._count(column)
        is_absent = pc.is_in(values, pa.array(sorted(self._missing)))
        absent = zip(values.filter(is_absent).to_pylist(), counts.filter(is_absent).to_pylist(), strict=True)
        for value, count in absent:
            self._absent[value] += count
        is_present = pc.invert(is_absent)
        values, counts = values.filter(is_present), counts.filter(is_present)
        self._present += pc.sum(counts).as_py() or 0
        for name in list(self._spoiled):
            is_bad = pc.invert(matches(SHAPES[name], values))
            bad = pc.sum(counts.filter(is_bad)).as_py() or 0
            if not bad:
                continue
            self._spoiled[name] += bad
            if self._spoiled[name] > max(_SPOILED_CELLS, _SPOILED_SHARE * self._present):
                del self._spoiled[name]
            elif len(self._first_spoiled[name]) < _SHOWN:
                where = pc.is_in(column, values.filter(is_bad))
                rows = self._first_spoiled[name]
                rows += batch.numbers.filter(where).slice(0, _SHOWN - len(rows)).to_pylist()

    def _count(self, column: Any) -> tuple[Any, Any]:
        """The distinct cells, and the number of each; all cells where most differ, since counting is slow."""
        if self._is_varied:
            return column, pa.repeat(1, len(column))
        counted = pc.value_counts(column)
        values, counts = counted.field("values"), counted.field("counts")
        self.may_be_unique = self.may_be_unique and len(values) == len(column)
        self._is_varied = len(values) > _VARIED_SHARE * len(column)
        return values, counts

    def conclude(self, kind: CellKind | None, *, counts_days: bool = False) -> Guess:
        """The inferred type. Raises SourceError value-unfit if cells do not fit the type that the owner states.

        `kind` are the cells' types in a file with types; `counts_days`: its dates can be numbers of days.
        """
        if self._forced is not None:
            return self._force(self._forced)
        name = self._find_shape(kind, counts_days=counts_days) if self._present else None
        is_plain_text = name is None
        missing = self._in_text if is_plain_text else self._missing
        notes = [*self._note_missing(missing), *self._note_text(name, kind)]
        shape = None if name in (None, "digits") else SHAPES[name or ""]
        if name in ("compact", "serial"):
            notes.append(Note("converted", "numbers are read as dates", self.name))
        return Guess(shape, missing, any(self._absent[token] for token in missing), tuple(notes))

    @property
    def is_numeric(self) -> bool:
        """Whether every value so far is a number."""
        return self._present > 0 and self._fits("number")

    @property
    def is_wanted(self) -> bool:
        """Whether the column has a name of its own, or a value."""
        return self._present > 0 or not _MADE_UP.fullmatch(self.name)

    def _fits(self, name: str) -> bool:
        return self._spoiled.get(name) == 0

    def _find_shape(self, kind: CellKind | None, *, counts_days: bool) -> str | None:
        """The name of the shape of all cells: "digits" for codes, None for text."""
        if self._fits("digits") and is_code(self.name):
            return "digits"
        if is_date(self.name) and self._fits("compact"):
            return "compact"
        if is_date(self.name) and counts_days and kind == CellKind.NUMBER and self._fits("serial"):
            return "serial"
        has_text = kind is not None and CellKind.TEXT in kind
        for name in _ORDER:
            if self._fits(name) and not (has_text and name in _NOT_FROM_TEXT):
                return name
        day_first, month_first = self._fits("day_first"), self._fits("month_first")
        if day_first != month_first:
            return "day_first" if day_first else "month_first"
        return None

    def _force(self, wanted: FieldType) -> Guess:
        absent = any(self._absent[token] for token in self._missing)
        if wanted == "string":
            return Guess(None, self._in_text, any(self._absent[token] for token in self._in_text))
        for name in _FORCED[wanted]:
            if self._fits(name):
                shape = SHAPES[name]
                return Guess(Shape(wanted, shape.pattern, shape.convert), self._missing, absent)
        best = min(_FORCED[wanted], key=lambda name: self._spoiled.get(name, self._present))
        rows = self._first_spoiled[best]
        raise SourceError(
            "value-unfit", f'"{self.name}" has cells that are no {wanted}', format_places(rows) if rows else None
        )

    def _note_missing(self, missing: frozenset[str]) -> list[Note]:
        marks = {token: count for token, count in self._absent.items() if token and token in missing}
        if not marks:
            return []
        listed = ", ".join(f'"{token}" ({count})' for token, count in sorted(marks.items()))
        return [Note("missing-values", f"cells that count as missing: {listed}", self.name)]

    def _note_text(self, name: str | None, kind: CellKind | None) -> list[Note]:
        if kind == CellKind.TEXT and self._fits("integer") and not is_code(self.name):
            return [Note("kept-as-text", "the file stores these numbers as text; they stay text", self.name)]
        if name is not None or not self._present:
            return []
        if self._fits("day_first") and self._fits("month_first"):
            return [Note("kept-as-text", "dates whose day and month cannot be distinguished stay text", self.name)]
        nearly = {
            name: count
            for name, count in self._spoiled.items()
            if name in _ORDER and 0 < count <= max(1, _SPOILED_SHARE * self._present)
        }
        if not nearly or self._present < _SPOILED_CELLS:
            return []
        nearest = min(nearly, key=lambda name: nearly[name])
        text = f'"{self.name}" stays text: {nearly[nearest]} cells are no {SHAPES[nearest].type}'
        return [Note("kept-as-text", text, format_places(self._first_spoiled[nearest]))]


def is_code(name: str) -> bool:
    """Whether a column of this name holds codes, which are text even if all are digits."""
    return bool(_CODE_ZH.search(name)) or not _CODE_WORDS.isdisjoint(latin_words(name))


def is_date(name: str) -> bool:
    """Whether a column of this name holds dates: then a number may be one."""
    return bool(_DATE_ZH.search(name)) or not _DATE_WORDS.isdisjoint(latin_words(name))


def convert(guess: Guess, column: Any, zone: str) -> Any:
    """Convert a column of text to its inferred type. Raises pa.ArrowInvalid."""
    if guess.nullable:
        column = pc.if_else(pc.is_in(column, pa.array(sorted(guess.missing))), None, column)
    if guess.shape is None:
        return column
    converted = guess.shape.convert(column, zone)
    return converted if converted.type == guess.arrow else pc.cast(converted, guess.arrow)
