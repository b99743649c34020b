"""Refresh and withdraw what is published, and discard drafts."""

from pathlib import Path
from typing import Annotated

import typer

from data_exchange_client.commands.catalogue.confirming import confirmed
from data_exchange_client.commands.names import OwnDatasetName
from data_exchange_client.publishing import changing, verbs
from data_exchange_client.publishing.sources import FileSource
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import note, print_json


def refresh(
    dataset: OwnDatasetName,
    file: Annotated[Path, typer.Argument(help="The new file, with the fields of the published version.")],
    *,
    key: KeyFile,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Replace the content of a published file, read by the published types; version, terms and agreements stay.

    A file with other fields, or one that is read otherwise, is a new version: exchange-client publish --update.
    """
    with connect(url, key, trust) as client:
        source, remarks = changing.refresh(client, dataset, FileSource(file))
    if as_json:
        print_json(source)
        return
    count = source["rows"]
    typer.echo(f"Refreshed: {dataset} now has {'unknown' if count is None else f'{count:,}'} rows of {file.name}.")
    for remark in source["description"]["notes"]:
        note(f"note: {remark['text']}" + (f" ({remark['where']})" if remark.get("where") else ""))
    for text in remarks:
        note(f"note: {text}")


def withdraw(
    dataset: OwnDatasetName,
    *,
    key: KeyFile,
    reason: Annotated[str, typer.Option("--reason", help="Why; the ledger holds its salted digest.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Withdraw it without asking.")] = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Withdraw a published dataset: its deliveries end at once, and its agreements end for good.

    The prompt says how many agreements end. A dataset that is published again needs new applications.
    """
    with connect(url, key, trust) as client:
        own = verbs.read_own(client, dataset)
        ending = describe_count(changing.count_running(client, str(own["id"])))
        question = f"Withdraw {dataset}? Its deliveries end at once, and {ending} for good."
        if not yes and not confirmed(question, "withdrawn", "withdraws"):
            raise typer.Exit(1)
        answer = changing.withdraw(client, str(own["id"]), reason)
    typer.echo(f"Withdrawn: {dataset}, on the ledger as entry {answer.entry}; {ending} for good.")


draft = typer.Typer(name="draft", no_args_is_help=True, add_completion=False, help="Discard drafts of datasets.")


@draft.command("discard")
def discard(
    dataset: OwnDatasetName,
    *,
    key: KeyFile,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Discard a draft; a published version of the dataset stays as it is."""
    with connect(url, key, trust) as client:
        answer = verbs.discard_draft(client, dataset)
    typer.echo(f"Discarded: the draft of {dataset}, on the ledger as entry {answer.entry}.")


def describe_count(agreements: int) -> str:
    """Describe how many agreements end."""
    return f"{agreements} agreement{'s' * (agreements != 1)} end{'s' * (agreements == 1)}"
