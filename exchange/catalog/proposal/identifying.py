"""Recognise fields whose values identify a person: by the field's name, by the shape of its values, by its table.

A guess errs on the careful side, since the owner sees it with its reason and can correct it. Numbers that a person is given
(identity, passport, staff, student, account, card, telephone, plate) identify; names, ages and addresses describe, and are
left to the hints of the source.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.contract.hints import latin_words

_MOST: Final = 0.5  # of the values, for a column to have a shape
_UNIQUE: Final = 0.9  # of the values, for a column to tell rows apart
_FEWEST: Final = 5  # values, before a column can be said to tell rows apart
_CODE_LENGTH: Final = 6
_CODE_DIGITS: Final = 4
_LENGTHS: Final = 2  # of codes; amounts have more

# A field whose name has an organisation in it holds the organisation's telephone or address, unless its values are mobiles.
_ORGANISATION: Final = re.compile("学校|单位|机构|企业|公司|部门|院校|机关|窗口|热线")
_ORGANISATION_WORDS: Final = re.compile("company|organisation|organization|school|university|department")
_CONTACT_ZH: Final = re.compile("电话|传真|邮箱|邮件|联系方式|固话|座机")
_CONTACT_WORDS: Final = re.compile(
    "phone|phones|mobile|mobiles|cell|cellphone|cellular|tel|telephone|telno|landline|fax|msisdn|email|"
    "emails|mail|mailbox|whatsapp|lianxidianhua|lianxifangshi|shouji|shoujihao|dianhua|youxiang|sjh|sjhm|"
    "lxdh|lxfs|dhhm"
)
_NUMBER_ZH: Final = re.compile(
    "身份证|证件号|公民身份|护照|通行证|居住证|驾驶证|驾照|军官证|社保卡|社会保障号|社保号|社保账|医保卡|医保号|证照号|证件编|证书编号|证书号|执业证号|资格证号|档案号|考生号|IP地址|MAC地址|公积金号|公积金账|"
    "手机|微信|支付宝|账号|帐号|账户|帐户|卡号|银行卡|存折|工号|学号|学籍号|考号|准考证|人员编号|人才编号|员工编号|职工编号|"
    "人员代码|职工号|员工号|警号|病历号|住院号|门诊号|病案号|就诊号|参保号|车牌|号牌|车架号|发动机号|设备号|指纹|人脸|虹膜|声纹"
)
_SENSITIVE_ZH: Final = re.compile(
    "身份证|证件号|公民身份|护照|通行证|账号|帐号|账户|帐户|卡号|银行卡|存折|指纹|人脸|虹膜|声纹|病"
)
_NUMBER_WORDS: Final = re.compile(
    "imei|imsi|vin|plate|licenceplate|licenseplate|wechat|weixin|qq|alipay|openid|unionid|gonghao|xuehao|"
    "chepai|chepaihao|cphm|cph|sbh|sbkh|ybh|badge"
)
_SENSITIVE_WORDS: Final = re.compile(
    "account|accounts|acct|iban|bankcard|passport|ssn|idcard|nin|shenfenzheng|shenfenzhenghao|sfz|sfzh|sfzhm|"
    "sfzjh|zjhm|zjh|huzhao|hzh|hzhm|yhkh|yhzh|kahao|zhanghao|fingerprint"
)
_HOLDER: Final = (
    "person|people|citizen|resident|applicant|patient|employee|emp|staff|worker|student|pupil|teacher|user|member|customer|"
    "client|subject|talent|holder|taxpayer|insured|driver|personnel"
)
_PHRASES: Final = re.compile(
    rf"(?:.*_)?(?:{_HOLDER})_?(?:id|ids|no|nr|num|number|code|key|uid)(?:_.*)?"
    r"|(?:.*_)?(?:id|identity|bank|credit|debit|card|payroll|medical|insurance|social_security|tax|driver|driving|plate|"
    r"licence|license)_(?:card|no|num|number|id|plate|licence|license|account)(?:_.*)?"
    r"|card|cards|card_?no|bank_?no|national_?id|nationalid|user_?name|username|login|ip|ip_?address|mac_?address"
    rf"|(?:{_HOLDER})(?:id|no|num|number|code)"
)
_SENSITIVE_PHRASES: Final = re.compile(".*(?:identity|bank|credit|debit|card|medical|social_security|national).*")

_BORN_ZH: Final = re.compile("出生|生日|诞辰")
_BORN_WORDS: Final = re.compile("birth|birthday|birthdate|born|dob|chusheng|csrq|csny|shengri")
_NAMED_WORDS: Final = re.compile("xingming|xm|lxr|lianxiren")

_SEPARATORS: Final = re.compile(r"[\s\-.()（）－·]")
_IDENTITY: Final = re.compile(r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]")
_IDENTITY_15: Final = re.compile(r"[1-9]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}")
_MOBILE: Final = re.compile(r"(?:\+|00)?(?:86)?1[3-9]\d{9}")
_INTERNATIONAL: Final = re.compile(r"(?:\+|00)[1-9]\d{7,14}")
_LANDLINE: Final = re.compile(r"(?:\+?86)?0(?:10|2\d|[3-9]\d{2})[2-8]\d{6,7}(?:[转x#]?\d{1,6})?")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CARD: Final = re.compile(r"62\d{14,17}|[3-69]\d{15,18}")
_PASSPORT: Final = re.compile(r"(?:E[A-HJ-NP-Z]?|[GDSP]E?|[HM])\d{7,10}", re.ASCII)
_PLATE: Final = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]"
)
_TRADER: Final = re.compile(r"92\d{6}[0-9A-HJ-NPQRTUWXY]{10}")
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/#:\-]*", re.ASCII)
_DATE: Final = re.compile(
    r"(?:1[89]|20)\d{2}[-/.]?(?:0?[1-9]|1[0-2])[-/.]?(?:0?[1-9]|[12]\d|3[01])(?:[T ].*)?", re.ASCII
)
_INSIDE: Final = re.compile(
    r"(?<![\dA-Za-z])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"
    r"|(?<!\d)[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"
    r"|[^@\s，。；：,;:]+@[^@\s，。；：,;:]+\.[A-Za-z]{2,}"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The reason why a field is about people. `identifies`: its values point to one person. `is_key`: as no other field."""

    reason: str
    identifies: bool = True
    is_sensitive: bool = False
    is_key: bool = False


