"""Names: those of datasets as arguments, and of datasets and organisations where the exchange answers with their ids."""

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

import typer

from data_exchange_client.api import Client
from data_exchange_client.errors import ExchangeProblem
from data_exchange_client.terminal.listing import list_all

_ORGANISATIONS = 100_000


DatasetName = Annotated[str, typer.Argument(metavar="DATASET", help="Its id, or <organisation>/<dataset>.")]
OwnDatasetName = Annotated[
    str,
    typer.Argument(metavar="DATASET", help="Its id, <organisation>/<dataset>, or <dataset> alone if it is your own."),
]


class OrganisationNames:
    """Handles of organisations by their ids; each is asked for once. One that the exchange does not give keeps its id."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: dict[str, str] = {}

    def __getitem__(self, organisation: str) -> str:
        if organisation not in self._names:
            try:
                answer = self._client.request("GET", f"/api/v1/organisations/{organisation}").json()
                self._names[organisation] = str(answer["handle"])
            except ExchangeProblem:
                self._names[organisation] = organisation
        return self._names[organisation]

    def identifier(self, name: str) -> str:
        """The id of an organisation from its id or its handle. Raises BadParameter."""
        try:
            return str(UUID(name))
        except ValueError:
            known = list_all(self._client, "/api/v1/organisations", limit=_ORGANISATIONS)
            by_handle = {row["handle"]: row["id"] for row in known}
            if name not in by_handle:
                raise typer.BadParameter(f"no organisation has the id or the handle {name!r}") from None
            return str(by_handle[name])

    def add_to(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows with `consumer` and `provider`, the handles of the organisations of `consumer_id` and `provider_id`."""
        return [{**row, "consumer": self[row["consumer_id"]], "provider": self[row["provider_id"]]} for row in rows]


def read_dataset(client: Client, name: str) -> dict[str, Any]:
    """A dataset by id or by `<organisation>/<dataset>`. Raises ExchangeProblem."""
    organisation, slash, handle = name.partition("/")
    path = f"by-handle/{organisation}/{handle}" if slash else _id(name)
    described = client.request("GET", f"/api/v1/datasets/{path}").json()
    return dict(described)


class DatasetNames:
    """Names of datasets by their ids; each is asked for once. A dataset that the caller may not see keeps its id."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._names: dict[str, str] = {}

    def __getitem__(self, dataset: str) -> str:
        if dataset not in self._names:
            try:
                described = read_dataset(self._client, dataset)
                self._names[dataset] = f"{described['organisation']}/{described['handle']}"
            except ExchangeProblem:
                self._names[dataset] = dataset
        return self._names[dataset]

    def add_to(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows with `dataset`, the name of the dataset whose id is their `dataset_id`."""
        return [{**row, "dataset": self[row["dataset_id"]]} for row in rows]


def add_names(client: Client, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the names of their datasets, consumers and providers."""
    return OrganisationNames(client).add_to(DatasetNames(client).add_to(rows))


def _id(name: str) -> str:
    try:
        return str(UUID(name))
    except ValueError:
        raise typer.BadParameter(
            f"{name!r} is neither a dataset's id nor <organisation>/<dataset>", param_hint="DATASET"
        ) from None
