"""Lists that the exchange gives in pages."""

from collections.abc import Iterator, Mapping
from typing import Any

from data_exchange_client.api import Client

PAGE = 500


def list_all(
    client: Client, path: str, *, limit: int, after: str = "id", params: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Give the rows of a list, at most `limit`; `after` names the member that a page's last row is continued by."""
    last: dict[str, Any] = {}
    while limit > 0:
        size = min(limit, PAGE)
        rows = client.request("GET", path, params={**(params or {}), **last, "limit": size}).json()
        yield from rows
        limit -= len(rows)
        if len(rows) < size:
            return
        last = {"after": rows[-1][after]}
