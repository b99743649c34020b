"""Statutory periods as data: every number that a deadline or a term counts with, its source, and from when it holds.

The numbers are in `parameters.csv` beside this file; no code holds one. The operator sets another value with
`PUT /api/v1/calendar/parameters/{name}`, which is on the ledger.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args

Unit: TypeAlias = Literal["wd", "d", "mo", "y", "md"]
"""Working days, calendar days, months, years; or a day of the year, as month times 100 plus day."""
UNITS: Final[Mapping[Unit, str]] = {
    "wd": "working days",
    "d": "calendar days",
    "mo": "months",
    "y": "years",
    "md": "day of the year",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number with its unit, the article it comes from, and the first day of the events for which it counts.

    `is_verified` states whether the number was read in the text of its source.
    """

    name: str
    value: int
    unit: Unit
    is_verified: bool
    effective_from: date
    source: str
    meaning: str

    @property
    def text(self) -> str:
        """The value as people write it: `10 working days`, or `03-31`."""
        if self.unit == "md":
            return f"{self.value // 100:02d}-{self.value % 100:02d}"
        return f"{self.value} {UNITS[self.unit] if self.value > 1 else UNITS[self.unit].removesuffix('s')}"


def _read() -> dict[str, Parameter]:
    text = Path(__file__).with_name("parameters.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    parameters = {}
    for row in rows:
        if row["unit"] not in get_args(Unit) or row["name"] in parameters:
            raise ValueError(f"parameters.csv: the row of {row['name']} has an unknown unit, or is there twice")
        parameters[row["name"]] = Parameter(
            name=row["name"],
            value=int(row["value"]),
            unit=cast("Unit", row["unit"]),
            is_verified=row["verified"] == "yes",
            effective_from=date.fromisoformat(row["effective_from"]),
            source=row["source"],
            meaning=row["meaning"],
        )
    return parameters


SHORT: Final = "calendar_short"
"""The parameter from how many working days on the next year's calendar is asked for."""

PARAMETERS: Final[Mapping[str, Parameter]] = _read()
"""The parameters as this version knows them, by name."""
