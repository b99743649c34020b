"""Infer the type of a column from its name and all of its cells.

No value may change its meaning. A number that is a code stays text (leading zeros, more digits than a double has, a name
like 代码 or phone, values like telephone numbers, a sheet that stores some as text). A column becomes numbers or dates only
if every cell is one; if a few cells differ, the column stays text and a note names their rows.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters.contract import ARROW_TYPES, Note, SourceError
from adapters.files.grid import Batch, CellKind, count, format_places
from adapters.files.infer.missing import MISSING, MISSING_IN_TEXT
from adapters.files.infer.names import is_code, is_date, is_money
from adapters.files.infer.shapes import (
    CENTS,
    FINER_THAN_MICROSECONDS,
    GROUPS_THOUSANDS,
    HAS_FRACTION,
    SHAPES,
    WITHOUT_ZONE,
    Shape,
    exact,
    find_inexact,
    matches,
    serial_shapes,
)
from adapters.files.options import ImportOptions
from adapters.plan.masks import FieldType

_SPOILED_SHARE: Final = 0.02
_SPOILED_CELLS: Final = 20
_SHOWN: Final = 5
_FEW_OF: Final = 4  # one in four cells is few in a small file
_VARIED_SHARE: Final = 0.5

_MADE_UP: Final = re.compile(r"column_\d+(?:_\d+)?")

_ORDER: Final = ("boolean", "integer", "number", "grouped", "date", "midnight", "timestamp", "digits")
_NUMBERS: Final = frozenset(("integer", "number", "grouped", "money"))
_TIMES: Final = frozenset(("date", "midnight", "timestamp"))
_SERIALS: Final[dict[FieldType | None, Shape]] = {**serial_shapes(date(1899, 12, 30))}
_FORCED: Final[dict[FieldType, tuple[str, ...]]] = {
    "integer": ("integer", "grouped", "number"),
    "number": ("number", "grouped"),
    "decimal": ("money", "fine"),
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
        return self.shape.arrow if self.shape else ARROW_TYPES["string"]


class ColumnGuess:
    """Examines one column batch by batch, then infers its type."""

    def __init__(self, name: str, options: ImportOptions) -> None:
        self.name = name
        self._forced = options.type_of(name)
        self._zone = options.time_zone
        self._missing = MISSING if options.missing is None else frozenset(("", *options.missing))
        self._in_text = MISSING_IN_TEXT if options.missing is None else self._missing
        self._absent: Counter[str] = Counter()
        self._present = 0
        self._is_varied = False
        self.may_be_unique = True
        self._shapes = SHAPES if self._forced not in _SERIALS else SHAPES | {"serial": _SERIALS[self._forced]}
        self._spoiled: dict[str, int] = dict.fromkeys(self._shapes, 0)
        self._first_spoiled: dict[str, list[int]] = {shape: [] for shape in self._shapes}
        self._is_inexact = self._groups_thousands = self._is_without_zone = False
        self._finer = 0
        self._has_cents = False
        self._scale = CENTS

    def add(self, batch: Batch, index: int) -> None:
        """Examine the column at `index` of a batch."""
        column = batch.columns[index]
        values, counts = self._count(column)
        is_absent = pc.is_in(values, pa.array(sorted(self._missing)))
        absent = zip(values.filter(is_absent).to_pylist(), counts.filter(is_absent).to_pylist(), strict=True)
        for value, times in absent:
            self._absent[value] += times
        is_present = pc.invert(is_absent)
        values, counts = values.filter(is_present), counts.filter(is_present)
        self._present += pc.sum(counts).as_py() or 0
        is_inexact = find_inexact(values) if "decimal" in self._spoiled else None
        self._is_inexact = self._is_inexact or is_inexact is not None
        self._find_traits(values, counts)
        for name in list(self._spoiled):
            is_bad = pc.invert(matches(self._shapes[name], values, is_inexact))
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

    def _find_traits(self, values: Any, counts: Any) -> None:
        """Note what shapes do not state: times without a zone or too fine, and the use of commas."""
        if self._fits("timestamp"):
            self._is_without_zone = self._is_without_zone or _any(values, WITHOUT_ZONE)
            is_finer = pc.match_substring_regex(values, FINER_THAN_MICROSECONDS)
            self._finer += pc.sum(counts.filter(is_finer)).as_py() or 0
        if self._fits("grouped"):
            self._groups_thousands = self._groups_thousands or _any(values, GROUPS_THOUSANDS)
        if self._fits("money") and not self._has_cents:
            self._has_cents = _any(values, HAS_FRACTION)
        if self._forced == "decimal" and self._fits("fine"):
            fractions = pc.utf8_length(pc.replace_substring_regex(values, "^[^.]*\\.?", ""))
            self._scale = max(self._scale, pc.max(fractions).as_py() or 0)

    def _count(self, column: Any) -> tuple[Any, Any]:
        """The distinct cells, and the number of each; all cells where most differ, since counting is slow."""
        if self._is_varied:
            return column, pa.repeat(1, len(column))
        counted = pc.value_counts(column)
        values, counts = counted.field("values"), counted.field("counts")
        self.may_be_unique = self.may_be_unique and len(values) == len(column)
        self._is_varied = len(values) > _VARIED_SHARE * len(column)
        return values, counts

    def conclude(
        self,
        kind: CellKind | None,
        *,
        day_zero: date | None = None,
        are_commas_clear: bool = True,
        has_decimal_commas: bool = False,
    ) -> Guess:
        """The inferred type. Raises SourceError value-unfit if cells do not fit the type that the owner states.

        `kind` are the cells' types in a file with types; `day_zero` is the date of number 0 where numbers may be dates.
        Unless `are_commas_clear`, a comma may begin decimals as well as group thousands; `has_decimal_commas`: it does
        in another column, so that a point may group thousands.
        """
        if self._forced is not None:
            return self._force(self._forced, day_zero)
        name = self._find_shape(kind) if self._present else None
        is_unclear = name == "grouped" and not are_commas_clear and not self._groups_thousands
        are_points_unclear = name == "number" and has_decimal_commas and self._fits("dotted_groups")
        name = None if is_unclear or are_points_unclear else name
        missing = self._in_text if name is None else self._missing
        shape = None if name is None else SHAPES[name]
        notes = [*self._note_missing(missing), *self._note_conversion(name, shape), *self._note_text(name, kind)]
        if is_unclear:
            text = "commas in these numbers may group thousands or begin decimals; they stay text"
            notes.append(Note("kept-as-text", text, self.name))
        if are_points_unclear:
            text = "points in these numbers may group thousands or begin decimals; they stay text"
            notes.append(Note("kept-as-text", text, self.name))
        if day_zero and kind == CellKind.NUMBER and is_date(self.name) and self._fits("serial_like"):
            text = "the sheet has no date format here, so these stay numbers; state the type date if they are dates"
            notes.append(Note("kept-as-number", text, self.name))
        is_text = shape is None or shape.type == "string"
        return Guess(None if is_text else shape, missing, any(self._absent[token] for token in missing), tuple(notes))

    def has_decimal_commas(self) -> bool:
        """Whether every value is a number by decimal commas, and none otherwise."""
        return (
            self._present > 0 and self._fits("decimal_comma") and not self._fits("number") and not self._fits("grouped")
        )

    def is_numeric(self, *, but: int = 0) -> bool:
        """Whether every value so far is a number, but for a few (totals)."""
        return self._present > but and self._spoiled.get("number", but + 1) <= but

    @property
    def is_wanted(self) -> bool:
        """Whether the column has a name of its own, or a value."""
        return self._present > 0 or not _MADE_UP.fullmatch(self.name)

    def _fits(self, name: str) -> bool:
        return self._spoiled.get(name) == 0

    def _find_shape(self, kind: CellKind | None) -> str | None:
        """The name of the shape of all cells: one of text for codes, None for other text."""
        is_code_name, is_date_name = is_code(self.name), is_date(self.name)
        if is_date_name and self._fits("compact"):
            return "compact"
        if self._fits("digits") and (is_code_name or self._fits("mobile") or self._fits("identity")):
            return "digits"
        if self._fits("letter_e"):
            return "letter_e"
        has_text = kind is not None and CellKind.TEXT in kind
        order = ("money", *_ORDER) if self._has_cents and is_money(self.name) else _ORDER
        for name in order:
            is_number = name in _NUMBERS and (has_text or is_code_name)
            is_time = name in _TIMES and is_code_name and not is_date_name
            if self._fits(name) and not is_number and not is_time and not (has_text and name == "boolean"):
                return name
        day_first, month_first = self._fits("day_first"), self._fits("month_first")
        if day_first != month_first and (is_date_name or not is_code_name):
            return "day_first" if day_first else "month_first"
        return None

    def _force(self, wanted: FieldType, day_zero: date | None) -> Guess:
        absent = any(self._absent[token] for token in self._missing)
        if wanted == "string":
            return Guess(None, self._in_text, any(self._absent[token] for token in self._in_text))
        names = [*_FORCED[wanted], *(["serial"] if day_zero and wanted in _SERIALS else [])]
        for name in names:
            if self._fits(name):
                shape = self._shapes[name]
                if name == "serial" and day_zero:
                    shape = serial_shapes(day_zero)[wanted]
                shape = exact(self._scale) if wanted == "decimal" else replace(shape, type=wanted)
                notes = (
                    self._note_time(is_without_zone=self._is_without_zone or name == "serial")
                    if wanted == "timestamp"
                    else []
                )
                return Guess(shape, self._missing, absent, tuple(notes))
        best = min(names, key=lambda name: self._spoiled.get(name, self._present))
        rows = self._first_spoiled[best]
        more = ", or have more digits than a double keeps" if wanted == "number" and self._is_inexact else ""
        raise SourceError(
            "value-unfit", f'"{self.name}" has cells that are no {wanted}{more}', format_places(rows) if rows else None
        )

    def _note_conversion(self, name: str | None, shape: Shape | None) -> list[Note]:
        if name == "compact":
            return [Note("converted", "numbers are read as dates", self.name)]
        if name == "money":
            text = "amounts with at most two digits after the point are read as exact decimals"
            return [Note("converted", text, self.name)]
        if name == "grouped":
            return [Note("converted", "commas are read as separators of thousands", self.name)]
        if shape is not None and shape.type == "timestamp":
            return self._note_time(is_without_zone=self._is_without_zone)
        return []

    def _note_time(self, *, is_without_zone: bool) -> list[Note]:
        notes = []
        if is_without_zone:
            text = f"times without a zone are read as {self._zone}; the option `time_zone` states another"
            notes.append(Note("time-zone-assumed", text, self.name))
        if self._finer:
            text = f"times are kept to the microsecond; the further digits of {count(self._finer, 'cell')} are cut"
            notes.append(Note("converted", text, self.name))
        return notes

    def _note_missing(self, missing: frozenset[str]) -> list[Note]:
        marks = {token: count for token, count in self._absent.items() if token and token in missing}
        if not marks:
            return []
        listed = ", ".join(f'"{token}" ({count})' for token, count in sorted(marks.items()))
        return [Note("missing-values", f"cells that count as missing: {listed}", self.name)]

    def _note_text(self, name: str | None, kind: CellKind | None) -> list[Note]:
        """Notes on a column that stays text although its cells look like numbers or dates."""
        reason = self._reason_for_text(name, kind)
        if reason:
            return [Note("kept-as-text", reason, self.name)]
        return self._note_spoiled() if name is None and self._present and not is_code(self.name) else []

    def _reason_for_text(self, name: str | None, kind: CellKind | None) -> str | None:
        if is_code(self.name) or not self._present:
            return None
        if kind == CellKind.TEXT and self._fits("integer"):
            return "the file stores these numbers as text; they stay text"
        reasons = {
            "dates whose day and month cannot be distinguished stay text": self._fits("day_first")
            and self._fits("month_first"),
            "numbers with decimal commas stay text": self.has_decimal_commas(),
            "numbers with more digits than a double keeps stay text": self._is_inexact and self._fits("decimal"),
        }
        return next((reason for reason, holds in reasons.items() if holds), None) if name is None else None

    def _note_spoiled(self) -> list[Note]:
        """A note on the few cells that make a column text."""
        most = max(self._present // _FEW_OF, int(_SPOILED_SHARE * self._present))
        most = min(most, max(_SPOILED_CELLS, int(_SPOILED_SHARE * self._present)))
        nearly = {name: bad for name, bad in self._spoiled.items() if name in _ORDER and 0 < bad <= most}
        if not nearly:
            return []
        nearest = min(nearly, key=lambda name: nearly[name])
        kind_name = "digits" if nearest == "digits" else SHAPES[nearest].type
        cells = f"{count(nearly[nearest], 'cell')} {'is' if nearly[nearest] == 1 else 'are'}"
        text = f'"{self.name}" stays text: {cells} no {kind_name}'
        return [Note("kept-as-text", text, format_places(self._first_spoiled[nearest]))]


def _any(column: Any, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(column, pattern)).as_py())


def convert(guess: Guess, column: Any, zone: str) -> Any:
    """Convert a column of text to its inferred type. Raises pa.ArrowInvalid."""
    if guess.nullable:
        column = pc.if_else(pc.is_in(column, pa.array(sorted(guess.missing))), None, column)
    if guess.shape is None:
        return column
    converted = guess.shape.convert(column, zone)
    return converted if converted.type == guess.arrow else pc.cast(converted, guess.arrow)
