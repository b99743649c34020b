"""The part of Rego on which every engine agrees, and the check that keeps the policy inside it.

Engines differ in their built-in functions: one reads a time that another leaves undefined, one compares numbers as
text, one shows a policy the server's environment. A policy that calls none of those decides alike on every engine
(measured in docs/decisions/embedded-rego-engine.md). What is missing here can be passed in as a fact.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from policies.engines.builtins import BUILTINS
from policies.engines.syntax import Syntax, read


class NotPortable(ValueError):
    """A file uses something on which engines disagree. The message names the file, the line and the word."""


@lru_cache(maxsize=8)
def check_portable(modules: tuple[tuple[str, str], ...]) -> None:
    """
    Check that a bundle's modules, as (path, text), call only their own functions and BUILTINS, and import only `data`.

    Raises NotPortable, and what `syntax.read` raises. Parses in this process: for the exchange's own policy only. The same
    modules are parsed once in a process.
    """
    for path, line, word in find_unportable(read(modules)):
        raise NotPortable(f"{path}:{line}: {word} is not portable")


def find_unportable(
    files: Mapping[str, Syntax], *, reserved: frozenset[str] = frozenset()
) -> Iterator[tuple[str, int, str]]:
    """Find every use that is not portable, as path, line (from 1) and word.

    A function may be called in every file of the package that defines it. The names in `reserved` must not be defined.
    """
    own: dict[str, set[str]] = {}
    for syntax in files.values():
        own.setdefault(syntax.package, set()).update(syntax.functions() - reserved)
    for path, syntax in files.items():
        for imported in syntax.imports:
            if imported.path.partition(".")[0] != "data":
                yield path, imported.line, f"import {imported.path}"
        for rule in syntax.rules:
            if rule.is_function and rule.name in reserved:
                yield path, rule.line, rule.name
        for call in syntax.calls:
            if call.path not in BUILTINS and call.path not in own[syntax.package]:
                yield path, call.line, call.path
