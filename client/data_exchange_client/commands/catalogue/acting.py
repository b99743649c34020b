"""Acts on a dataset of one's own organisation, which is named as people name it."""

from pathlib import Path
from typing import Any

from data_exchange_client.publishing.verbs import read_own
from data_exchange_client.terminal.options import connect


def act_on_own(dataset: str, verb: str, document: Any = None, *, key: Path, url: str, trust: Path) -> Any:
    """Post a document to an address of a dataset, `/api/v1/datasets/{id}/<verb>`; the exchange's answer."""
    with connect(url, key, trust) as client:
        identifier = read_own(client, dataset)["id"]
        return client.request("POST", f"/api/v1/datasets/{identifier}/{verb}", json=document).json()
