"""What each department of the demonstration has to publish, and what is asked of it: made for it, or files brought along.

A file that was brought along is published with what the exchange proposes for it, so any will do; of the files that
are known, it is also known which rows and fields make a good example.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from admin import proposing
from admin.demo import cast, register
from admin.demo.people import Talent, facts_file, write_workbook
from admin.proposing import Proposed
from exchange.kernel.embedded import Embedded

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Material:
    """A dataset to be, with its owner.

    Of several `filters` and `questions`, the first whose field is there is used; `words` says what a filter means.
    `clear` are fields about nobody, whatever their names suggest; `unmasked` are personal fields that the purpose needs
    as they are, `withheld` those not granted in the story.
    """

    owner: str
    handle: str
    title: Mapping[str, str]
    about: str
    place: Path | None = None
    table: tuple[str, str] | None = None
    is_personal: bool = False
    clear: Sequence[str] = ()
    unmasked: Sequence[str] = ()
    withheld: Sequence[str] = ()
    filters: Sequence[tuple[Row, str]] = ()
    questions: Sequence[Row] = ()

    @property
    def reference(self) -> str:
        """The dataset as requests name it."""
        return f"{self.owner}/{self.handle}"

    def source(self) -> dict[str, Any]:
        """The source as the catalogue's API takes it."""
        if self.table is not None:
            name, dsn = self.table
            return {"kind": "postgresql", "title": self.title["en"], "dsn": dsn, "table": name}
        return {"kind": "file", "title": self.title["en"]}

    def fields(self, description: Mapping[str, Any]) -> tuple[Proposed, ...]:
        """The fields as they will be published."""
        proposed = proposing.propose(description, clear=self.clear)
        fields = tuple(
            one if one.name not in self.unmasked else _unmasked(one, "the purpose needs it as it is")
            for one in proposed
        )
        if self.is_personal and not any(one.mask for one in fields):
            # Records about people leave nothing unmasked, even if no name of a field gives them away.
            name = proposed[0].name
            fields = (proposing.propose(description, personal=[name])[0], *fields[1:])
        return fields

    def row_filter(self, names: Sequence[str]) -> tuple[Row | None, str]:
        """The rows that leave, as a condition and in words."""
        return next(((row, words) for row, words in self.filters if row["field"] in names), (None, "all rows"))

    def question(self, names: Sequence[str]) -> list[Row]:
        """What the platform asks first."""
        return next(([row] for row in self.questions if row["field"] in names), [])


def _unmasked(one: Proposed, reason: str) -> Proposed:
    return Proposed(one.name, one.type, one.level, one.is_personal, one.is_sensitive, one.is_subject_key, None, reason)


@dataclass(frozen=True, slots=True)
class Brought:
    """Files that were brought along, each in place of what the demonstration makes itself."""

    people: Path | None = None
    universities: Path | None = None
    areas: Path | None = None


def materials(directory: Path, people: Sequence[Talent], embedded: Embedded, brought: Brought) -> list[Material]:
    """What human resources, education and civil affairs publish, in this order. Raises CannotDo."""
    return [
        _people(directory, people) if brought.people is None else _brought_people(brought.people),
        _universities(directory) if brought.universities is None else _brought_universities(brought.universities),
        _residences(embedded, people) if brought.areas is None else _brought_areas(embedded, brought.areas),
    ]


def _people(directory: Path, people: Sequence[Talent]) -> Material:
    path = directory / "talents.xlsx"
    write_workbook(path, people)
    return Material(
        owner=cast.HUMAN_RESOURCES.handle,
        handle="talents",
        title={"zh": "高层次人才名录（合成数据）", "en": "High-level talents (synthetic)"},
        about="an Excel workbook",
        place=path,
        is_personal=True,
        unmasked=("人才编号", "学历", "职称"),
        withheld=("电子邮箱",),
        filters=(({"field": "工作城市", "op": "eq", "value": "杭州市"}, "only people who work in 杭州市"),),
        questions=({"field": "人才层次", "op": "in", "value": ["A", "B"]},),
    )


def _universities(directory: Path) -> Material:
    path = directory / "universities.csv"
    path.write_bytes(facts_file("universities.csv"))
    return Material(
        owner=cast.EDUCATION.handle,
        handle="universities",
        title={"zh": "浙江省普通高等学校", "en": "Regular universities of Zhejiang"},
        about="a CSV file",
        place=path,
        questions=({"field": "办学层次", "op": "eq", "value": "本科"},),
    )


def _residences(embedded: Embedded, people: Sequence[Talent]) -> Material:
    return Material(
        owner=cast.CIVIL_AFFAIRS.handle,
        handle="residences",
        title={"zh": "人才居住登记（合成数据）", "en": "Where talents live (synthetic)"},
        about="a table in its own PostgreSQL database",
        table=(register.RESIDENCES, register.residences(embedded, people)),
        is_personal=True,
        unmasked=("talent_id",),
        filters=(({"field": "city_code", "op": "eq", "value": "330100"}, "only residents of 杭州市"),),
        questions=({"field": "talent_id", "op": "eq", "value": _first_in(people, "330100")},),
    )


def _first_in(people: Sequence[Talent], city: str) -> str:
    return next(one.number for one in people if one.region.city_code == city and one.level in "AB")


def _brought_people(path: Path) -> Material:
    return Material(
        owner=cast.HUMAN_RESOURCES.handle,
        handle="people",
        title={"zh": "人员记录", "en": "Records of people"},
        about=_kind(path),
        place=path,
        is_personal=True,
        unmasked=("education", "education_num", "occupation"),
        filters=(
            ({"field": "education_num", "op": "gte", "value": 13}, "only people with a bachelor's degree or more"),
        ),
        questions=({"field": "education", "op": "eq", "value": "Doctorate"},),
    )


def _brought_universities(path: Path) -> Material:
    return Material(
        owner=cast.EDUCATION.handle,
        handle="universities",
        title={"zh": "普通高等学校名单", "en": "Regular universities"},
        about=_kind(path),
        place=path,
        filters=(
            ({"field": "section", "op": "prefix", "value": "浙江省"}, "only institutions under the heading 浙江省"),
        ),
        questions=({"field": "办学层次", "op": "eq", "value": "本科"},),
    )


def _brought_areas(embedded: Embedded, path: Path) -> Material:
    return Material(
        owner=cast.CIVIL_AFFAIRS.handle,
        handle="areas",
        title={"zh": "行政区划", "en": "Administrative divisions"},
        about="a table in its own PostgreSQL database",
        table=(register.AREAS, register.areas(embedded, path)),
        clear=("name",),
        filters=(({"field": "provinceCode", "op": "eq", "value": "33"}, "only divisions of Zhejiang (33)"),),
        questions=({"field": "cityCode", "op": "eq", "value": "3301"},),
    )


def _kind(path: Path) -> Literal["an Excel workbook", "a CSV file", "a file"]:
    match path.suffix.lower():
        case ".xls" | ".xlsx":
            return "an Excel workbook"
        case ".csv":
            return "a CSV file"
        case _:
            return "a file"
