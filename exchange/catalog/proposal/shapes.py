"""Recognise fields about people by the shape of their values: numbers, addresses and names that people are given."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

from exchange.catalog.proposal.finding import Finding

_MOST: Final = 0.5  # of the values, for a column to have a shape
_NAMES: Final = 0.8
_UNIQUE: Final = 0.9  # of the values, for a column to tell rows apart
_FEWEST: Final = 5  # values, before a column can be said to tell rows apart or to hold names
_CODE_LENGTH: Final = 6
_CODE_DIGITS: Final = 4
_LENGTHS: Final = 2  # of codes; amounts have more

_SEPARATORS: Final = re.compile(r"[\s\-.()\u00b7\u2010-\u2015]")
_IDENTITY: Final = re.compile(
    r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?:[0-9A-Z]{2})?", re.ASCII
)
_IDENTITY_15: Final = re.compile(r"[1-9]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}", re.ASCII)
_MOBILE: Final = re.compile(r"(?:\+|00)?(?:86)?1[3-9]\d{9}", re.ASCII)
_INTERNATIONAL: Final = re.compile(r"(?:\+|00)[1-9]\d{7,14}", re.ASCII)
_LANDLINE: Final = re.compile(r"(?:\+?86)?0(?:10|2\d|[3-9]\d{2})[2-8]\d{6,7}(?:[转x#]?\d{1,6})?", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CARD: Final = re.compile(r"62\d{14,17}|[3-69]\d{14,18}", re.ASCII)
_PASSPORT: Final = re.compile(r"(?:E[A-HJ-NP-Z]?|[GDSP]E?|[HM])\d{7,10}", re.ASCII)
_PLATE: Final = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]"
)
_TRADER: Final = re.compile(r"92\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/#:\-]*", re.ASCII)
_DATE: Final = re.compile(
    r"(?:1[89]|20)\d{2}[-/.]?(?:0?[1-9]|1[0-2])[-/.]?(?:0?[1-9]|[12]\d|3[01])(?:[T ].*)?", re.ASCII
)
_INSIDE: Final = re.compile(
    r"(?<![\dA-Za-z])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"
    r"|(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"
    r"|[^@\s，。；：,;:]+@[^@\s，。；：,;:]+\.[A-Za-z]{2,}"
)
# The hundred most frequent surnames of the census of 2020, and compound ones.
_SURNAME: Final = (
    "[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾"
    "夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常]|欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐"
)
_NAME: Final = re.compile(rf"(?:{_SURNAME})[一-龥]{{1,2}}(?:·[一-龥]+)?")
_NO_NAME: Final = re.compile(".*[市县区省州路街镇乡村院校厂店局部处科室系级类型日月年元个]")


def _card(text: str) -> bool:
    return _CARD.fullmatch(text) is not None and (text.startswith("62") or _has_luhn_digit(text))


def _has_luhn_digit(digits: str) -> bool:
    """Whether a number ends in the check digit of ISO/IEC 7812-1 annex B."""
    total = sum(
        sum(divmod(int(digit) * 2, 10)) if place % 2 else int(digit) for place, digit in enumerate(reversed(digits))
    )
    return total % 10 == 0


_SHAPES: Final[tuple[tuple[Callable[[str], object], Finding], ...]] = (
    (_IDENTITY.fullmatch, Finding("resident identity numbers", is_sensitive=True, is_key=True)),
    (_MOBILE.fullmatch, Finding("mobile numbers")),
    (_PLATE.fullmatch, Finding("number plates")),
    (_card, Finding("numbers of bank cards", is_sensitive=True)),
    (_IDENTITY_15.fullmatch, Finding("resident identity numbers of 15 digits", is_sensitive=True, is_key=True)),
    (_INTERNATIONAL.fullmatch, Finding("telephone numbers")),
    (_PASSPORT.fullmatch, Finding("passport numbers", is_sensitive=True)),
)


def find_by_values(values: Sequence[str], *, is_of_organisation: bool) -> Finding | None:
    """A finding for the shape of a column's values, if they identify people. `values` are text, without missing ones."""
    if not values:
        return None
    plain = [_SEPARATORS.sub("", unicodedata.normalize("NFKC", value)) for value in values]
    for matches, finding in _SHAPES:
        if _share(matches, plain) >= _MOST:
            return Finding(
                f"its values look like {finding.reason}", is_sensitive=finding.is_sensitive, is_key=finding.is_key
            )
    if _share(_EMAIL.fullmatch, values) >= _MOST:
        return Finding("its values look like e-mail addresses")
    if any(_TRADER.fullmatch(value) for value in plain):
        return Finding("its values have credit codes of one-person businesses (个体工商户)")
    if not is_of_organisation and _share(_LANDLINE.fullmatch, plain) >= _MOST:
        return Finding("its values look like telephone numbers")
    return None


def find_in_content(values: Sequence[str]) -> Finding | None:
    """A finding for columns of names, and for prose that has telephone or identity numbers or e-mail addresses in it."""
    if len(values) >= _FEWEST and _share(_is_name, values) >= _NAMES and len(set(values)) >= _MOST * len(values):
        return Finding("its values look like names of people", identifies=False)
    if any(len(value) > _CODE_LENGTH and _INSIDE.search(value) for value in values):
        return Finding("its text has telephone or identity numbers or e-mail addresses in it", identifies=False)
    return None


def is_numbering(values: Sequence[str]) -> bool:
    """Whether values are codes that tell rows apart, nearly each of them another."""
    return (
        len(values) >= _FEWEST
        and len(set(values)) >= _UNIQUE * len(values)
        and len({len(value) for value in values}) <= _LENGTHS
        and all(_is_code(value) for value in values)
    )


def _is_code(value: str) -> bool:
    return (
        len(value) >= _CODE_LENGTH
        and _CODE.fullmatch(value) is not None
        and sum(map(str.isdigit, value)) >= _CODE_DIGITS
        and not _DATE.fullmatch(value)
    )


def _is_name(value: str) -> bool:
    return _NAME.fullmatch(value) is not None and not _NO_NAME.fullmatch(value)


def _share(matches: Callable[[str], object], values: Sequence[str]) -> float:
    return sum(1 for value in values if matches(value)) / len(values)
