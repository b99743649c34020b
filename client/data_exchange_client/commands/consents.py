"""Consents of the people in your data: publish notices, ask, record what people decide, load files, show, receipts."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client import consents as receipts
from data_exchange_client.publishing.verbs import read_own
from data_exchange_client.terminal.documents import read_document, read_secret
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
from data_exchange_client.terminal.output import note, print_facts, print_json, print_table, reporting_failures
from data_exchange_client.trust import Trust

Notice = Annotated[str, typer.Argument(metavar="NOTICE", help="The notice's id; `consents notices` lists them.")]
Consent = Annotated[str, typer.Argument(metavar="CONSENT", help="The consent's id.")]
_WHO = "The person's identifier in the dataset"
_SHOWN = ("id", "notice", "state", "decided_at", "until")


class Decision(StrEnum):
    """What a person decides, besides withdrawing."""

    given = "given"
    refused = "refused"
    deferred = "deferred"


class Method(StrEnum):
    """How a decision was obtained."""

    portal = "portal"
    window = "window"
    paper_signature = "paper-signature"
    electronic_signature = "electronic-signature"
    recording = "recording"
    system = "system"


consents = typer.Typer(
    name="consents", no_args_is_help=True, help="Consents of the people in your organisation's data."
)


@consents.command()
def notices(
    *,
    key: KeyFile,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the notices of your datasets, and those that your organisation is the recipient of."""
    with connect(url, key, trust) as client:
        rows = list(list_all(client, "/api/v1/consent-notices", limit=limit))
    if as_json:
        print_json(rows)
        return
    columns = {"id": "id", "purpose": "purpose", "recipient": "recipient_id", "closed": "closed_at"}
    print_table(columns, rows)


