"""Disputes between departments about an application, an agreement or the answer to a correction."""

from typing import Annotated

import typer

from data_exchange_client.terminal.acting import act, print_rows, read, rows_of
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, Most, TrustFile, Url
from data_exchange_client.terminal.output import print_json

PATH = "/api/v1/disputes"
Dispute = Annotated[str, typer.Argument(metavar="DISPUTE", help="Its id; `disputes list` prints it.")]

disputes = typer.Typer(name="disputes", no_args_is_help=True, help="Open, list and advance disputes of departments.")


@disputes.command("list")
def list_disputes(
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the disputes that your organisation is a side of."""
    rows = rows_of(PATH, key=key, url=url, trust=trust, limit=limit, state=state)
    columns = {"id": "id", "state": "state", "about": "matter_kind", "of": "matter_id", "opened": "opened_at"}
    print_rows(rows, columns, as_json=as_json)


@disputes.command()
def show(dispute: Dispute, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Show a dispute: its state, and what was stated with each step."""
    print_json(read(f"{PATH}/{dispute}", key=key, url=url, trust=trust))


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
    document = {"kind": kind, "matter": matter, "statement": statement}
    print_json(act(PATH, document, key=key, url=url, trust=trust))


@disputes.command("step")
def take_step(
    dispute: Dispute,
    verb: Annotated[str, typer.Argument(help="settle, apply; as the authority: coordinate, agree, refer, decide.")],
    *,
    key: KeyFile,
    statement: Annotated[str, typer.Option("--statement", help="What was negotiated, asked for or decided.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Take a step of a dispute."""
    document = {"verb": verb, "statement": statement}
    print_json(act(f"{PATH}/{dispute}/steps", document, key=key, url=url, trust=trust))
