"""The cells that mean "no value".

In a column of text only marks without another meaning count: 无, None and the surnames Nan and Null are values there. In a
column of numbers, dates or digits, words for "none" and "unknown" count as well.
"""

from typing import Final

MISSING_IN_TEXT: Final = frozenset(["", "?", "？", "N/A", "n/a", "#N/A", "NULL", "NaN", "\\N"])
MISSING: Final = MISSING_IN_TEXT | {
    *(
        "null",
        "nan",
        "NA",
        "na",
        "None",
        "none",
        "-",
        "--",
        "---",
        "—",
        "——",
        "/",
        "\\",
        ".",
        "*",
        "#NULL!",
        "#DIV/0!",
        "#VALUE!",
    ),
    *("#REF!", "#NAME?", "#NUM!", "无", "未知", "不详", "暂无", "空", "缺失", "unknown", "Unknown", "UNKNOWN"),
}
