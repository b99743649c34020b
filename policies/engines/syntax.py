"""The definitions, imports, calls and references of a Rego file, from the syntax tree of regorus' own parser.

`regorus.Engine.get_ast_as_json` promises no stable form. So every object in a tree must have exactly the members known
here: a tree of another form is refused, since a call under an unknown name would go unseen.

This module loads little (no dataclasses, no regular expressions): the process of an owner's module starts with it.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import regorus

_VERSION = 1

_NODES: dict[str, frozenset[str]] = {
    name: frozenset(("span", *members.split()))
    for name, members in {
        # Expressions
        "String": "value eidx",
        "RawString": "value eidx",
        "Number": "value eidx",
        "Bool": "value eidx",
        "Null": "value eidx",
        "Var": "value eidx",
        "Array": "items eidx",
        "Set": "items eidx",
        "Object": "fields eidx",
        "ArrayCompr": "term query eidx",
        "SetCompr": "term query eidx",
        "ObjectCompr": "key value query eidx",
        "Call": "fcn params eidx",
        "UnaryExpr": "expr eidx",
        "RefDot": "refr field eidx",
        "RefBrack": "refr index eidx",
        "BinExpr": "op lhs rhs eidx",
        "BoolExpr": "op lhs rhs eidx",
        "ArithExpr": "op lhs rhs eidx",
        "AssignExpr": "op lhs rhs eidx",
        "Membership": "key value collection eidx",
        # Literals of a query
        "SomeVars": "vars",
        "SomeIn": "key value collection",
        "Expr": "expr",
        "NotExpr": "expr",
        "Every": "key value domain query",
        # Rules
        "Default": "refr args op value",
        "Spec": "head bodies",
    }.items()
}
_HEADS: dict[str, frozenset[str]] = {
    "Compr": frozenset({"span", "refr", "assign"}),
    "Set": frozenset({"span", "refr", "key"}),
    "Func": frozenset({"span", "refr", "args", "assign"}),
}
_PARTS = frozenset(
    frozenset(members.split())
    for members in (
        "line col start end",
        "span stmts qidx",
        "span literal sidx",
        "span literal with_mods sidx",
        "span refr as",
        "span op value",
        "span assign is_else query",
    )
)
_MODULE = {"package", "imports", "rules", "rego_v1", "num_expressions", "num_statements", "num_queries"}
_LEAVES = frozenset({"Number", "Bool", "Null", "String", "RawString", "Var"})


class UnknownSyntaxTree(RuntimeError):
    """The syntax tree of the installed regorus has a form that is unknown here. The message names the part."""

    def __init__(self, part: str) -> None:
        super().__init__(f"the installed regorus gives a syntax tree of an unknown form: {part}")


class NotRego(ValueError):
    """A text is no Rego. The message is the parser's, with the place; it may quote the text."""


class TooDeep(ValueError):
    """An expression nests deeper than the tree can be read."""


class Rule(NamedTuple):
    """The head of a rule: its first name, the line (from 1) and the byte (from 0) where that name begins."""

    name: str
    line: int
    start: int
    is_function: bool


class Reference(NamedTuple):
    """A dotted path, such as `data.exchange.owner`, and the line of its first name. A part that is computed is `[…]`."""

    path: str
    line: int


class Import(NamedTuple):
    """An imported path and its line; `is_renamed` where it has an alias."""

    path: str
    line: int
    is_renamed: bool


class Syntax(NamedTuple):
    """One file: its package, and everything in it that a check looks at, in the order of the text."""

    package: str
    imports: list[Import]
    rules: list[Rule]
    calls: list[Reference]
    data: list[Reference]
    """References that begin with `data`, outside of imports."""
    overrides: list[int]
    """The lines of `with`."""
    texts: list[str]
    """The values of all string literals."""

    def functions(self) -> set[str]:
        """The names of the functions that the file defines."""
        return {rule.name for rule in self.rules if rule.is_function}


def read(files: Iterable[tuple[str, str]]) -> dict[str, Syntax]:
    """
    Parse Rego files, given as (path, text); the result is by path.

    Raises NotRego, TooDeep, UnknownSyntaxTree.
    """
    engine = regorus.Engine()
    try:
        for path, text in files:
            engine.add_policy(path, text)
        printed = engine.get_ast_as_json()
    except RuntimeError as problem:
        raise NotRego(str(problem).partition("\n\nStack backtrace")[0].strip()) from None
    finally:
        del engine  # an exception keeps this frame, and a regorus engine must not be freed by another thread
    try:
        trees = json.loads(printed)
    except RecursionError:
        raise TooDeep("an expression nests too deeply") from None
    try:
        return {tree["source"]["file"]: _read_tree(tree) for tree in trees}
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise UnknownSyntaxTree(f"{type(problem).__name__} while reading it") from problem


