"""Items: what the catalogue has of them already, and the department that provides each (数源部门)."""

from typing import Annotated

import typer

from data_exchange_client.commands.names import OrganisationNames
from data_exchange_client.terminal.acting import print_rows, same
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import print_facts, print_json, print_table

SOURCES, MATCHES = "/api/v1/catalogue/item-sources", "/api/v1/catalogue/matches"

items = typer.Typer(
    name="items", no_args_is_help=True, help="Look for items in the catalogue before they are collected again."
)


@items.command("list")
def list_sources(
    *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """List the items for which the sharing authority named a source department."""
    with connect(url, key, trust) as client:
        rows = client.request("GET", SOURCES).json()
        names = OrganisationNames(client)
        shown = rows if as_json else [row | {"department": names[row["organisation"]]} for row in rows]
    print_rows(shown, same("item department reason named_at"), as_json=as_json)


@items.command()
def match(
    name: Annotated[list[str], typer.Argument(metavar="ITEM...", help="Names in Chinese or English, or of fields.")],
    *,
    key: KeyFile,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Show what the catalogue has of items already, before a form asks people for them."""
    with connect(url, key, trust) as client:
        matches = client.request("POST", MATCHES, json={"items": [{"name": item} for item in name]}).json()
    if as_json:
        print_json(matches)
        return
    rows = [available | {"item": found["name"]} for found in matches for available in found["available"]]
    columns = {"item": "item", "dataset": "reference", "field": "field", "type": "type", "sharing": "attribute"}
    print_table(columns | {"match": "match", "source department": "is_source"}, rows)


@items.command()
def name(
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The item, such as 学历.")],
    organisation: Annotated[str, typer.Argument(metavar="ORGANISATION", help="The department: its id or its handle.")],
    *,
    key: KeyFile,
    reason: Annotated[str, typer.Option("--reason", help="Why this department; the ledger holds its salted digest.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Name the department that provides an item where several collect it, as the sharing authority."""
    with connect(url, key, trust) as client:
        identifier = OrganisationNames(client).identifier(organisation)
        document = {"item": item, "organisation": identifier, "reason": reason}
        named = client.request("PUT", SOURCES, json=document).json()
    print_facts({member: named[member] for member in ("item", "organisation", "reason", "named_at")})
