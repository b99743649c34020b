"""The cells that stand for "no value" in people's files.

In a column of text only marks that mean nothing else count: 无 and None are values there. In a column that is
otherwise numbers, dates or digits, words for "none" and "unknown" count as well, since they are no numbers.
"""

from typing import Final

MISSING_IN_TEXT: Final = frozenset(["", "?", "？", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", "nan", "\\N"])
MISSING: Final = MISSING_IN_TEXT | {
    *("NA", "na", "None", "none", "-", "--", "---", "—", "——", "/", "\\", ".", "*", "#NULL!", "#DIV/0!", "#VALUE!"),
    *("#REF!", "#NAME?", "#NUM!", "无", "未知", "不详", "暂无", "空", "缺失", "unknown", "Unknown", "UNKNOWN"),
}
