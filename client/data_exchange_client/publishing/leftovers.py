"""Sources that an earlier run of a publication left, because it was killed before it drafted a dataset over them."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from data_exchange_client.api import Client
from data_exchange_client.errors import ExchangeProblem
from data_exchange_client.publishing.sources import FileSource, Source

_PAGE: Final = 500


def find_left(client: Client, source: Source, title: str) -> list[str]:
    """The ids of one's own sources that a run with this title may have left: without content, or with this very file.

    Ask before the publication registers its own. A table's source is ready at once, and is never among them.
    """
    if not isinstance(source, FileSource):
        return []
    same = [
        registered
        for registered in client.request("GET", "/api/v1/sources").json()
        if (registered["kind"], registered["title"]) == ("file", title)
    ]
    digest = source.digest() if any(registered["state"] == "ready" for registered in same) else None
    return [
        registered["id"]
        for registered in same
        if registered["state"] == "registered" or (registered["state"] == "ready" and registered["content"] == digest)
    ]


def withdraw_left(client: Client, left: Collection[str]) -> int:
    """Withdraw those of these sources that no dataset reads, nor any draft; returns their number."""
    if not left:
        return 0
    kept: set[str] = set()
    for dataset in _own_datasets(client):
        kept.add(str(dataset["source"]))
        if dataset["version"] and dataset["draft"] is not None:  # the source of a next version's draft is not shown
            kept.update(_with_content(client, left))
    withdrawn = 0
    for source in left:
        if source not in kept:
            with suppress(ExchangeProblem):  # somebody has withdrawn it, or published over it, meanwhile
                client.request("POST", f"/api/v1/sources/{source}/withdrawal")
                withdrawn += 1
    return withdrawn


def _own_datasets(client: Client) -> Iterator[Mapping[str, Any]]:
    after: dict[str, str] = {}
    while page := client.request("GET", "/api/v1/datasets", params={**after, "limit": str(_PAGE)}).json():
        yield from (dataset for dataset in page if dataset["source"] is not None and dataset["state"] != "withdrawn")
        after = {"after": str(page[-1]["id"])}


def _with_content(client: Client, sources: Collection[str]) -> list[str]:
    """Those of these sources over which a dataset can be drafted."""
    return [
        source for source in sources if client.request("GET", f"/api/v1/sources/{source}").json()["state"] == "ready"
    ]
