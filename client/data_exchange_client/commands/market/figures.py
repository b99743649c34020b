"""Commands about figures of the market: what the ledger shows about a listing, and the yearly disclosure."""

from typing import Annotated

import typer

from data_exchange_client.commands.market.selling import LISTINGS, PATH, Listing
from data_exchange_client.terminal.acting import read
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import print_json


def facts(listing: Listing, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Show what the ledger shows about the data of a listing: how fresh it is, whether it answers, what was corrected."""
    print_json(read(f"{LISTINGS}/{listing}/facts", key=key, url=url, trust=trust))


def disclosure(
    year: Annotated[int, typer.Argument(metavar="YEAR", help="A calendar year in China.")],
    *,
    key: KeyFile,
    seller: Annotated[str | None, typer.Option("--seller", help="The operator's id; by default your own.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table in CSV.")] = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Print the yearly disclosure of an operator of public data: its products and charges, with the entries counted."""
    path = f"{PATH}/disclosures/{year}{'/table.csv' if as_csv else ''}"
    with connect(url, key, trust) as client:
        answer = client.request("GET", path, params={} if seller is None else {"seller": seller})
    if as_csv:
        typer.echo(answer.content.decode(), nl=False)
    else:
        print_json(answer.json())