@consents.command()
def notice(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Your dataset: its id, or its name.")],
    *,
    key: KeyFile,
    file: Annotated[Path, typer.Option("--file", help="The notice as JSON; docs/consent.md has an example.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Publish a notice, under which people can be asked. It never changes."""
    document = read_document(file)
    with connect(url, key, trust) as client:
        body = document | {"dataset": read_own(client, dataset)["id"]}
        published = client.request("POST", "/api/v1/consent-notices", json=body).json()
    print_facts({name: published[name] for name in ("id", "purpose", "recipient_id", "term_days", "digest")})


@consents.command()
def ask(notice: Notice, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Record that a person is asked. The identifier is read from standard input."""
    person = {"notice": notice, "value": read_secret(_WHO)}
    with connect(url, key, trust) as client:
        _print(client.request("POST", "/api/v1/consents/requests", json=person).json())


@consents.command()
def record(
    notice: Notice,
    decision: Annotated[Decision, typer.Argument(help="What the person decided; `withdraw` is a command of its own.")],
    *,
    key: KeyFile,
    method: Annotated[Method | None, typer.Option("--method", help="How it was obtained; needed for `given`.")] = None,
    proof: Annotated[
        Path | None, typer.Option("--proof", help="The file that proves it, of which only the SHA-256 is sent.")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option("--at", formats=["%Y-%m-%dT%H:%M:%S%z"], help="When the person decided, with the zone; else now."),
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Record what a person decided. The identifier is read from standard input."""
    document: dict[str, Any] = {"notice": notice, "decision": decision.value, "value": read_secret(_WHO)}
    document |= {"at": at.isoformat()} if at is not None else {}
    document |= {"method": method.value} if method is not None else {}
    with reporting_failures():
        document |= {"proof": receipts.digest_of(proof)} if proof is not None else {}
    with connect(url, key, trust) as client:
        _print(client.request("POST", "/api/v1/consents/decisions", json=document).json())


@consents.command()
def withdraw(notice: Notice, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Record that a person withdraws, at once and without a proof. The identifier is read from standard input."""
    document = {"notice": notice, "decision": "withdrawn", "value": read_secret(_WHO)}
    with connect(url, key, trust) as client:
        _print(client.request("POST", "/api/v1/consents/decisions", json=document).json())


@consents.command()
def load(
    notice: Notice,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or NDJSON: person, decision, at, method, proof.")],
    *,
    key: KeyFile,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait until the rows are merged.")] = 600.0,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Load decisions from a file, each with its proof. Sending the same file again changes nothing."""
    file_format = "ndjson" if file.suffix.lower() in (".ndjson", ".jsonl") else "csv"
    with connect(url, key, trust) as client:
        target = f"/api/v1/consent-notices/{notice}/decisions"
        received = client.request("PUT", target, params={"format": file_format}, content=file).json()
        row = receipts.wait_for_load(client, received, seconds=wait)
    for bad in row["bad_rows"]:
        note(f"row {bad['row']}: {bad['reason']}")
    counts = ("rows", "bad", "given", "renewed", "refused", "repeated", "outdated", "conflicting")
    print_facts({"load": row["id"], "state": row["state"], **{name: row[name] for name in counts}})
    if row["bad"]:
        raise typer.Exit(1)


@consents.command("list")
def list_consents(
    *,
    key: KeyFile,
    notice: Annotated[str | None, typer.Option("--notice", help="Only those under this notice.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as given.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List consents. They name nobody; `show` finds those of one person."""
    params = {name: value for name, value in {"notice": notice, "state": state}.items() if value}
    with connect(url, key, trust) as client:
        rows = list(list_all(client, "/api/v1/consents", limit=limit, params=params))
    _list(rows, as_json=as_json)


@consents.command()
def show(
    notice: Notice, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Show a person's records under a notice. The identifier is read from standard input."""
    person = {"notice": notice, "value": read_secret(_WHO)}
    with connect(url, key, trust) as client:
        rows = client.request("POST", "/api/v1/consents/search", json=person).json()
    _list(rows, as_json=as_json)


@consents.command()
def receipt(
    consent: Consent,
    *,
    key: KeyFile,
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write the receipt to.")],
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for a checkpoint.")] = 10.0,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Get a consent's record in JSON-LD with the receipts of its entries, verify it, and write it to a file."""
    with connect(url, key, trust) as client:
        document = receipts.fetch(client, consent, wait=wait)
        receipts.save(document, output)
    note(f"wrote {output}: {document['record']['dpv:hasConsentStatus']}")


@consents.command()
def verify(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `consents receipt` wrote.")],
    *,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Check a consent's receipt offline: the record follows from the notice and the steps, which are on the ledger."""
    document = read_document(path)
    with reporting_failures():
        receipts.verify(document, Trust.load(trust))
    typer.echo(f"verified: {path} is a consent on the ledger: {document['record']['dpv:hasConsentStatus']}")


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
    with connect(url, key, trust) as client:
        rows = list(list_all(client, "/api/v1/deletions", limit=limit))
    if as_json:
        print_json(rows)
        return
    columns = ("id", "state", "cause", "people", "due")
    print_table({name: name for name in columns} | {"dataset": "dataset_id"}, rows)


@deletions.command()
def person(
    deletion: Annotated[str, typer.Argument(metavar="DELETION", help="The deletion's id.")],
    *,
    key: KeyFile,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Print whose data your organisation has to delete. The reading is on the ledger."""
    with connect(url, key, trust) as client:
        print_json(client.request("POST", f"/api/v1/deletions/{deletion}/person").json())


@deletions.command()
def evidence(
    deletion: Annotated[str, typer.Argument(metavar="DELETION", help="The deletion's id.")],
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
        document |= {"proof": receipts.digest_of(proof)} if proof is not None else {}
    with connect(url, key, trust) as client:
        done = client.request("POST", f"/api/v1/deletions/{deletion}/evidence", json=document).json()
    print_facts({name: done[name] for name in ("id", "state", "people", "evidenced_at")})


def _print(row: dict[str, Any]) -> None:
    print_facts({name: row[name] for name in _SHOWN})


def _list(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    print_table({name: name for name in _SHOWN}, rows)
