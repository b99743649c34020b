"""Whether a text that no delimiter splits is a table of one column, or no table at all: SQL, YAML, a program, prose."""

import re
from collections.abc import Sequence
from typing import Final

from adapters.contract import SourceError

_SHARE: Final = 0.6
_LONG: Final = 100  # characters of a header that is rather a sentence
_SQL: Final = re.compile(
    r"(?:--|/\*|(?:create|insert|drop|alter|select|set|begin|commit|use|lock|grant|copy|update|delete|with)\b.*[(;]?\s*$)",
    re.IGNORECASE,
)
_SQL_BODY: Final = re.compile(
    r"(?:create\s+(?:table|database|schema|view|index)|insert\s+into|drop\s+table|alter\s+table|begin;|copy\s+\S+.*from\s+stdin|"
    r"select\s.+\sfrom\s|pragma\s)",
    re.IGNORECASE,
)
_PAIR: Final = re.compile(r"\s*(?:-\s+)?[\w.\"'-]+\s*[:=](?:\s.*|$)")
_MARK: Final = re.compile(
    r"#!|<\?php|---\s*$|%YAML|\[[\w. -]+\]\s*$|#include|package \w|(?:import|from) \w+|\*\*\*|#{1,6} "
)
_SENTENCE: Final = re.compile(r".*[.!?。！？]$")


def check_single_column(cells: Sequence[str]) -> None:
    """Raise SourceError kind-unsupported unless the lines of a text can be the cells of one column, below its name."""
    lines = [cell for cell in cells if cell]
    if not lines:
        return
    body = lines[1:] or lines
    if (_SQL.match(lines[0]) and any(_SQL_BODY.match(line) for line in lines)) or _SQL_BODY.match(lines[0]):
        raise _no_table("SQL")
    if _MARK.match(lines[0]) or sum(1 for line in lines if _PAIR.fullmatch(line)) > _SHARE * len(lines):
        raise _no_table("a program, a configuration or a list of keys and values")
    if len(lines[0]) > _LONG or _is_prose(lines[0], body):
        raise _no_table("prose")


def _is_prose(name: str, body: Sequence[str]) -> bool:
    """Whether the first line is a sentence, or continues in the next as in a paragraph."""
    words = name.split()
    if _SENTENCE.match(name):
        return len(words) > 1 or sum(1 for line in body if _SENTENCE.match(line)) > _SHARE * len(body)
    return len(words) > 8 and sum(1 for line in body if len(line.split()) > 4) > _SHARE * len(body)  # noqa: PLR2004


def _no_table(kind: str) -> SourceError:
    return SourceError(
        "kind-unsupported",
        f"the text reads like {kind}: no delimiter splits its lines; if they are a column, state `delimiter`",
        "line 1",
    )
