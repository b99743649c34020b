"""Change what is published: refresh its content, withdraw it."""

from collections.abc import Mapping
from typing import Any, Final

from data_exchange_client.api import Client
from data_exchange_client.connection import Answer
from data_exchange_client.errors import CannotDo
from data_exchange_client.publishing.explaining import explained
from data_exchange_client.publishing.sources import FileSource
from data_exchange_client.publishing.verbs import read_own

_PAGE: Final = 500


def refresh(client: Client, name: str, source: FileSource) -> tuple[Mapping[str, Any], list[str]]:
    """Replace the content of a published dataset's file: the source as it is then described, and remarks.

    Raises CannotDo, and what Client.request raises.
    """
    source.require()
    dataset = read_own(client, name)
    handle = str(dataset["handle"])
    if dataset["state"] != "published":
        raise CannotDo(
            f"{name} is not published, it is {dataset['state']}: there is nothing to refresh",
            hint=f"publish it: exchange-client publish FILE --handle {handle} --title TITLE",
        )
    if dataset.get("source") is None:
        raise CannotDo(f"{name} has no source that you may replace", hint="its owner's steward refreshes it")
    before = client.request("GET", f"/api/v1/sources/{dataset['source']}").json()
    with explained(source.name, refreshing=handle):
        after = source.upload(client, str(dataset["source"]))
    return after, _remarks(dataset, before, after)


def withdraw(client: Client, dataset: str, reason: str) -> Answer:
    """Withdraw a published dataset, which ends its deliveries and agreements. Raises as Client.request."""
    return client.request("POST", f"/api/v1/datasets/{dataset}/withdrawal", json={"reason": reason})


def count_running(client: Client, dataset: str) -> int:
    """The number of a dataset's agreements that are active or suspended. Raises as Client.request."""
    running = 0
    after: dict[str, str] = {}
    while page := client.request("GET", "/api/v1/agreements", params={**after, "limit": str(_PAGE)}).json():
        running += sum(
            agreement["dataset_id"] == dataset and agreement["state"] in ("active", "suspended") for agreement in page
        )
        after = {"after": str(page[-1]["id"])}
    return running


def _remarks(dataset: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Remark on new content: fields that are not delivered, and far fewer rows than before."""
    published = {field["name"] for field in dataset["document"]["fields"]}
    remarks = []
    if new := [field["name"] for field in after["description"]["fields"] if field["name"] not in published]:
        remarks.append(
            f"not delivered, since the published version does not have it: {', '.join(new)}; "
            f"exchange-client publish FILE --handle {dataset['handle']} --update publishes it"
        )
    if before["rows"] and after["rows"] is not None and after["rows"] * 2 < before["rows"]:
        remarks.append(f"there are {after['rows']:,} rows, before {before['rows']:,}: is the file complete?")
    return remarks
