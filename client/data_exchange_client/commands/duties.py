"""The compliance board, and disputes between departments."""

from typing import Annotated

import typer

from data_exchange_client.terminal.listing import list_all
from data_exchange_client.terminal.options import (
    DEFAULT_TRUST,
    DEFAULT_URL,
    AsJson,
    KeyFile,
    Most,
    TrustFile,
    Url,
    connect,
)
from data_exchange_client.terminal.output import print_json, print_table

PATH = "/api/v1/disputes"

disputes = typer.Typer(name="disputes", no_args_is_help=True, help="Open, list and advance disputes of departments.")


def duties(
    *,
    key: KeyFile,
    everybody: Annotated[
        bool, typer.Option("--all", help="Those of every organisation: for the sharing authority and the auditor.")
    ] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List what your organisation has to do, under which article, by whom and until which day."""
    with connect(url, key, trust) as client:
        own = client.request("GET", "/api/v1/me").json()["organisation"]["id"]
        path = "/api/v1/duties" if everybody else f"/api/v1/organisations/{own}/duties"
        board = client.request("GET", path).json()
    if as_json:
        print_json(board)
        return
    rows = [
        row
        | {"about": f"{row['matter']['kind']} {row['matter']['id']}", "who": ", ".join(row["persons"]) or row["role"]}
        for row in board["duties"]
    ]
    columns = {"duty": "clock", "state": "state", "due": "due", "days late": "days_late", "who": "who"}
    print_table(columns | {"article": "article", "about": "about"}, rows)


@disputes.command("list")
def list_disputes(
    *,
    key: KeyFile,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the disputes that your organisation is a side of."""
    with connect(url, key, trust) as client:
        rows = list(list_all(client, PATH, limit=limit))
    if as_json:
        print_json(rows)
        return
    print_table({"id": "id", "state": "state", "about": "matter_kind", "of": "matter_id", "opened": "opened_at"}, rows)


@disputes.command("open")
def open_dispute(
    kind: Annotated[str, typer.Argument(help="`application` or `agreement`.")],
    matter: Annotated[str, typer.Argument(metavar="ID", help="The id of the application or agreement.")],
    *,
    key: KeyFile,
    statement: Annotated[str, typer.Option("--statement", help="What the dispute is about.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Open a dispute about an application or an agreement between departments."""
    with connect(url, key, trust) as client:
        document = {"kind": kind, "matter": matter, "statement": statement}
        print_json(client.request("POST", PATH, json=document).json())


@disputes.command("step")
def take_step(
    dispute: Annotated[str, typer.Argument(metavar="ID", help="The dispute's id.")],
    verb: Annotated[str, typer.Argument(help="settle, apply; as the authority: coordinate, agree, refer, decide.")],
    *,
    key: KeyFile,
    statement: Annotated[str, typer.Option("--statement", help="What was negotiated, asked for or decided.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Take a step of a dispute."""
    with connect(url, key, trust) as client:
        document = {"verb": verb, "statement": statement}
        print_json(client.request("POST", f"{PATH}/{dispute}/steps", json=document).json())
