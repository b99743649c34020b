"""Infer from a column's name that its values are codes or identifying numbers, which are text despite their digits.

`1001.10`, `1E5`, `+8613800000001` and `2020-1-15` are codes as they are written; as numbers or dates they would be others.
"""

import re
from typing import Final

from adapters.contract.hints import is_subject_name, latin_words

_CODE_ZH: Final = re.compile(
    "码|代号|编号|编码|证号|证件|学号|工号|卡号|账号|帐号|账户$|帐户$|户号|单号|票号|文号|批号|字号|案号|档号|车牌|型号|规格|"
    "电话|手机|传真|邮编|身份证|护照|联系方式|科目$|银行卡|卡$|版本|章节|条款|公积金号|社保号|(?<![序行期])号$"
)
# Numbers that are counted or measured, though their name has such a word (电话费, 编码数).
_QUANTITY_ZH: Final = re.compile("(?:数|数量|费|费用|额|率|次数|时长|个数|占比|比例|价|余额|长度|得分|%)$")
_CODE_WORDS: Final = frozenset(
    (
        *(
            "code",
            "codes",
            "zip",
            "zipcode",
            "postcode",
            "postal",
            "plz",
            "postnr",
            "phone",
            "mobile",
            "cellphone",
            "tel",
        ),
        *(
            "telephone",
            "fax",
            "iban",
            "bic",
            "ssn",
            "isbn",
            "issn",
            "ean",
            "upc",
            "sku",
            "imei",
            "imsi",
            "vin",
            "barcode",
        ),
        *("passport", "licence", "license", "serial", "acct", "cpf", "cnpj", "siren", "siret", "vat", "taxid", "uscc"),
        *("version", "ver", "revision", "section", "chapter", "clause", "hash", "uuid", "guid", "model", "mpn"),
        *("cardno", "accountno", "orderno", "idcard", "idno", "staffno", "empno", "employeeno", "msisdn"),
    )
)
# A word that makes `no`, `nr`, `number` or `id` after it an identifier, not an ordinal or a quantity.
_NUMBERED: Final = frozenset(
    (
        *(
            "account",
            "card",
            "identity",
            "id",
            "staff",
            "employee",
            "personnel",
            "person",
            "student",
            "member",
            "customer",
        ),
        *("client", "patient", "citizen", "order", "invoice", "document", "doc", "contract", "policy", "certificate"),
        *(
            "registration",
            "reference",
            "ref",
            "case",
            "file",
            "ticket",
            "batch",
            "lot",
            "part",
            "article",
            "item",
            "bank",
        ),
        *("tax", "insurance", "social", "security", "credit", "debit", "vehicle", "plate", "room", "house", "contact"),
        *("payroll", "badge", "payment", "transaction", "voucher", "receipt", "user", "national"),
    )
)
_NUMBER_WORDS: Final = frozenset(("no", "nr", "num", "number", "nbr"))
_ALONE: Final = frozenset(("account", "accountnumber", "cardnumber", "card"))
_QUANTITY_WORDS: Final = frozenset(
    (
        *(
            "count",
            "counts",
            "total",
            "sum",
            "amount",
            "balance",
            "fee",
            "fees",
            "rate",
            "ratio",
            "price",
            "cost",
            "minutes",
        ),
        *(
            "seconds",
            "length",
            "size",
            "share",
            "percent",
            "avg",
            "average",
            "mean",
            "min",
            "max",
            "score",
            "per",
            "of",
        ),
    )
)
_MONEY_ZH: Final = re.compile(
    "金额|价|费|工资|薪|收入|余额|货款|贷款|存款|罚款|税额|补贴|津贴|奖金|预算|支出|元[)）]?$"
)
_MONEY_WORDS: Final = frozenset(
    (
        *("amount", "price", "cost", "costs", "fee", "fees", "salary", "wage", "wages", "pay", "income", "balance"),
        *("revenue", "tax", "deposit", "payment", "budget", "expenditure", "subsidy", "loan", "premium", "bonus"),
        *("yuan", "cny", "rmb", "usd", "eur", "hkd"),
    )
)
_BLANKS: Final = re.compile(r"\s+")
_DATE_ZH: Final = re.compile("日期|时间|出生|生日|年月|日$")
_DATE_WORDS: Final = frozenset(("date", "day", "birth", "birthday", "birthdate", "dob", "born", "time", "on"))


def is_code(name: str) -> bool:
    """Whether a column of this name holds codes or identifying numbers, which are text."""
    words, name = latin_words(name), _BLANKS.sub("", name)
    if _QUANTITY_ZH.search(name) or not _QUANTITY_WORDS.isdisjoint(words):
        return False
    if _CODE_ZH.search(name) or not _CODE_WORDS.isdisjoint(words) or is_subject_name(name):
        return True
    return words in ([word] for word in _ALONE) or (
        len(words) > 1 and words[-1] in _NUMBER_WORDS and not _NUMBERED.isdisjoint(words[:-1])
    )


def is_money(name: str) -> bool:
    """Whether a column of this name holds amounts of money, which are exact."""
    return bool(_MONEY_ZH.search(_BLANKS.sub("", name))) or not _MONEY_WORDS.isdisjoint(latin_words(name))


def is_date(name: str) -> bool:
    """Whether a column of this name holds dates: then a number may be one."""
    return bool(_DATE_ZH.search(_BLANKS.sub("", name))) or not _DATE_WORDS.isdisjoint(latin_words(name))
