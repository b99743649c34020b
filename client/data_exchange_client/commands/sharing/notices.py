"""Notices of a change or stop of sharing: a provider announces it, consults, and carries it out on its day."""

from datetime import datetime
from typing import Annotated, Any

import typer

from data_exchange_client.commands.names import OwnDatasetName
from data_exchange_client.publishing.verbs import read_own
from data_exchange_client.terminal.acting import act, print_rows, read, rows_of, stated
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

PATH = "/api/v1/agreement-notices"
Notice = Annotated[str, typer.Argument(metavar="NOTICE", help="Its id; `notices list` prints it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; every demander reads it.")]

notices = typer.Typer(
    name="notices", no_args_is_help=True, help="Announce that the sharing of a dataset stops or changes (Decree 809)."
)


@notices.command("list")
def list_notices(
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `announced`.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the notices that your organisation made, or that are about its agreements."""
    rows = rows_of(PATH, key=key, url=url, trust=trust, limit=limit, state=state)
    columns = {"id": "id", "state": "state", "kind": "kind", "outcome": "outcome", "on": "effective_on"}
    print_rows(rows, columns | {"dataset": "dataset_id", "agreements": "agreements"}, as_json=as_json)


@notices.command()
def show(
    notice: Notice, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Show a notice, and what was stated with each of its steps."""
    row = read(f"{PATH}/{notice}", key=key, url=url, trust=trust)
    if as_json:
        print_json(row)
        return
    _show(row)
    typer.echo()
    print_table({"when": "at", "what": "type", "statement": "statement", "filing": "filing"}, row["statements"])


@notices.command()
def announce(
    dataset: OwnDatasetName,
    kind: Annotated[str, typer.Argument(help="`stop` or `change`.")],
    *,
    key: KeyFile,
    on: Annotated[
        datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The first day on which it may be carried out.")
    ],
    reason: Reason,
    keep: Annotated[
        bool, typer.Option("--keep", help="The agreements go on, where it is a change; otherwise they end.")
    ] = False,
    agreement: Annotated[
        list[str] | None, typer.Option("--agreement", help="An agreement that it is about; repeat it. Otherwise all.")
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Announce to the demanders that the sharing of a dataset stops or changes on a day."""
    document = {"kind": kind, "effective_on": f"{on:%Y-%m-%d}", "reason": reason}
    document |= {"outcome": "keep" if keep else "terminate"} | stated(agreements=agreement)
    with connect(url, key, trust) as client:
        identifier = read_own(client, dataset)["id"]
        _show(client.request("POST", PATH, json={"dataset": identifier, **document}).json())


@notices.command()
def consult(
    notice: Notice,
    *,
    key: KeyFile,
    statement: Annotated[str, typer.Option("--statement", help="What was agreed with the demanders.")],
    filing: Annotated[str, typer.Option("--filing", help="The reference of the filing with the authority.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Record the consultation with the demanders, and its filing with the authority."""
    document = {"statement": statement, "filing": filing}
    _show(act(f"{PATH}/{notice}/consultation", document, key=key, url=url, trust=trust))


@notices.command("carry-out")
def carry_out(
    notice: Notice, *, key: KeyFile, reason: Reason, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Carry a notice out, on its day or later: its agreements end, or are kept, as it says."""
    _show(act(f"{PATH}/{notice}/execution", {"reason": reason}, key=key, url=url, trust=trust))


@notices.command()
def withdraw(
    notice: Notice, *, key: KeyFile, reason: Reason, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Withdraw a notice that was not carried out: nothing changes."""
    _show(act(f"{PATH}/{notice}/withdrawal", {"reason": reason}, key=key, url=url, trust=trust))


def _show(row: dict[str, Any]) -> None:
    shown = ("id", "state", "kind", "outcome", "effective_on", "dataset_id", "agreements")
    print_facts({name.replace("_", " "): row[name] for name in shown})
