"""The decision tables of the registration as data: whose data, from what source, which rights, by which article."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Right = Literal["HOLD", "USE", "OPERATE"]
RIGHTS: Final[tuple[Right, ...]] = ("HOLD", "USE", "OPERATE")
"""持有权, 使用权, 经营权: independent of each other."""

GUIDELINES: Final = "数据产权登记工作指引（试行）"
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class DataClass:
    """Whose data it is, and whether it can be registered."""

    name: str
    is_registrable: bool
    article: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Situation:
    """How data came about: the types of source that fit, the rights that follow, and those that need `evidence`."""

    name: str
    sources: frozenset[str]
    rights: frozenset[str]
    further: frozenset[str]
    evidence: str
    article: str
    zh: str
    en: str

    def registrable(self, evidence: frozenset[str]) -> frozenset[str]:
        """The rights that can be registered where the form has these kinds of evidence."""
        if self.evidence in evidence or not self.evidence:
            return self.rights | self.further
        return self.rights if self.further else frozenset()


def _rows(name: str) -> list[dict[str, str]]:
    text = (_HERE / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


CLASSES: Final[Mapping[str, DataClass]] = {
    row["name"]: DataClass(row["name"], row["registrable"] == "yes", row["article"], row["zh"], row["en"])
    for row in _rows("classes.csv")
}
SITUATIONS: Final[Mapping[str, Situation]] = {
    row["name"]: Situation(
        row["name"],
        frozenset(row["sources"].split()),
        frozenset(row["rights"].split()),
        frozenset(row["further"].split()),
        row["evidence"],
        row["article"],
        row["zh"],
        row["en"],
    )
    for row in _rows("situations.csv")
}
EVIDENCE: Final = frozenset(situation.evidence for situation in SITUATIONS.values() if situation.evidence)
"""The kinds of evidence that further rights need."""
_SECTIONS: Final = {row["section"]: (row["first"], row["last"]) for row in _rows("industries.csv")}


def is_industry(code: str) -> bool:
    """Whether a code is a section of GB/T 4754 followed by one of its divisions, such as `I65`."""
    first, last = _SECTIONS.get(code[:1], ("", ""))
    return len(code) == 3 and code[1:].isdecimal() and code[1:].isascii() and first <= code[1:] <= last  # noqa: PLR2004


def is_registrable(data_class: str | None, owner_kind: str) -> bool:
    """Whether data of an owner's kind can be registered: a department's only as a product of authorised operation.

    A class that is not stated, or unknown, is left to the checks of the form, but for a department.
    """
    if owner_kind == "department" and data_class != "authorised_product":
        return False
    stated = CLASSES.get(data_class or "")
    return stated is None or stated.is_registrable
