"""Guess which fields are about people, from their names and a sample of their values.

An owner should notice that a column holds identity numbers without knowing the law by heart. Hints have reasons and are
shown for confirmation; nothing is decided by them. What counts as sensitive follows article 28 of the Personal
Information Protection Law and the examples of GB/T 35273-2020, annex B.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

import pyarrow as pa

from adapters.contract.description import Hint, HintKind

_SAMPLE: Final = 500
_SHARE: Final = 0.8  # of the values seen

# Chinese headers are searched for these words; Latin ones are split into words, at case changes, digits and punctuation.
_PERSONAL_ZH: Final = re.compile(
    "姓名|名字|身份证|证件号|护照|手机|电话|联系方式|邮箱|微信|住址|地址|家庭|籍贯|户籍|出生|生日|性别|年龄|"
    "民族|婚姻|学号|工号|社保号|公积金|工资|薪|学历|学位|职称|毕业|人员|申请人|联系人|负责人|法定代表人"
)
_SENSITIVE_ZH: Final = re.compile(
    "身份证|证件号|护照|银行|账号|卡号|病|医疗|健康|残疾|诊断|血型|宗教|民族|政治面貌|党派|婚姻|犯罪|处罚|"
    "行踪|住址|工资|薪|收入|社保号|公积金|指纹|人脸"
)
_SUBJECT_ZH: Final = re.compile("身份证|证件号|公民身份|工号|学号|人员编号|人才编号|社保号")
_ORGANISATION_ZH: Final = re.compile("学校|单位|机构|企业|公司|部门|院校|法人代码")
_PERSONAL: Final = re.compile(
    "person|name|firstname|lastname|surname|fullname|forename|email|mail|phone|mobile|tel|telephone|address|birth|"
    "birthday|birthdate|born|dob|age|sex|gender|race|ethnicity|nationality|marital|relationship|passport|ssn|idcard|salary|"
    "income|wage|education|occupation|employee|student|applicant|patient|native"
)
_SENSITIVE: Final = re.compile(
    "race|ethnicity|ethnic|religion|political|health|disease|diagnosis|disability|medical|marital|sex|gender|"
    "orientation|passport|ssn|idcard|salary|income|wage|bank|account|card|biometric|native|nationality|criminal"
)
_SUBJECT: Final = re.compile(
    "(person|citizen|resident|applicant|patient|employee|student|user|subject|talent)_?(id|no|code)"
    "|id_?card(_?(no|number))?|identity_?(card|no|number)|passport_?(no|number)|ssn|national_?id"
)
_ORGANISATION: Final = re.compile(
    "file|host|product|project|company|organisation|organization|school|university|department|city|province|county|"
    "country|area|region|street|dataset|table|column|field|course|unit|agency|institution"
)

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_MOBILE: Final = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d{9}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_IDENTITY: Final = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]")


def is_identity_number(text: str) -> bool:
    """Whether a text is a resident identity number: 18 characters with a date and the check character of GB 11643-1999."""
    if not _IDENTITY.fullmatch(text):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text, strict=False))
    return "10X98765432"[total % 11] == text[-1].upper()


_SHAPES: Final[tuple[tuple[str, Callable[[str], object], tuple[HintKind, ...]], ...]] = (
    ("resident identity numbers", is_identity_number, ("personal", "sensitive", "subject_key")),
    ("mobile numbers", _MOBILE.fullmatch, ("personal",)),
    ("e-mail addresses", _EMAIL.fullmatch, ("personal",)),
)


def guess_hints(sample: pa.Table) -> tuple[Hint, ...]:
    """Hints for each column of an unmasked sample; a few hundred rows are enough."""
    reasons: dict[tuple[str, HintKind], str] = {}
    for name in sample.column_names:
        column = sample.column(name)
        if pa.types.is_string(column.type):
            values = [value for value in column.slice(0, _SAMPLE).to_pylist() if value]
            for kind, reason in _guess_by_values(values):
                reasons.setdefault((name, kind), reason)
        for kind, reason in _guess_by_name(name):
            reasons.setdefault((name, kind), reason)
    return tuple(Hint(name, kind, reason) for (name, kind), reason in reasons.items())


def _guess_by_values(values: Sequence[str]) -> list[tuple[HintKind, str]]:
    for title, matches, kinds in _SHAPES:
        if values and sum(1 for value in values if matches(value)) >= _SHARE * len(values):
            return [(kind, f"its values look like {title}") for kind in kinds]
    return []


def _guess_by_name(name: str) -> list[tuple[HintKind, str]]:
    words = latin_words(name)
    personal = _find_word(name, words, _PERSONAL_ZH, _PERSONAL)
    sensitive = _find_word(name, words, _SENSITIVE_ZH, _SENSITIVE)
    subject = _find_word(name, ["_".join(words)], _SUBJECT_ZH, _SUBJECT)
    if _find_word(name, words, _ORGANISATION_ZH, _ORGANISATION) and not sensitive and not subject:
        return []  # the name of a school is no name of a person
    words_by_kind: list[tuple[HintKind, str | None]] = [
        ("personal", personal or subject),
        ("sensitive", sensitive),
        ("subject_key", subject),
    ]
    return [(kind, f'its name has "{word}"') for kind, word in words_by_kind if word]


def is_subject_name(name: str) -> bool:
    """Whether a header names a number that identifies a person: an identity card, a staff or student number."""
    return _find_word(name, ["_".join(latin_words(name))], _SUBJECT_ZH, _SUBJECT) is not None


def _find_word(name: str, words: Sequence[str], chinese: re.Pattern[str], latin: re.Pattern[str]) -> str | None:
    match = chinese.search(name)
    return match[0] if match else next((word for word in words if latin.fullmatch(word)), None)


def latin_words(name: str) -> list[str]:
    """The Latin words of a header in lower case: `homeAddress2` gives home, address."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
