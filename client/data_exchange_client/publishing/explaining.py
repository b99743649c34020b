"""Explain refusals in the publisher's words: the option that helps, and the place in a file of terms."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from data_exchange_client.errors import CannotDo, ExchangeProblem
from data_exchange_client.publishing.terms_file import find_line

_HINTS: Final[Mapping[str, str]] = {
    "row-ragged": "correct those rows, or accept short ones as they are with --pad",
    "sheet-missing": "name a sheet that is there with --sheet",
    "encoding-unknown": "name the encoding with --encoding, such as gb18030",
    "header-missing": "say in which row the names are with --header-row (0: there are none)",
    "value-unfit": "correct the value, or state the field's type with --types NAME=string",
}
_UPDATE: Final = "exchange-client publish FILE --handle {handle} --update"
_HINTS_OF_REFRESH: Final[Mapping[str, str]] = {
    "source-changed": f"other fields are a new version: {_UPDATE}",
    "row-ragged": f"correct those rows, or publish the next version: {_UPDATE} --pad",
    "sheet-missing": f"rename the sheet as before, or publish the next version: {_UPDATE} --sheet NAME",
    "encoding-unknown": f"save the file in the encoding as before, or publish the next version: {_UPDATE} --encoding NAME",
    "header-missing": f"correct the row of names, or publish the next version: {_UPDATE} --header-row NUMBER",
    "value-unfit": f"correct the value, or publish the next version with another type: {_UPDATE} --types NAME=string",
}


@contextmanager
def explained(name: str, *, refreshing: str = "") -> Iterator[None]:
    """Add what helps to a problem of a source: an option of `publish`, or of `refresh` for the handle `refreshing`."""
    try:
        yield
    except ExchangeProblem as problem:
        code = str(problem.document.get("code"))
        hint = _HINTS_OF_REFRESH.get(code, "").format(handle=refreshing) if refreshing else _HINTS.get(code, "")
        if "--sheet" in problem.detail and not refreshing:
            hint = "name the sheet with the table with --sheet"
        if hint:
            raise CannotDo(f"{name}: {problem.line}", hint=hint) from problem
        raise


@contextmanager
def explained_terms(path: Path | None) -> Iterator[None]:
    """Name the file, the line and the member for faults of terms that came from a file. Raises CannotDo."""
    try:
        yield
    except ExchangeProblem as problem:
        if path is None or not (faults := [_of_terms(error, path) for error in problem.errors]):
            raise
        if not any(faults):
            raise
        others = [f"{error.get('at')}: {error.get('error')}" for error in problem.errors if not _of_terms(error, path)]
        raise CannotDo(
            "; ".join([*filter(None, faults), *others]), hint="docs/terms.md has what terms can say"
        ) from problem


def _of_terms(error: Mapping[str, Any], path: Path) -> str:
    """A fault with its place in a file of terms; empty where the file does not have it."""
    parts = [part for part in str(error.get("at", "")).split("/") if part not in ("", "body", "document")]
    if parts[:1] == ["terms"]:
        parts = parts[1:]
    names = [part.replace("~1", "/").replace("~0", "~") for part in parts]
    line = find_line(path, names)
    return f"{path.name}, line {line}: {'/'.join(names)}: {error.get('error')}" if line else ""
