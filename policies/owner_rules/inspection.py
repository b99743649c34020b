"""Inspect an owner's module by its syntax tree: what it calls, imports and refers to, and the rules it defines.

This runs in the sandboxed process only, which bounds its time and memory. It loads little, as that process starts with it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from policies.engines.builtins import RESERVED
from policies.engines.portable import find_unportable
from policies.engines.syntax import Syntax, read
from policies.owner_rules.form import EXPORTED_RULES, MAX_DIAGNOSTICS, MAX_TESTS, MODULE, PACKAGE, TESTS

_ALLOWING = frozenset({"allow", "decision", "obligations"})
_DOCUMENTS = frozenset({"data", "input", "rego"})
_PREFIX = "test_"


def inspect(files: dict[str, str]) -> dict[str, Any]:
    """
    Inspect a module and its tests, given as texts by file name. The result is JSON:

    - `diagnostics`: at most MAX_DIAGNOSTICS pairs of a place (`file:line`) and what to do there
    - `tests`: the line of each test, by its name
    - `exports`: pairs of an exported rule's name and the byte of the module at which that name stands

    Raises what `syntax.read` raises.
    """
    syntax = read(files.items())
    module, tests = syntax[MODULE], syntax[TESTS]
    lines = {rule.name: rule.line for rule in tests.rules if rule.name.startswith(_PREFIX) and rule.name != _PREFIX}
    diagnostics = islice(_diagnose(module, tests, lines), MAX_DIAGNOSTICS)
    return {
        "diagnostics": [(at, error[:300]) for at, error in diagnostics],
        "tests": dict(islice(lines.items(), MAX_TESTS)),
        "exports": [(rule.name, rule.start) for rule in module.rules if rule.name in EXPORTED_RULES],
    }


def _diagnose(module: Syntax, tests: Syntax, lines: dict[str, int]) -> Iterator[tuple[str, str]]:
    yield from _diagnose_references(MODULE, module, package=PACKAGE)
    yield from _diagnose_references(TESTS, tests, package=f"{PACKAGE}_test")
    for path, line, word in find_unportable({MODULE: module, TESTS: tests}, reserved=RESERVED):
        if not word.startswith("import "):
            yield f"{path}:{line}", f"{word} may not be called; docs/policies.md lists the functions that may"
    for line in module.overrides:
        yield f"{MODULE}:{line}", "use `with` in tests only: a module decides about the `input` it is given"
    yield from _diagnose_names(MODULE, module)
    yield from _diagnose_names(TESTS, tests)
    for rule in module.rules:
        if rule.name in _ALLOWING:
            yield f"{MODULE}:{rule.line}", f"a module only narrows; give the rule another name than `{rule.name}`"
    if not any(rule.name in EXPORTED_RULES for rule in module.rules):
        yield MODULE, f"none of its rules has an effect; define one of: {', '.join(EXPORTED_RULES)}"
    if not lines:
        yield TESTS, f"there is no test; a test is a rule whose name begins with `{_PREFIX}`"
    if len(lines) > MAX_TESTS:
        yield TESTS, f"there are {len(lines)} tests; at most {MAX_TESTS} are allowed"


def _diagnose_names(path: str, syntax: Syntax) -> Iterator[tuple[str, str]]:
    """Engines differ in what a rule with the name of a built-in function means, whether or not it is a function."""
    for rule in syntax.rules:
        if rule.name in RESERVED | _DOCUMENTS:
            yield f"{path}:{rule.line}", f"give the rule another name than `{rule.name}`, which is Rego's own"


def _diagnose_references(path: str, syntax: Syntax, *, package: str) -> Iterator[tuple[str, str]]:
    if syntax.package != package:
        yield f"{path}:1", f"begin with `package {package}`"
    for imported in syntax.imports:
        if path == MODULE or imported.path != f"data.{PACKAGE}" or imported.is_renamed:
            yield f"{path}:{imported.line}", f"only tests import anything, and that is `data.{PACKAGE}`"
    for reference in syntax.data:
        if reference.path != f"data.{PACKAGE}" and not reference.path.startswith(f"data.{PACKAGE}."):
            yield f"{path}:{reference.line}", f"only `data.{PACKAGE}` may be read; every fact is in `input`"