def _read_tree(tree: dict[str, Any]) -> Syntax:
    if tree["version"] != _VERSION:
        raise UnknownSyntaxTree(f"version {tree['version']}")
    return _read_module(tree["ast"])


def _read_module(tree: dict[str, Any]) -> Syntax:
    if tree.keys() != _MODULE:
        raise UnknownSyntaxTree(f"a module with the members {', '.join(sorted(tree))}")
    if tree["package"].keys() != {"span", "refr"}:
        raise UnknownSyntaxTree(f"a package with the members {', '.join(sorted(tree['package']))}")
    syntax = Syntax(_path(tree["package"]["refr"]), [], [], [], [], [], [])
    for imported in tree["imports"]:
        if imported.keys() - {"as"} != {"span", "refr"}:
            raise UnknownSyntaxTree(f"an import with the members {', '.join(sorted(imported))}")
        path, line = _path(imported["refr"]), imported["span"]["line"]
        syntax.imports.append(Import(path, line, is_renamed="as" in imported))
    for rule in tree["rules"]:
        syntax.rules.append(_read_head(rule))
        _read_rule(rule, syntax)
    return syntax


def _read_head(rule: dict[str, Any]) -> Rule:
    [(kind, content)] = rule.items()
    _check_members(kind, content, _NODES)
    if kind == "Default":
        refr, is_function = content["refr"], bool(content["args"])
    elif kind == "Spec":
        [(form, head)] = content["head"].items()
        _check_members(form, head, _HEADS)
        refr, is_function = head["refr"], form == "Func"
    else:
        raise UnknownSyntaxTree(f"a rule of the kind {kind}")
    root = _root(refr)
    if root is None:
        raise UnknownSyntaxTree("a rule without a name")
    return Rule(root["value"], root["span"]["line"], root["span"]["start"], is_function and "Var" in refr)


def _read_rule(rule: dict[str, Any], syntax: Syntax) -> None:
    """Collect the calls, references to data, `with` and texts of a rule, in the order of the text."""
    waiting: list[Any] = [rule]  # the next one last
    inner: set[int] = set()  # what a reference refers into: part of that reference, and none of its own
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += reversed(node)
        if not isinstance(node, dict):
            continue
        kind, content = _open(node)
        if kind in ("String", "RawString"):
            syntax.texts.append(content["value"])
        elif kind == "Call":
            syntax.calls.append(_reference(content["fcn"]))
        elif kind in ("Var", "RefDot", "RefBrack") and id(node) not in inner:
            reference = _reference(node)
            if reference.path.partition(".")[0] == "data":
                syntax.data.append(reference)
        if kind in ("RefDot", "RefBrack"):
            inner.add(id(content["refr"]))
        syntax.overrides.extend(modifier["span"]["line"] for modifier in content.get("with_mods", ()))
        if kind not in _LEAVES:
            waiting += reversed([value for name, value in content.items() if name not in ("span", "field")])


def _open(node: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind of a tagged node and its content; a part without a tag has no kind. Raises UnknownSyntaxTree."""
    if frozenset(node) in _PARTS:
        return "", node
    if len(node) != 1:
        raise UnknownSyntaxTree(f"a part with the members {', '.join(sorted(node))}")
    [(kind, content)] = node.items()
    _check_members(kind, content, _HEADS if kind in _HEADS and "refr" in content else _NODES)
    return kind, content


def _check_members(kind: str, content: Any, members_by_kind: dict[str, frozenset[str]]) -> None:
    if kind not in members_by_kind or content.keys() != members_by_kind[kind]:
        raise UnknownSyntaxTree(f"a node {kind}")


def _root(reference: dict[str, Any]) -> Any:
    """The variable that a reference begins with; None where it begins with another expression."""
    while True:
        kind, content = _open(reference)
        if kind == "Var":
            return content
        if kind not in ("RefDot", "RefBrack"):
            return None
        reference = content["refr"]


def _reference(expression: dict[str, Any]) -> Reference:
    root = _root(expression)
    if root is None:
        _, root = _open(expression)
    return Reference(_path(expression), root["span"]["line"])


def _path(reference: dict[str, Any]) -> str:
    """A reference as a dotted path: `http.send` for `http.send` and for `http["send"]` alike."""
    parts: list[str] = []
    while True:
        kind, content = _open(reference)
        if kind == "Var":
            parts.append(content["value"])
        elif kind == "RefDot":
            parts.append(content["field"][1])
        elif kind == "RefBrack":
            index, value = _open(content["index"])
            parts.append(value["value"] if index in ("String", "RawString") else "[…]")
        else:
            parts.append("[…]")
        if kind not in ("RefDot", "RefBrack"):
            return ".".join(reversed(parts))
        reference = content["refr"]
