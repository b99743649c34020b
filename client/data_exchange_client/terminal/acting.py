"""Shapes that the commands of every noun share: print its rows, and act on one of them."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from data_exchange_client.terminal.listing import list_all
from data_exchange_client.terminal.options import connect
from data_exchange_client.terminal.output import print_json, print_table


def print_rows(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], *, as_json: bool) -> None:
    """Print rows as JSON with all members, or as a table; `columns` gives each title and the member that it shows."""
    if as_json:
        print_json(list(rows))
        return
    print_table(columns, rows)


def print_row(row: dict[str, Any], show: Callable[[dict[str, Any]], None], *, as_json: bool) -> None:
    """Print one object as JSON with all members, or by a function that shows what matters of it."""
    if as_json:
        print_json(row)
        return
    show(row)


def same(names: str) -> dict[str, str]:
    """Columns whose titles are their members, from names with blanks between them."""
    return {name: name for name in names.split()}


def rows_of(
    path: str,
    *,
    key: Path | None,
    url: str,
    trust: Path,
    limit: int,
    state: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """The rows of a list, at most `limit`; with `state`, of those in this state. A parameter of None is left out."""
    stated = {name: value for name, value in (params or {}).items() if value is not None}
    with connect(url, key, trust) as client:
        return list(list_all(client, path, limit=limit, state=state, params=stated))


def read(path: str, *, key: Path, url: str, trust: Path) -> Any:
    """One object, as the exchange answers."""
    with connect(url, key, trust) as client:
        return client.request("GET", path).json()


def act(path: str, document: Any = None, *, key: Path, url: str, trust: Path, method: str = "POST") -> Any:
    """Act with a document, and give the exchange's answer."""
    with connect(url, key, trust) as client:
        return client.request(method, path, json=document).json()


def stated(**members: Any) -> dict[str, Any]:
    """A document of the members that have a value: not None, not empty, not False."""
    return {name: value for name, value in members.items() if value not in (None, "", [], False)}
