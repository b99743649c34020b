"""Lists that the exchange gives in pages."""

from collections.abc import Iterator, Mapping
from typing import Any

from data_exchange_client.api import Client

PAGE = 500


def list_all(
    client: Client,
    path: str,
    *,
    limit: int,
    after: str = "id",
    state: str | None = None,
    params: Mapping[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """Give the rows of a list, at most `limit`; `after` names the member that a page's last row is continued by.

    With `state`, of the rows in this state: the others do not count, however many come before.
    """
    last: dict[str, Any] = {}
    while limit > 0:
        size = PAGE if state else min(limit, PAGE)
        rows = client.request("GET", path, params={**(params or {}), **last, "limit": size}).json()
        wanted = [row for row in rows if state is None or row["state"] == state][:limit]
        yield from wanted
        limit -= len(wanted)
        if len(rows) < size:
            return
        last = {"after": rows[-1][after]}
