"""An owner's module: what an owner writes about its own datasets in Rego, with its tests.

A module is one file in the package `exchange.owner` and one with its tests. It calls only functions on which all engines
agree, reads only `input`, and takes effect through five rules (policies/owner_rules/narrowing.py). Its text is parsed in a
sandboxed process only (policies/owner_rules/inspection.py).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from policies.owner_rules.form import MAX_BYTES, MAX_DIAGNOSTICS, MAX_LINE, MODULE, TESTS
from policies.rego.bundle import Bundle

# A comment, or a literal; one that does not end reaches to the end of its line. Possessive, so in time linear in the text.
_LITERAL = re.compile(r"#[^\n]*+|\"(?:\\.|[^\"\\\n])*+[\"\\]?|`[^`]*+`")
_EMPTY = {
    "deny": "deny contains 1 if false",
    "drop": "drop contains 1 if false",
    "masks": "masks := {}",
    "row_filters": "row_filters contains 1 if false",
}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to correct in a module: the file with its line, where it has one, and what to do."""

    at: str
    error: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of a check: everything to correct, or nothing and the line of each test by its name."""

    diagnostics: tuple[Diagnostic, ...]
    tests: Mapping[str, int]


@dataclass(frozen=True)
class OwnerModule:
    """A module and its tests, as texts."""

    text: str
    tests: str

    @cached_property
    def bundle(self) -> Bundle:
        """Both files; its digest names the module."""
        return Bundle({MODULE: self.text.encode(), TESTS: self.tests.encode()})

    @property
    def digest(self) -> str:
        """The module's name: the digest of both its files, as of any bundle."""
        return self.bundle.digest

    @cached_property
    def literals(self) -> frozenset[str]:
        """
        The values of the string literals in the module: a denial may state only these, so no value of a question.

        They are found by one pass over the text and without parsing it, as every decision needs them.
        """
        values = set()
        for literal in _LITERAL.findall(self.text):
            if literal.startswith("`"):
                values.add(literal[1:-1])
            elif literal.startswith('"'):
                try:
                    values.add(str(json.loads(literal)))
                except ValueError:
                    continue
        return frozenset(values)

    def without_exports(self, exports: Iterable[tuple[str, int]]) -> "OwnerModule":
        """
        A copy whose exported rules are renamed and replaced by empty ones, so that a test of what they do fails.

        `exports` has the name of each head and the byte at which it stands (inspection.inspect).
        """
        content, parts, begin, names = self.text.encode(), list[bytes](), 0, set[str]()
        for name, start in exports:
            names.add(name)
            parts += [content[begin:start], b"disabled_"]
            begin = start
        renamed = b"".join([*parts, content[begin:]]).decode()
        return OwnerModule("\n".join([renamed, *(_EMPTY[name] for name in _EMPTY if name in names), ""]), self.tests)


def check_size(module: OwnerModule) -> tuple[Diagnostic, ...]:
    """Diagnostics about the size of a module's files and lines."""
    large = [
        Diagnostic(path, f"a module and its tests have at most {MAX_BYTES} bytes each")
        for path, content in module.bundle.files.items()
        if len(content) > MAX_BYTES
    ]
    if large:
        return tuple(large)
    long = [
        Diagnostic(f"{path}:{number}", f"a line has at most {MAX_LINE} characters")
        for path, text in ((MODULE, module.text), (TESTS, module.tests))
        for number, line in enumerate(text.split("\n"), 1)
        if len(line) > MAX_LINE
    ]
    return tuple(long[:MAX_DIAGNOSTICS])
