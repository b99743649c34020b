"""What an owner may write about a dataset of its own in Rego: the form of it, told from the text alone.

A module is one file in the package `exchange.owner` and one with its tests. It keeps to the part of Rego on which all
engines agree, sees nothing but the question, and is heard in five rules (policies/owner_rules/narrowing.py). What needs it to be run is
found out in a process of its own (policies/owner_rules/workers.py).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from policies.owner_rules.sandbox import HEARD, PACKAGE
from policies.rego.bundle import Bundle
from policies.rego.portable import NOISE, RESERVED, bare, heads, line_of, unportable

MOST_BYTES = 64 << 10
"""Bytes of a module, and of its tests."""

MOST_LINE = 1024
"""Characters of a line."""

MOST_TESTS = 200
MOST_FAULTS = 20
"""Faults by the text alone that are told."""

MODULE, TESTS = "owner.rego", "owner_test.rego"

_PACKAGE = re.compile(r"^\s*package[ \t]+(\S+)")
_PACKAGES = re.compile(r"(?<![\w.])package\b")
_IMPORT = re.compile(r"(?<![\w.])import\b[ \t]*([^\n]*)")
_DATA = re.compile(rf"(?<![\w.])data\b(?!\.{re.escape(PACKAGE)}\b)")
_WITH = re.compile(r"(?<![\w.])with\b")
_INTERPOLATED = re.compile(r"\$")
_ALLOWING = frozenset({"allow", "decision", "obligations"})
_TEST = re.compile(r"test_\w+", re.ASCII)
_EMPTY = {
    "deny": "deny contains 1 if false",
    "drop": "drop contains 1 if false",
    "masks": "masks := {}",
    "row_filters": "row_filters contains 1 if false",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a module: the file with its line, where it has one, and what to do."""

    at: str
    error: str


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
        """What names the module: the digest of both its files, as of any bundle."""
        return self.bundle.digest

    @cached_property
    def literals(self) -> frozenset[str]:
        """The texts that stand in the module as they are: what it tells somebody is one of these, and no value verbatim."""
        found = set()
        for noise in NOISE.findall(self.text):
            if noise.startswith("`"):
                found.add(noise[1:-1])
            elif noise.startswith('"'):
                try:
                    found.add(str(json.loads(noise)))
                except ValueError:
                    continue
        return frozenset(found)

    def test_lines(self) -> dict[str, int]:
        """The names of its tests, each with the line that it begins on."""
        text = bare(self.tests)
        lines, line, at = {}, 1, 0
        for head in heads(text):
            line += text.count("\n", at, head.start())
            at = head.start()
            if _TEST.fullmatch(head["name"]):
                lines[head["name"]] = line
        return lines

    def unheard(self) -> "OwnerModule":
        """The same with the rules that are listened to under other names, and empty ones in place of them: it says nothing."""
        text, begun, said = [], 0, set()
        for head in heads(self.text):
            if head["name"] in HEARD:
                said.add(head["name"])
                text += [self.text[begun : head.start("name")], "unheard_"]
                begun = head.start("name")
        empty = [line for name, line in _EMPTY.items() if name in said]
        return OwnerModule("\n".join(["".join([*text, self.text[begun:]]), *empty, ""]), self.tests)


def faults(module: OwnerModule) -> tuple[Fault, ...]:
    """What is wrong with a module by its text alone."""
    sizes = [(path, len(content)) for path, content in module.bundle.files.items()]
    large = [
        Fault(path, f"a module and its tests have at most {MOST_BYTES} bytes each")
        for path, size in sizes
        if size > MOST_BYTES
    ]
    if large:
        return tuple(large)
    long = [
        Fault(f"{path}:{number}", f"a line has at most {MOST_LINE} characters")
        for path, text in ((MODULE, module.text), (TESTS, module.tests))
        for number, line in enumerate(text.split("\n"), 1)
        if len(line) > MOST_LINE
    ]
    if long:
        return tuple(long[:MOST_FAULTS])
    return tuple(islice(_faults(module), MOST_FAULTS))


def _faults(module: OwnerModule) -> Iterator[Fault]:
    text, tests = bare(module.text), bare(module.tests)
    yield from _frame(MODULE, text, package=PACKAGE)
    yield from _frame(TESTS, tests, package=f"{PACKAGE}_test")
    for path, line, word in unportable(module.bundle, reserved=RESERVED):
        if word == '"':
            yield Fault(f"{path}:{line}", "a text begins here and does not end on its line")
        elif not word.startswith("import"):
            yield Fault(f"{path}:{line}", f"{word} may not be called; docs/policies.md lists the functions that may")
    for found in _WITH.finditer(text):
        yield _at(MODULE, text, found, "`with` is for tests: a module answers the question that was asked")
    for head in heads(text):
        if head["name"] in _ALLOWING:
            yield _at(MODULE, text, head, f"a module only narrows; name the rule otherwise than `{head['name']}`")
    if not any(head["name"] in HEARD for head in heads(text)):
        yield Fault(MODULE, f"nothing in it is listened to; the rules that are: {', '.join(HEARD)}")
    names = module.test_lines()
    if not names:
        yield Fault(TESTS, "there is no test; a test is a rule whose name begins with `test_`")
    if len(names) > MOST_TESTS:
        yield Fault(TESTS, f"at most {MOST_TESTS} tests are run")


def _frame(path: str, text: str, *, package: str) -> Iterator[Fault]:
    begin = _PACKAGE.match(text)
    if begin is None or begin[1] != package:
        yield Fault(f"{path}:1", f"begin with `package {package}`")
    for found in list(_PACKAGES.finditer(text))[1:]:
        yield _at(path, text, found, "a file is of one package")
    for found in _IMPORT.finditer(text):
        if path == MODULE or found[1].strip() != f"data.{PACKAGE}":
            yield _at(path, text, found, f"only tests import anything, and that is `data.{PACKAGE}`")
    for found in _DATA.finditer(text):
        yield _at(
            path, text, found, f"there is no data but `data.{PACKAGE}`; everything a module may know is in `input`"
        )
    for found in _INTERPOLATED.finditer(text):
        yield _at(path, text, found, "texts are not put together with `$`; not every engine knows that")


def _at(path: str, text: str, found: re.Match[str], error: str) -> Fault:
    return Fault(f"{path}:{line_of(text, found.start())}", error)
