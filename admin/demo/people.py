"""Synthetic people for the demonstration, from a seeded generator: the same in every run, and marked as synthetic.

None of them can be a real person: their identity numbers begin with 339900, a region that GB/T 2260 does not have, and
their mail addresses end with example.org, which nobody can own (RFC 2606).
"""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import xlsxwriter

from adapters.contract.hints import is_identity_number

COUNT = 2_400
TITLE = "高层次人才名录（合成数据，仅供演示 / synthetic, for demonstration only）"
HEADER = (
    "人才编号", "姓名", "身份证号", "出生日期", "学历", "专业", "毕业院校", "职称", "人才层次", "工作城市", "电子邮箱",
)  # fmt: skip

_SEED = 20_260_101
_SURNAMES = "陈林王张李黄吴周徐朱胡郑叶金沈何潘章方钱"
_GIVEN = "嘉文子雨思晨浩宇欣怡俊杰明远若溪书航诗涵博睿雅静志强海燕晓峰"
_DEGREES = (("博士研究生", 3), ("硕士研究生", 5), ("大学本科", 4))
_SUBJECTS = ("计算机科学与技术", "材料科学与工程", "临床医学", "人工智能", "机械工程", "应用经济学", "环境工程", "药学")
_TITLES = (("正高级", 1), ("副高级", 3), ("中级", 5))
_LEVELS = (("A", 1), ("B", 3), ("C", 8), ("D", 16), ("E", 32))
_NOWHERE = "339900"
_FIRST_BIRTH = date(1960, 1, 1)
_FIRST_MOVE = date(2012, 1, 1)


@dataclass(frozen=True, slots=True)
class Region:
    """A county, district or county-level city, and the city it belongs to."""

    code: str
    name: str
    city_code: str
    city: str


@dataclass(frozen=True, slots=True)
class Talent:
    """A person who does not exist."""

    number: str
    name: str
    identity: str
    born: date
    degree: str
    subject: str
    university: str
    title: str
    level: str
    region: Region
    moved: date

    @property
    def mail(self) -> str:
        """An address nobody has."""
        return f"{self.number.lower()}@example.org"

    @property
    def address(self) -> str:
        """The person's address."""
        return f"{self.region.city}{self.region.name}示例路{int(self.number[-3:]) + 1}号"


def facts(name: str) -> list[dict[str, str]]:
    """The rows of one of the CSV files with public facts, in the folder `data`."""
    return list(csv.DictReader(facts_file(name).decode().splitlines()))


def facts_file(name: str) -> bytes:
    """The bytes of one of those files."""
    return files("admin.demo").joinpath("data", name).read_bytes()


def talents(count: int = COUNT) -> list[Talent]:
    """Make people; the same number gives the same people."""
    chance = random.Random(_SEED)  # noqa: S311 - repeatable, and nothing secret
    regions = [Region(**row) for row in facts("regions.csv")]
    universities = [row["学校名称"] for row in facts("universities.csv") if row["办学层次"] == "本科"]
    # Half of them live in the first city, so that a row filter on it leaves something to see.
    weights = [3 if region.city_code == regions[0].city_code else 1 for region in regions]
    return [_talent(chance, index, regions, weights, universities) for index in range(1, count + 1)]


def _talent(
    chance: random.Random, index: int, regions: Sequence[Region], weights: Sequence[int], universities: Sequence[str]
) -> Talent:
    born = _FIRST_BIRTH + timedelta(days=chance.randrange(41 * 365))
    return Talent(
        number=f"T33{index:07d}",
        name=chance.choice(_SURNAMES) + "".join(chance.sample(_GIVEN, chance.choice((1, 2, 2)))),
        identity=_identity(born, chance.randrange(1000)),
        born=born,
        degree=_choose(chance, _DEGREES),
        subject=chance.choice(_SUBJECTS),
        university=chance.choice(universities),
        title=_choose(chance, _TITLES),
        level=_choose(chance, _LEVELS),
        region=chance.choices(regions, weights)[0],
        moved=_FIRST_MOVE + timedelta(days=chance.randrange(14 * 365)),
    )


def _choose(chance: random.Random, weighted: Sequence[tuple[str, int]]) -> str:
    return chance.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def _identity(born: date, order: int) -> str:
    first17 = f"{_NOWHERE}{born:%Y%m%d}{order:03d}"
    return next(number for check in "0123456789X" if is_identity_number(number := first17 + check))


def write_workbook(path: Path, people: Sequence[Talent]) -> None:
    """Write an .xlsx as a department keeps it: a title over the table, then a note, then the column names."""
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet("人才名录")
        sheet.merge_range(0, 0, 0, len(HEADER) - 1, TITLE)
        sheet.merge_range(1, 0, 1, len(HEADER) - 1, f"共 {len(people)} 人，由程序生成，与任何真实个人无关")
        sheet.write_row(2, 0, HEADER)
        for row, person in enumerate(people, 3):
            sheet.write_row(row, 0, (person.number, person.name, person.identity))
            sheet.write_datetime(row, 3, person.born, day)
            rest = (person.degree, person.subject, person.university, person.title, person.level)
            sheet.write_row(row, 4, (*rest, person.region.city, person.mail))
