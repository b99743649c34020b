"""The encodings that an owner may state for a text file.

Python knows other codecs, which are no encodings of text (`punycode`, `unicode_escape`, `undefined`): some take a time that
grows with the square of a file's size.
"""

import codecs
from functools import cache
from typing import Final

ENCODINGS: Final = (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "ascii"),
    *("gb18030", "gbk", "gb2312", "hz", "big5", "big5hkscs", "cp950"),
    *("shift_jis", "cp932", "euc_jp", "iso2022_jp", "euc_kr", "cp949", "johab", "iso2022_kr", "tis-620", "cp874"),
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *(f"iso8859-{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)),
    *("koi8-r", "koi8-u", "cp437", "cp850", "cp852", "cp855", "cp857", "cp858", "cp866", "ptcp154"),
    *("mac-roman", "mac-latin2", "mac-cyrillic", "mac-greek", "mac-turkish", "mac-iceland"),
)


@cache
def _canonical_names() -> dict[str, str]:
    """The names above by the codecs' own. Asked for when an encoding is stated: it loads every codec."""
    return {codecs.lookup(name).name: name for name in ENCODINGS}


def find_codec(name: str) -> str | None:
    """The name of the encoding that is meant (`latin1` is iso8859-1); None if it is not in the list."""
    if not name.isascii() or "\0" in name:
        return None
    try:
        return _canonical_names().get(codecs.lookup(name.strip()).name)
    except LookupError:
        return None
