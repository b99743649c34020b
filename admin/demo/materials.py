"""The dataset that each department of the demonstration publishes: made up here, or from the visitor's own file.

An own file is published with the levels and masks that the exchange proposes for it, so any file will do. For files of a
known kind the filters and the first request are known too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from admin.demo import civil_affairs, participants
from admin.demo.people import Talent, facts_file, write_workbook
from data_exchange_client.api import Client
from exchange.kernel.embedded import Embedded

Condition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Material:
    """A dataset to publish, with its owner.

    Of `row_filters` (with their meaning in words) and `request_filters`, the first whose field exists is used. `clear`
    names fields about nobody, whatever their names suggest; `unmasked` personal fields that the purpose needs as they
    are; `withheld` fields that the owner does not grant.
    """

    owner: str
    handle: str
    title: Mapping[str, str]
    about: str
    path: Path | None = None
    table: tuple[str, str] | None = None
    is_personal: bool = False
    clear: Sequence[str] = ()
    unmasked: Sequence[str] = ()
    withheld: Sequence[str] = ()
    row_filters: Sequence[tuple[Condition, str]] = ()
    request_filters: Sequence[Condition] = ()

    @property
    def reference(self) -> str:
        """OWNER/DATASET, as requests name it."""
        return f"{self.owner}/{self.handle}"

    def source(self) -> dict[str, Any]:
        """The source as the API takes it."""
        if self.table is not None:
            name, dsn = self.table
            return {"kind": "postgresql", "title": self.title["en"], "dsn": dsn, "table": name}
        return {"kind": "file", "title": self.title["en"]}

    def fields(self, client: Client, source: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The fields as they will be published, as the exchange proposes them. Raises as Client.request."""
        names = [field["name"] for field in source["description"]["fields"]]
        wishes = {
            "clear": [name for name in self.clear if name in names],
            "masks": dict.fromkeys(name for name in self.unmasked if name in names),
        }
        fields = _propose(client, source, wishes)
        if self.is_personal and not any(field["mask"] for field in fields):
            # No field's name reveals that the rows are about people, and yet their records must not leave unmasked.
            fields = _propose(client, source, wishes | {"personal": names[:1]})
        return fields

    def row_filter(self, names: Sequence[str]) -> tuple[Condition | None, str]:
        """The condition on rows that leave, and its meaning in words."""
        return next(((row, words) for row, words in self.row_filters if row["field"] in names), (None, "all rows"))

    def request_filter(self, names: Sequence[str]) -> list[Condition]:
        """The filters of the platform's first request."""
        return next(([row] for row in self.request_filters if row["field"] in names), [])


def _propose(client: Client, source: Mapping[str, Any], wishes: Mapping[str, Any]) -> list[dict[str, Any]]:
    answer = client.request("POST", f"/api/v1/sources/{source['id']}/proposal", json={**wishes, "examples": 0})
    return list(answer.json()["fields"])


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """The visitor's own files, each in place of one that the demonstration makes up."""

    people: Path | None = None
    universities: Path | None = None
    areas: Path | None = None


def materials(directory: Path, people: Sequence[Talent], embedded: Embedded, own: OwnFiles) -> list[Material]:
    """The datasets of human resources, education and civil affairs, in this order. Raises CannotDo."""
    return [
        _people(directory, people) if own.people is None else _own_people(own.people),
        _universities(directory) if own.universities is None else _own_universities(own.universities),
        _residences(embedded, people) if own.areas is None else _own_areas(embedded, own.areas),
    ]


def _people(directory: Path, people: Sequence[Talent]) -> Material:
    path = directory / "talents.xlsx"
    write_workbook(path, people)
    return Material(
        owner=participants.HUMAN_RESOURCES.handle,
        handle="talents",
        title={"zh": "高层次人才名录（合成数据）", "en": "High-level talents (synthetic)"},
        about="an Excel workbook",
        path=path,
        is_personal=True,
        unmasked=("人才编号", "学历", "职称"),
        withheld=("电子邮箱",),
        row_filters=(({"field": "工作城市", "op": "eq", "value": "杭州市"}, "only people who work in 杭州市"),),
        request_filters=({"field": "人才层次", "op": "in", "value": ["A", "B"]},),
    )


def _universities(directory: Path) -> Material:
    path = directory / "universities.csv"
    path.write_bytes(facts_file("universities.csv"))
    return Material(
        owner=participants.EDUCATION.handle,
        handle="universities",
        title={"zh": "浙江省普通高等学校", "en": "Regular universities of Zhejiang"},
        about="a CSV file",
        path=path,
        request_filters=({"field": "办学层次", "op": "eq", "value": "本科"},),
    )


def _residences(embedded: Embedded, people: Sequence[Talent]) -> Material:
    return Material(
        owner=participants.CIVIL_AFFAIRS.handle,
        handle="residences",
        title={"zh": "人才居住登记（合成数据）", "en": "Where talents live (synthetic)"},
        about="a table in its own PostgreSQL database",
        table=(civil_affairs.RESIDENCES, civil_affairs.residences(embedded, people)),
        is_personal=True,
        unmasked=("talent_id",),
        row_filters=(({"field": "city_code", "op": "eq", "value": "330100"}, "only residents of 杭州市"),),
        request_filters=({"field": "talent_id", "op": "eq", "value": _first_in(people, "330100")},),
    )


def _first_in(people: Sequence[Talent], city: str) -> str:
    return next(person.number for person in people if person.region.city_code == city and person.level in "AB")


def _own_people(path: Path) -> Material:
    return Material(
        owner=participants.HUMAN_RESOURCES.handle,
        handle="people",
        title={"zh": "人员记录", "en": "Records of people"},
        about=_kind(path),
        path=path,
        is_personal=True,
        unmasked=("education", "education_num", "occupation"),
        row_filters=(
            ({"field": "education_num", "op": "gte", "value": 13}, "only people with a bachelor's degree or more"),
        ),
        request_filters=({"field": "education", "op": "eq", "value": "Doctorate"},),
    )


def _own_universities(path: Path) -> Material:
    return Material(
        owner=participants.EDUCATION.handle,
        handle="universities",
        title={"zh": "普通高等学校名单", "en": "Regular universities"},
        about=_kind(path),
        path=path,
        row_filters=(
            ({"field": "section", "op": "prefix", "value": "浙江省"}, "only institutions under the heading 浙江省"),
        ),
        request_filters=({"field": "办学层次", "op": "eq", "value": "本科"},),
    )


def _own_areas(embedded: Embedded, path: Path) -> Material:
    return Material(
        owner=participants.CIVIL_AFFAIRS.handle,
        handle="areas",
        title={"zh": "行政区划", "en": "Administrative divisions"},
        about="a table in its own PostgreSQL database",
        table=(civil_affairs.AREAS, civil_affairs.areas(embedded, path)),
        clear=("name",),
        row_filters=(({"field": "provinceCode", "op": "eq", "value": "33"}, "only divisions of Zhejiang (33)"),),
        request_filters=({"field": "cityCode", "op": "eq", "value": "3301"},),
    )


def _kind(path: Path) -> Literal["an Excel workbook", "a CSV file", "a file"]:
    match path.suffix.lower():
        case ".xls" | ".xlsx":
            return "an Excel workbook"
        case ".csv":
            return "a CSV file"
        case _:
            return "a file"
