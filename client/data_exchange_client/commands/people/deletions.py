"""What recipients have to delete after consents ended, and their evidence of it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from data_exchange_client import consents as receipts
from data_exchange_client.terminal.acting import act, print_rows, rows_of, same, stated
from data_exchange_client.terminal.options import (
    DEFAULT_TRUST,
    DEFAULT_URL,
    AsJson,
    KeyFile,
    Most,
    TrustFile,
    Url,
)
from data_exchange_client.terminal.output import print_facts, print_json, reporting_failures

PATH = "/api/v1/deletions"
Deletion = Annotated[str, typer.Argument(metavar="DELETION", help="Its id; `deletions list` prints it.")]

deletions = typer.Typer(
    name="deletions", no_args_is_help=True, help="What has to be deleted at recipients after consents ended."
)


@deletions.command("list")
def list_deletions(
    *,
    key: KeyFile,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List what your organisation has to delete, and what others have to delete of its data."""
    rows = rows_of(PATH, key=key, url=url, trust=trust, limit=limit)
    columns = same("id state cause people due") | {"dataset": "dataset_id"}
    print_rows(rows, columns, as_json=as_json)


@deletions.command()
def person(
    deletion: Deletion,
    *,
    key: KeyFile,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Print whose data your organisation has to delete. The reading is on the ledger."""
    print_json(act(f"{PATH}/{deletion}/person", key=key, url=url, trust=trust))


@deletions.command()
def evidence(
    deletion: Deletion,
    *,
    key: KeyFile,
    method: Annotated[str, typer.Option("--method", help="How the data was deleted.")],
    deleted_at: Annotated[
        datetime, typer.Option("--deleted-at", formats=["%Y-%m-%dT%H:%M:%S%z"], help="When, with the zone.")
    ],
    proof: Annotated[
        Path | None, typer.Option("--proof", help="The file that proves it, of which only the SHA-256 is sent.")
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """State that the data is deleted. Without it by the last day, your agreements over the dataset are suspended."""
    document = {"method": method, "deleted_at": deleted_at.isoformat()}
    with reporting_failures():
        document |= stated(proof=proof and receipts.digest_of(proof))
    done = act(f"{PATH}/{deletion}/evidence", document, key=key, url=url, trust=trust)
    print_facts({name: done[name] for name in ("id", "state", "people", "evidenced_at")})
