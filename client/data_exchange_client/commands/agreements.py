"""Agreements: what was granted, and its suspension, resumption and termination."""

from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.commands.catalog import DatasetNames
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
from data_exchange_client.terminal.output import print_facts, print_json, print_table

PATH = "/api/v1/agreements"
_LATER = frozenset({"salt", "digest", "resharing", "assessments"})
"""Members that only `--json` prints."""

Id = Annotated[str, typer.Argument(metavar="ID", help="The agreement's id, as `agreements list` prints it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; the other side reads it.")]

agreements = typer.Typer(
    name="agreements", no_args_is_help=True, help="List, show, suspend, resume and terminate agreements."
)


@agreements.command("list")
def list_agreements(
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `active`.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the agreements that your organisation is a side of."""
    with connect(url, key, trust) as client:
        rows = DatasetNames(client).add_to(
            row for row in list_all(client, PATH, limit=limit) if state in (None, row["state"])
        )
    if as_json:
        print_json(rows)
        return
    columns = {"id": "id", "state": "state", "dataset": "dataset", "purpose": "purpose", "fields": "fields"}
    print_table(columns | {"until": "not_after"}, rows)


@agreements.command()
def show(
    agreement: Id, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Show an agreement, and the reasons given when it was changed."""
    with connect(url, key, trust) as client:
        shown = client.request("GET", f"{PATH}/{agreement}").json()
        statements = client.request("GET", f"{PATH}/{agreement}/statements").json()
    if as_json:
        print_json({**shown, "statements": statements})
        return
    print_facts({name.replace("_", " "): value for name, value in shown.items() if name not in _LATER})
    if statements:
        typer.echo()
        print_table({"when": "stated_at", "what": "type", "reason": "reason"}, statements)


@agreements.command()
def suspend(
    agreement: Id, *, key: KeyFile, reason: Reason, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Suspend an agreement: nothing is delivered under it until it is resumed."""
    _act(agreement, "suspension", reason, key=key, url=url, trust=trust)


@agreements.command()
def resume(
    agreement: Id, *, key: KeyFile, reason: Reason, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Resume a suspended agreement."""
    _act(agreement, "resumption", reason, key=key, url=url, trust=trust)


@agreements.command()
def terminate(
    agreement: Id, *, key: KeyFile, reason: Reason, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Terminate an agreement for good."""
    _act(agreement, "termination", reason, key=key, url=url, trust=trust)


def _act(agreement: str, act: str, reason: str, *, key: Path, url: str, trust: Path) -> None:
    with connect(url, key, trust) as client:
        changed: dict[str, Any] = client.request("POST", f"{PATH}/{agreement}/{act}", json={"reason": reason}).json()
    print_facts({"id": changed["id"], "state": changed["state"]})
