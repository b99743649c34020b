"""Filters as words of a command line."""

import re
from typing import Any

import typer

_LISTS = frozenset({"in", "not_in"})
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?")


def read_filter(text: str) -> dict[str, Any]:
    """A filter of a request from FIELD:OP:VALUE. Raises BadParameter."""
    field, first, rest = text.partition(":")
    op, second, operand = rest.partition(":")
    if not field or not first or not op or not second:
        raise typer.BadParameter("a filter is FIELD:OP:VALUE", param_hint="--where")
    value = [_scalar(part) for part in operand.split(",")] if op in _LISTS else _scalar(operand)
    return {"field": field, "op": op, "value": value}


def _scalar(text: str) -> str | int | float | bool:
    """A value from a command line: a number, true or false, or text."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    if text in {"true", "false"}:
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
