"""Names of organisations where the exchange answers with their ids."""

from collections.abc import Iterable
from typing import Any

from data_exchange_client.api import Client
from data_exchange_client.errors import ExchangeProblem


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

    def add_to(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows with `consumer` and `provider`, the handles of the organisations of `consumer_id` and `provider_id`."""
        return [{**row, "consumer": self[row["consumer_id"]], "provider": self[row["provider_id"]]} for row in rows]
