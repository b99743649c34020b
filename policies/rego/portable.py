"""The part of Rego on which every engine agrees, and a check that a bundle stays inside it.

Engines differ in their built-in functions: one reads a time that another leaves undefined, one compares numbers as
text, one shows a policy the server's environment. A policy that uses none of those decides alike on every engine
(measured in docs/decisions/embedded-rego-engine.md). What is missing here can be passed in as a fact.
"""

import re
from collections.abc import Iterator

from policies.rego.bundle import Bundle

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
"""The built-in functions on which the engines agree (tests/policies/rego/test_portable.py compares each)."""

RESERVED = frozenset(
    {
        "abs",
        "all",
        "and",
        "any",
        "assign",
        "cast_array",
        "cast_boolean",
        "cast_null",
        "cast_object",
        "cast_set",
        "cast_string",
        "ceil",
        "concat",
        "contains",
        "count",
        "div",
        "endswith",
        "eq",
        "equal",
        "floor",
        "format_int",
        "gt",
        "gte",
        "indexof",
        "indexof_n",
        "intersection",
        "is_array",
        "is_boolean",
        "is_null",
        "is_number",
        "is_object",
        "is_set",
        "is_string",
        "lower",
        "lt",
        "lte",
        "max",
        "min",
        "minus",
        "mul",
        "neq",
        "or",
        "plus",
        "print",
        "product",
        "re_match",
        "rem",
        "replace",
        "round",
        "set_diff",
        "sort",
        "split",
        "sprintf",
        "startswith",
        "substring",
        "sum",
        "to_number",
        "trace",
        "trim",
        "trim_left",
        "trim_prefix",
        "trim_right",
        "trim_space",
        "trim_suffix",
        "type_name",
        "union",
        "upper",
        "walk",
    }
)
"""OPA's own functions by a plain name: no owner's module defines one, as engines differ in which of the two they call."""

_KEYWORDS = frozenset({"contains", "else", "every", "if", "in", "not", "some", "with"})
NOISE = re.compile(r"#[^\n]*+|\"(?:\\.|[^\"\\\n])*+[\"\\]?|`[^`]*+`")
"""A comment, or a literal; one that does not end reaches to the end of its line. In time that is linear in the text."""
_WHOLE = re.compile(r"\"(?:\\.|[^\"\\\n])*+\"")
_CALL = re.compile(r"(?<![A-Za-z0-9_.\]])([A-Za-z0-9_.\]]++)\s*+\(")
_HEAD = re.compile(
    NOISE.pattern
    + r"|^[ \t]*+(?:default[ \t]++)?(?P<name>[A-Za-z_][A-Za-z0-9_]*+)(?P<arguments>\()?+"
    + r"|(?P<open>[\[({])|(?P<close>[\])}])",
    re.MULTILINE,
)
_BODY = re.compile(r"\s*+(?::=|=(?!=)|if\b|\{)")
_PACKAGE = re.compile(r"\s*+package[ \t]++(\S++)")


class NotPortable(ValueError):
    """A module uses what engines disagree on. The message names the module, the line and the word."""


def check_portable(bundle: Bundle) -> None:
    """Raise NotPortable where a module calls a function that is neither its bundle's own nor on the list."""
    for path, line, word in unportable(bundle):
        raise NotPortable(f"{path}:{line}: {word} is not portable")


def unportable(bundle: Bundle, *, reserved: frozenset[str] = frozenset()) -> Iterator[tuple[str, int, str]]:
    """What is not portable in a bundle, as path, line and word; functions of reserved names are nobody's own."""
    for path, text in bundle.modules():
        for noise in NOISE.finditer(text):
            if noise[0].startswith('"') and not _WHOLE.fullmatch(noise[0]):
                yield path, line_of(text, noise.start()), '"'
    texts = {path: bare(text) for path, text in bundle.modules()}
    packages = {path: found[1] if (found := _PACKAGE.match(text)) else path for path, text in texts.items()}
    own: dict[str, set[str]] = {}
    for path, text in texts.items():
        own.setdefault(packages[path], set()).update(_functions(text))
    for path, text in texts.items():
        allowed = BUILTINS | _KEYWORDS | (own[packages[path]] - reserved)
        for call in _CALL.finditer(text):
            if call[1] not in allowed:
                yield path, line_of(text, call.start()), call[1]
        if imported := re.search(r"^import\s+(?!data\.)\S+", text, re.MULTILINE):
            yield path, line_of(text, imported.start()), imported[0]


def heads(text: str) -> Iterator[re.Match[str]]:
    """Where the rules of a text begin: the first words of its lines, `name`, outside of brackets, comments and literals."""
    depth = 0
    for found in _HEAD.finditer(text):
        if found["name"] is not None:
            if depth == 0:
                yield found
            depth += found["arguments"] is not None
        else:
            depth = max(depth + _step(found), 0)


def _functions(text: str) -> Iterator[str]:
    """The functions that a bare text defines: a name and arguments at the head of a rule. A call alone defines nothing."""
    depth, name = 0, None
    for found in _HEAD.finditer(text):
        if found["name"] is not None:
            name = found["name"] if found["arguments"] and depth == 0 else name
            depth += found["arguments"] is not None
            continue
        depth = max(depth + _step(found), 0)
        if depth == 0 and name is not None:
            if _BODY.match(text, found.end()):
                yield name
            name = None


def _step(found: re.Match[str]) -> int:
    """What a bracket, or anything else, is to the depth."""
    return -1 if found["close"] else int(found["open"] is not None)


def bare(text: str) -> str:
    """A module without its comments and literals, on the same lines."""
    return NOISE.sub(_blank, text)


def line_of(text: str, position: int) -> int:
    """The number of the line that a position is on."""
    return text.count("\n", 0, position) + 1


def _blank(noise: re.Match[str]) -> str:
    """Comments and literals hold no calls; keep their line breaks so that line numbers stay right."""
    return "\n" * noise[0].count("\n")
