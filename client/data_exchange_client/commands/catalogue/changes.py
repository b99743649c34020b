"""Changes of law or duty that oblige a department to update its entry, and the authority's consent to a later update."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from data_exchange_client.commands.catalogue.acting import act_on_own
from data_exchange_client.commands.names import OwnDatasetName
from data_exchange_client.publishing.verbs import read_own
from data_exchange_client.terminal.acting import act, print_row, print_rows, read, same
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
from data_exchange_client.terminal.output import print_facts

PATH = "/api/v1/catalogue-changes"
Change = Annotated[str, typer.Argument(metavar="CHANGE", help="The change's id; `changes list` prints it.")]


class Cause(StrEnum):
    """What obliges to an update."""

    law = "law"
    administrative_regulation = "administrative_regulation"
    state_council_decision = "state_council_decision"
    duty = "duty"


changes = typer.Typer(
    name="changes", no_args_is_help=True, help="State changes of law or duty, from which an update is due."
)


@changes.command("list")
def list_changes(
    *,
    key: KeyFile,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Only those of this dataset: its name or id.")
    ] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Only those whose update is not published yet.")] = False,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the changes of your organisation's datasets with the last day of each update; for the authority, all."""
    with connect(url, key, trust) as client:
        params = {"dataset": read_own(client, dataset)["id"]} if dataset else {}
        params |= {"open": "true"} if is_open else {}
        rows = list(list_all(client, PATH, limit=limit, params=params))
    shown = rows if as_json else [row | {"due": (row["update"] or {}).get("due")} for row in rows]
    print_rows(shown, same("id dataset state cause document changed_on due"), as_json=as_json)


@changes.command()
def show(
    change: Change, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Show a change, and the clock of its update."""
    row = read(f"{PATH}/{change}", key=key, url=url, trust=trust)
    print_row(row, _show, as_json=as_json)


@changes.command()
def state(
    dataset: OwnDatasetName,
    cause: Annotated[Cause, typer.Argument(help="What changed.")],
    *,
    key: KeyFile,
    document: Annotated[str, typer.Option("--document", help="The title of the law or decision, with its number.")],
    changed_on: Annotated[datetime, typer.Option("--changed-on", formats=["%Y-%m-%d"], help="The day of the change.")],
    reason: Annotated[str, typer.Option("--reason", help="What changes in the entry.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """State a change of law or duty; the update of the entry is due in 10 working days."""
    stated = {"cause": cause.value, "document": document, "changed_on": f"{changed_on:%Y-%m-%d}", "reason": reason}
    _show(act_on_own(dataset, "change", stated, key=key, url=url, trust=trust))


@changes.command()
def extend(
    change: Change,
    *,
    key: KeyFile,
    days: Annotated[int, typer.Option("--days", min=1, help="Working days, at most 5, once.")],
    consent: Annotated[str, typer.Option("--consent", help="The reference of the authority's consent.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Consent to a later update, as the sharing authority."""
    _show(act(f"{PATH}/{change}/extension", {"days": days, "consent": consent}, key=key, url=url, trust=trust))


def _show(row: dict[str, Any]) -> None:
    shown = ("id", "dataset", "state", "cause", "document", "changed_on", "reason", "filing", "version")
    clock = row["update"] or {}
    print_facts({name: row[name] for name in shown} | {"next": row["verbs"], "due": clock.get("due")})
