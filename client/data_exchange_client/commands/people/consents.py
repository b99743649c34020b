"""Consents of the people in your data: publish notices, ask, record what people decide, load files, show, receipts."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client import consents as receipts
from data_exchange_client.publishing.verbs import read_own
from data_exchange_client.terminal.acting import act, print_rows, read, rows_of, same, stated
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
from data_exchange_client.terminal.output import note, print_facts, print_json, reporting_failures
from data_exchange_client.trust import Trust

Notice = Annotated[str, typer.Argument(metavar="NOTICE", help="The notice's id; `consents notices` lists them.")]
Consent = Annotated[str, typer.Argument(metavar="CONSENT", help="The consent's id.")]
NOTICES, CONSENTS, LOADS = "/api/v1/consent-notices", "/api/v1/consents", "/api/v1/consent-loads"
EndingReason = Annotated[str, typer.Option("--reason", help="Why; the ledger holds its salted digest.")]
_WHO = "The person's identifier in the dataset"
_COUNTS = "rows bad given renewed refused withdrawn repeated outdated conflicting"
_NOTED = 100
"""The rows that were not taken of which a command prints the reasons; `rejects` lists all."""
_SHOWN = "id notice state decided_at until"


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
    rows = rows_of(NOTICES, key=key, url=url, trust=trust, limit=limit)
    columns = {"id": "id", "purpose": "purpose", "recipient": "recipient_id", "closed": "closed_at"}
    print_rows(rows, columns, as_json=as_json)


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
        published = client.request("POST", NOTICES, json=body).json()
    print_facts({name: published[name] for name in ("id", "purpose", "recipient_id", "term_days", "digest")})


@consents.command()
def ask(notice: Notice, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Record that a person is asked. The identifier is read from standard input."""
    person = {"notice": notice, "value": read_secret(_WHO)}
    _print(act(f"{CONSENTS}/requests", person, key=key, url=url, trust=trust))


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
    with reporting_failures():
        document |= stated(at=at and at.isoformat(), method=method, proof=proof and receipts.digest_of(proof))
    _print(act(f"{CONSENTS}/decisions", document, key=key, url=url, trust=trust))


@consents.command()
def withdraw(notice: Notice, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Record that a person withdraws, at once and without a proof. The identifier is read from standard input."""
    document = {"notice": notice, "decision": "withdrawn", "value": read_secret(_WHO)}
    _print(act(f"{CONSENTS}/decisions", document, key=key, url=url, trust=trust))


@consents.command()
def load(
    notice: Notice,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV or NDJSON: person, decision, at, method, proof; for children guardian_name, guardian_relation and "
            "guardian_verified_by, too.",
        ),
    ],
    *,
    key: KeyFile,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write every row that was not taken to this file, with the reason.")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait until the rows are merged.")] = 600.0,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Load what people decided from a file, withdrawals too. Sending the same file again changes nothing."""
    file_format = "ndjson" if file.suffix.lower() in (".ndjson", ".jsonl") else "csv"
    with connect(url, key, trust) as client:
        target = f"{NOTICES}/{notice}/decisions"
        received = client.request("PUT", target, params={"format": file_format}, content=file).json()
        if report is not None:
            rejects = list_all(client, f"{LOADS}/{received['id']}/rejects", limit=received["bad"], after="row")
            receipts.save_rejects(rejects, report)
        row = receipts.wait_for_load(client, received, seconds=wait)
    for bad in row["bad_rows"][:_NOTED]:
        note(f"row {bad['row']}: {bad['reason']}")
    if row["bad"] > _NOTED:
        note(f"{row['bad'] - _NOTED} more rows were not taken: `exchange-client consents rejects {row['id']}`")
    print_facts({"load": row["id"], "state": row["state"], **{name: row[name] for name in _COUNTS.split()}})
    if row["bad"]:
        raise typer.Exit(1)


@consents.command()
def rejects(
    load: Annotated[str, typer.Argument(metavar="LOAD", help="The load's id, which `consents load` prints.")],
    *,
    key: KeyFile,
    limit: Most = 1_000_000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List every row of a load that was not taken, and why."""
    with connect(url, key, trust) as client:
        rows = list(list_all(client, f"{LOADS}/{load}/rejects", limit=limit, after="row"))
    print_rows(rows, same("row reason"), as_json=as_json)


@consents.command()
def close(
    notice: Notice,
    *,
    key: KeyFile,
    reason: EndingReason,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Close a notice: nobody consents under it any more, and the consents that hold stay."""
    closed = act(f"{NOTICES}/{notice}/closing", {"reason": reason}, key=key, url=url, trust=trust)
    print_facts({name: closed[name] for name in ("id", "purpose", "closed_at")})


@consents.command("show-notice")
def show_notice(notice: Notice, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Show a notice as JSON: its text, its term, and for its owner how many decided how."""
    print_json(read(f"{NOTICES}/{notice}", key=key, url=url, trust=trust))


@consents.command()
def revoke(
    consent: Consent,
    *,
    key: KeyFile,
    reason: EndingReason,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """End a consent although the person did not withdraw it, such as where its purpose is over."""
    _print(act(f"{CONSENTS}/{consent}/revocation", {"reason": reason}, key=key, url=url, trust=trust))


@consents.command()
def invalidate(
    consent: Consent,
    *,
    key: KeyFile,
    reason: EndingReason,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """End a consent that never was valid, such as that of a child without a guardian."""
    _print(act(f"{CONSENTS}/{consent}/invalidation", {"reason": reason}, key=key, url=url, trust=trust))


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
    params = {"notice": notice, "state": state}
    rows = rows_of(CONSENTS, key=key, url=url, trust=trust, limit=limit, params=params)
    print_rows(rows, same(_SHOWN), as_json=as_json)


@consents.command()
def show(
    notice: Notice, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Show a person's records under a notice. The identifier is read from standard input."""
    person = {"notice": notice, "value": read_secret(_WHO)}
    rows = act(f"{CONSENTS}/search", person, key=key, url=url, trust=trust)
    print_rows(rows, same(_SHOWN), as_json=as_json)


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


def _print(row: dict[str, Any]) -> None:
    print_facts({name: row[name] for name in _SHOWN.split()})