def _card(text: str) -> bool:
    if not _CARD.fullmatch(text):
        return False
    return text.startswith("62") or _has_luhn_digit(text)


def _has_luhn_digit(digits: str) -> bool:
    """Whether a number ends in the check digit of ISO/IEC 7812-1 annex B."""
    total = sum(
        sum(divmod(int(digit) * 2, 10)) if place % 2 else int(digit) for place, digit in enumerate(reversed(digits))
    )
    return total % 10 == 0


_SHAPES: Final[tuple[tuple[Callable[[str], object], Finding], ...]] = (
    (_IDENTITY.fullmatch, Finding("resident identity numbers", is_sensitive=True, is_key=True)),
    (_MOBILE.fullmatch, Finding("mobile numbers")),
    (_EMAIL.fullmatch, Finding("e-mail addresses")),
    (_PLATE.fullmatch, Finding("number plates")),
    (_card, Finding("numbers of bank cards", is_sensitive=True)),
    (_IDENTITY_15.fullmatch, Finding("resident identity numbers of 15 digits", is_sensitive=True, is_key=True)),
    (_INTERNATIONAL.fullmatch, Finding("telephone numbers")),
    (_PASSPORT.fullmatch, Finding("passport numbers", is_sensitive=True)),
)


def find_about_people(names: Sequence[str], texts: Mapping[str, Sequence[str]]) -> dict[str, Finding]:
    """Fields that are about people, by name, each with the reason. `texts` are the sampled values of each field, as text."""
    return {name: finding for name in names if (finding := _of_field(name, texts.get(name, ())))}


def numbers_of_people(names: Iterable[str], texts: Mapping[str, Sequence[str]]) -> dict[str, Finding]:
    """Fields of a table about people that tell its rows apart by a code, such as a staff number under another name."""
    finding = Finding("its values tell people apart")
    return {name: finding for name in names if _is_numbering(texts.get(name, ()))}


def _of_field(name: str, values: Sequence[str]) -> Finding | None:
    plain = [_SEPARATORS.sub("", value) for value in values]
    for matches, finding in _SHAPES:
        tried = values if matches == _EMAIL.fullmatch else plain
        if values and sum(1 for value in tried if matches(value)) >= _MOST * len(values):
            return Finding(
                f"its values look like {finding.reason}", is_sensitive=finding.is_sensitive, is_key=finding.is_key
            )
    if any(_TRADER.fullmatch(value) for value in plain):
        return Finding("its values have credit codes of one-person businesses (个体工商户)")
    return _of_name(name, plain) or _of_content(values)


def _of_name(name: str, plain: Sequence[str]) -> Finding | None:
    words = latin_words(name)
    phrase = "_".join(words)
    number = _match(name, words, _NUMBER_ZH, _NUMBER_WORDS, _SENSITIVE_WORDS)
    if number or _PHRASES.fullmatch(phrase):
        is_sensitive = bool(
            _match(name, words, _SENSITIVE_ZH, _SENSITIVE_WORDS) or _SENSITIVE_PHRASES.fullmatch(phrase)
        )
        return Finding(f'its name has "{number or phrase}"', is_sensitive=is_sensitive)
    if not _match(name, words, _ORGANISATION, _ORGANISATION_WORDS):
        if contact := _match(name, words, _CONTACT_ZH, _CONTACT_WORDS):
            return Finding(f'its name has "{contact}"')
        if plain and sum(1 for value in plain if _LANDLINE.fullmatch(value)) >= _MOST * len(plain):
            return Finding("its values look like telephone numbers")
    described = _match(name, words, _BORN_ZH, _BORN_WORDS, _NAMED_WORDS)
    return Finding(f'its name has "{described}"', identifies=False) if described else None


def _match(name: str, words: Sequence[str], chinese: re.Pattern[str], *latin: re.Pattern[str]) -> str | None:
    """The part of a name that a pattern is for: Chinese anywhere, or a Latin word."""
    if match := chinese.search(name):
        return match[0]
    return next((word for word in words if any(pattern.fullmatch(word) for pattern in latin)), None)


def _of_content(values: Sequence[str]) -> Finding | None:
    """A finding for prose that has telephone or identity numbers or e-mail addresses in it."""
    if any(len(value) > _CODE_LENGTH and _INSIDE.search(value) for value in values):
        return Finding("its text has telephone or identity numbers or e-mail addresses in it", identifies=False)
    return None


def _is_numbering(values: Sequence[str]) -> bool:
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


def texts_of(values: Iterable[Any], text_form: Callable[[Any], str]) -> list[str]:
    """Values as trimmed text, without the missing ones. A double of a whole number has no decimal point."""
    return [
        text
        for value in values
        if value is not None
        and (text := (str(int(value)) if isinstance(value, float) and value.is_integer() else text_form(value)).strip())
    ]
