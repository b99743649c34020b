"""The part of Rego on which every engine agrees, and a check that a bundle stays inside it.

Engines differ in their built-in functions: one reads a time that another leaves undefined, one compares numbers as
text, one shows a policy the server's environment. A policy that uses none of those decides alike on every engine
(measured in docs/decisions/embedded-rego-engine.md). What is missing here can be passed in as a fact.
"""

import re
from collections.abc import Iterator

from policies.bundle import Bundle

BUILTINS = frozenset(
    {
        "abs",
        "array.concat",
        "array.slice",
        "count",
        "endswith",
        "is_array",
        "is_boolean",
        "is_number",
        "is_object",
        "is_set",
        "is_string",
        "object.get",
        "object.keys",
        "sprintf",
        "startswith",
        "sum",
        "trim_prefix",
        "trim_suffix",
    }
)
"""The built-in functions on which the engines agree (tests/policies/test_portable.py compares each)."""

_KEYWORDS = frozenset({"contains", "else", "every", "if", "in", "not", "some", "with"})
NOISE = re.compile(r"#[^\n]*+|\"(?:\\.|[^\"\\\n])*+[\"\\]?|`[^`]*+`")
"""A comment, or a literal; one that does not end reaches to the end of its line. In time that is linear in the text."""
_WHOLE = re.compile(r"\"(?:\\.|[^\"\\\n])*+\"")
_CALL = re.compile(r"(?<![A-Za-z0-9_.\]])([A-Za-z0-9_.\]]++)\s*+\(")
_DEFINED = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)\(", re.MULTILINE)


class NotPortable(ValueError):
    """A module uses what engines disagree on. The message names the module, the line and the word."""


def check_portable(bundle: Bundle) -> None:
    """Raise NotPortable where a module calls a function that is neither its bundle's own nor on the list."""
    for path, line, word in unportable(bundle):
        raise NotPortable(f"{path}:{line}: {word} is not portable")


def unportable(bundle: Bundle) -> Iterator[tuple[str, int, str]]:
    """What is not portable in a bundle, as path, line and word."""
    for path, text in bundle.modules():
        for noise in NOISE.finditer(text):
            if noise[0].startswith('"') and not _WHOLE.fullmatch(noise[0]):
                yield path, line_of(text, noise.start()), '"'
    texts = {path: bare(text) for path, text in bundle.modules()}
    own = {name for text in texts.values() for name in _DEFINED.findall(text)}
    for path, text in texts.items():
        for call in _CALL.finditer(text):
            if call[1] not in BUILTINS | _KEYWORDS | own:
                yield path, line_of(text, call.start()), call[1]
        if imported := re.search(r"^import\s+(?!data\.)\S+", text, re.MULTILINE):
            yield path, line_of(text, imported.start()), imported[0]


def bare(text: str) -> str:
    """A module without its comments and literals, on the same lines."""
    return NOISE.sub(_blank, text)


def line_of(text: str, position: int) -> int:
    """The number of the line that a position is on."""
    return text.count("\n", 0, position) + 1


def _blank(noise: re.Match[str]) -> str:
    """Comments and literals hold no calls; keep their line breaks so that line numbers stay right."""
    return "\n" * noise[0].count("\n")
