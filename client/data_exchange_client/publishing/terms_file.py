"""Terms in a file: the members of `terms` in a dataset's document, in YAML or JSON.

YAML is read as JSON's types only. A date stays text, `no` stays text, and 0571 stays text, so that a value means what its
owner wrote. A name that stands twice is an error.
"""

import json
import re
from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import yaml

from data_exchange_client.api import Client
from data_exchange_client.errors import CannotDo
from data_exchange_client.terminal.options import END_OF_DAY

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_PAGE: Final = 500
_QUOTED_FILTER: Final = re.compile(r"""^\s*row_filter:[ \t]*["'].*\S""", re.MULTILINE)
_QUOTED_HINT: Final = "a row filter that begins with a quotation mark stands on the line below `row_filter: >-`"


def read_terms(path: Path) -> dict[str, Any]:
    """The terms in a file. Raises CannotDo, which names the file and the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotDo(f"{path} cannot be read: {error}") from error
    try:
        terms = _parse(text, is_json=path.suffix.lower() == ".json")
    except (json.JSONDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        hint = _QUOTED_HINT if _QUOTED_FILTER.search(text) else ""
        raise CannotDo(f"{path}: {_one_line(error)}", hint=hint) from None
    if not isinstance(terms, dict):
        raise CannotDo(
            f"{path} holds no terms", hint="terms are names with values, such as `purposes: [talent-service]`"
        )
    if set(terms) == {"terms"} and isinstance(terms["terms"], dict):
        terms = terms["terms"]  # with the name that they have in a dataset's document
    return _with_end_of_day(terms, path)


def find_line(path: Path, names: Sequence[str]) -> int | None:
    """The line of a member of terms in a file, or of the last of its parents that is there; None without the first.

    None too where the file is not as it was when it was read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        # JSON may be indented with tabs, which YAML forbids and no string of JSON has.
        node = yaml.compose(text.replace("\t", " ") if path.suffix.lower() == ".json" else text, _Loader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None
    line = None
    for depth, name in enumerate(names):
        parts = _parts_of(node)
        if not depth and name not in parts and "terms" in parts:
            parts = _parts_of(parts["terms"][1])
        if name not in parts:
            break
        key, node = parts[name]
        line = key.start_mark.line + 1
    return line


def _parts_of(node: Any) -> dict[str, tuple[Any, Any]]:
    """The members of a YAML node by name or index, each with the node where it begins and its value."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): (key, value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return {str(index): (value, value) for index, value in enumerate(node.value)}
    return {}


def _parse(text: str, *, is_json: bool) -> Any:
    if is_json:
        return json.loads(text, object_pairs_hook=_distinct)
    return yaml.load(text, _Loader)  # noqa: S506 - a loader of plain values


def resolve_consumers(client: Client, terms: Mapping[str, Any]) -> dict[str, Any]:
    """Terms whose `consumers` name organisations by id; a file may name them by handle. Raises CannotDo."""
    consumers = terms.get("consumers")
    if not isinstance(consumers, Mapping):
        return dict(terms)
    resolved = _resolve_group(client, consumers)
    if isinstance(groups := consumers.get("groups"), list):
        resolved["groups"] = [
            _resolve_group(client, group) if isinstance(group, Mapping) else group for group in groups
        ]
    return {**terms, "consumers": resolved}


def name_consumers(client: Client, terms: Mapping[str, Any]) -> dict[str, str]:
    """The handles of the organisations that terms name by id."""
    consumers = terms.get("consumers") or {}
    groups = [consumers, *consumers.get("groups", [])]
    named = {str(name) for group in groups for name in group.get("organisations", [])}
    if not named:
        return {}
    return {entry["id"]: entry["handle"] for entry in _organisations(client) if entry["id"] in named}


def _resolve_group(client: Client, group: Mapping[str, Any]) -> dict[str, Any]:
    named = group.get("organisations")
    if not isinstance(named, list) or all(_is_id(name) for name in named):
        return dict(group)
    known = {organisation["handle"]: organisation["id"] for organisation in _organisations(client)}
    unknown = [str(name) for name in named if not _is_id(name) and name not in known]
    if unknown:
        raise CannotDo(
            f"consumers/organisations: the exchange has no organisation {', '.join(unknown)}",
            hint=f"it has: {', '.join(sorted(known))}",
        )
    return {**group, "organisations": [known.get(name, name) for name in named]}


def _organisations(client: Client) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    while page := client.request(
        "GET", "/api/v1/organisations", params={"after": listed[-1]["handle"] if listed else "", "limit": _PAGE}
    ).json():
        listed += page
    return listed


def _is_id(name: Any) -> bool:
    try:
        UUID(str(name))
    except ValueError:
        return False
    return True


def _with_end_of_day(terms: dict[str, Any], path: Path) -> dict[str, Any]:
    """Terms that end at the end of a day of China's time, where `not_after` is a day."""
    end = terms.get("not_after")
    if not isinstance(end, str) or not _DAY.fullmatch(end):
        return terms
    try:
        date.fromisoformat(end)
    except ValueError as error:
        raise CannotDo(f"{path}: not_after: {error}") from None
    return {**terms, "not_after": end + END_OF_DAY}


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands twice")
    return dict(pairs)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


class _Loader(yaml.SafeLoader):  # type: ignore[misc] # the library has no types
    """A loader of JSON's types: text, numbers, true and false, null, lists, names with values."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the library's
        names = [self.construct_object(name, deep=True) for name, _ in node.value]
        if any(not isinstance(name, str) for name in names):
            line = node.start_mark.line + 1
            raise ValueError(f"line {line}: a name is text; put it in quotation marks")
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"line {node.start_mark.line + 1}: {twice!r} stands twice")
        return dict(super().construct_mapping(node, deep=deep))


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))
