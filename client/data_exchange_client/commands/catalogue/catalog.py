"""Commands that show offers: the catalogue, and one dataset in full."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from data_exchange_client.api import Client
from data_exchange_client.commands.names import OrganisationNames, OwnDatasetName
from data_exchange_client.publishing.verbs import read_own
from data_exchange_client.terminal.options import (
    DEFAULT_TRUST,
    DEFAULT_URL,
    AsJson,
    KeyFile,
    TrustFile,
    Url,
    connect,
)
from data_exchange_client.terminal.output import note, print_facts, print_json, print_table, reporting_failures


def catalog(
    *,
    url: Url = DEFAULT_URL,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole catalogue, DCAT-AP in JSON-LD.")] = False,
) -> None:
    """List the published datasets."""
    with reporting_failures(), Client(url) as client:
        document = client.catalogue()
    if as_json:
        print_json(document)
        return
    for dataset in document.get("@graph", []):
        if dataset.get("@type") == "dcat:Dataset":
            titles = "  ".join(title["@value"] for title in dataset["dct:title"])
            typer.echo(f"{dataset['dct:identifier']}  {titles}")


def describe(
    dataset: OwnDatasetName,
    *,
    key: KeyFile,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Show a dataset: its fields, its terms, and what an application has to name."""
    with connect(url, key, trust) as client:
        described = read_own(client, dataset)
        document = described["document"] or described["draft"] or {}
        names = OrganisationNames(client)
        terms = {} if as_json else _terms(document.get("terms", {}), names)
    if as_json:
        print_json(described)
        return
    title = document.get("title", {})
    print_facts(
        {
            "dataset": f"{described['organisation']}/{described['handle']}",
            "title": " / ".join(filter(None, (title.get("zh"), title.get("en")))),
            "state": described["state"],
            "version": described["version"] or None,
            "published": described["published_at"],
            "content": _content(described),
            "updated": document.get("update_frequency"),
            "sharing": document.get("sharing", {}).get("attribute"),
            **terms,
        }
    )
    typer.echo()
    masks = document.get("terms", {}).get("masks", {})
    print_table(
        {"field": "name", "type": "type", "level": "level", "about people": "personal", "leaves": "mask"},
        ({**field, "mask": _mask(masks.get(field["name"]))} for field in document.get("fields", [])),
    )


def lineage(
    dataset: OwnDatasetName,
    *,
    key: KeyFile,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Show the datasets that a dataset was derived from, and those derived from it, over all steps."""
    with connect(url, key, trust) as client:
        identifier = read_own(client, dataset)["id"]
        graph = client.request("GET", f"/api/v1/datasets/{identifier}/lineage").json()
    if as_json:
        print_json(graph)
        return
    names = {node["id"]: node["name"] or node["id"] for node in graph["nodes"]}
    print_table(
        {"dataset": "dataset", "version": "version", "derived from": "input", "of version": "input_version"}
        | {"under the agreement": "agreement"},
        ({**edge, "dataset": names[edge["dataset"]], "input": names[edge["input"]]} for edge in graph["edges"]),
    )
    if graph["is_cut"]:
        note("There is more: show the lineage of a dataset at the edge.")


def _terms(terms: Mapping[str, Any], names: OrganisationNames) -> dict[str, Any]:
    consumers = {**(terms.get("consumers") or {})}
    if consumers.get("organisations"):
        consumers["organisations"] = [names[organisation] for organisation in consumers["organisations"]]
    if consumers.get("groups"):
        consumers["groups"] = [
            {**group, "organisations": [names[organisation] for organisation in group.get("organisations") or ()]}
            for group in consumers["groups"]
        ]
    return {
        "purposes": terms.get("purposes"),
        "fields": terms.get("fields"),
        "consumers": "; ".join(f"{name}: {', '.join(map(str, value))}" for name, value in consumers.items() if value),
        "rows at most": terms.get("row_cap"),
        "rate": terms.get("rate"),
        "until": terms.get("not_after"),
        "consent": "required" if terms.get("consent") else None,
        "price": terms.get("price"),
    }


def _content(described: Mapping[str, Any]) -> str | None:
    """Which content the published version has, and since when; None before the first, or of an earlier exchange."""
    number = described.get("content_version")
    return f"{number}, of {described['refreshed_at']}" if number and described.get("refreshed_at") else number


def _mask(mask: Mapping[str, Any] | None) -> str:
    if mask is None:
        return "clear"
    details = ", ".join(f"{name} {value}" for name, value in mask.items() if name != "kind" and value is not None)
    return f"{mask['kind']} ({details})" if details else str(mask["kind"])
