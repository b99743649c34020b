"""Catalogue duties of departments: filings and their review, and corrections of wrong data."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.commands.catalog import OwnDatasetName
from data_exchange_client.publishing.assessments import read_assessment
from data_exchange_client.publishing.verbs import read_own
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

FILINGS, CORRECTIONS = "/api/v1/filings", "/api/v1/corrections"
FilingId = Annotated[str, typer.Argument(metavar="FILING", help="The filing's id; `filings list` prints it.")]
CorrectionId = Annotated[str, typer.Argument(metavar="CORRECTION", help="Its id; `corrections list` prints it.")]
State = Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `filed`.")]
Statement = Annotated[str, typer.Option("--statement", help="What you state; both sides read it. It names no person.")]

filings = typer.Typer(
    name="filings", no_args_is_help=True, help="Bring a department's dataset into the catalogue (Decree 809)."
)
corrections = typer.Typer(name="corrections", no_args_is_help=True, help="File and answer corrections of wrong data.")


@filings.command("list")
def list_filings(
    *,
    key: KeyFile,
    state: State = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List your organisation's filings; for the sharing authority, all that were filed."""
    with connect(url, key, trust) as client:
        rows = list(list_all(client, FILINGS, limit=limit, state=state))
    if as_json:
        print_json(rows)
        return
    print_table({name: name for name in ("id", "dataset", "state", "filed_at", "version")}, rows)


@filings.command()
def assess(
    dataset: OwnDatasetName,
    *,
    key: KeyFile,
    secrecy: Annotated[
        Path, typer.Option("--secrecy-assessment", help="The report; only its digest leaves your machine.")
    ],
    assessed_on: Annotated[
        datetime | None,
        typer.Option("--assessed-on", formats=["%Y-%m-%d"], help="When it was concluded; otherwise today."),
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Put the assessment of secrecy risks of a draft on file."""
    assessment = read_assessment(secrecy, assessed_on or datetime.now(UTC))["impact"]
    _step(dataset, "assessment", {"secrecy": assessment}, key=key, url=url, trust=trust)


@filings.command()
def consent(dataset: OwnDatasetName, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Consent to a draft, as the head of the sharing office."""
    _step(dataset, "consent", None, key=key, url=url, trust=trust)


@filings.command()
def file(dataset: OwnDatasetName, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """File a draft for the authority's review; without an authority on the exchange, it is published."""
    _step(dataset, "filing", None, key=key, url=url, trust=trust)


@filings.command()
def publish(filing: FilingId, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Publish what was filed, as the sharing authority."""
    _act(f"{FILINGS}/{filing}/publication", None, key=key, url=url, trust=trust)


@filings.command("return")
def give_back(
    filing: FilingId,
    *,
    key: KeyFile,
    reason: Annotated[str, typer.Option("--reason", help="What the department has to complete.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Return what was filed to its department, as the sharing authority."""
    _act(f"{FILINGS}/{filing}/return", {"reason": reason}, key=key, url=url, trust=trust)


@corrections.command("list")
def list_corrections(
    *,
    key: KeyFile,
    state: State = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List what your organisation filed, or has to answer."""
    with connect(url, key, trust) as client:
        rows = list(list_all(client, CORRECTIONS, limit=limit, state=state))
    if as_json:
        print_json(rows)
        return
    shown = [row | {"due": (row["check"] or {}).get("due")} for row in rows]
    print_table({name: name for name in ("id", "dataset", "state", "fault", "fields", "due")}, shown)


@corrections.command("file")
def file_correction(
    agreement: Annotated[str, typer.Argument(metavar="AGREEMENT", help="The agreement under which you have the data.")],
    *,
    key: KeyFile,
    field: Annotated[list[str], typer.Option("--field", help="A field that is wrong; repeat it.")],
    statement: Statement,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Something is missing, rather than inaccurate.")
    ] = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """File that data is wrong; its owner answers in 10 working days."""
    document = {
        "agreement": agreement,
        "fault": "incomplete" if incomplete else "inaccurate",
        "fields": field,
        "statement": statement,
    }
    _act(CORRECTIONS, document, key=key, url=url, trust=trust)


@corrections.command()
def correct(
    correction: CorrectionId,
    *,
    key: KeyFile,
    statement: Statement,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """State that the data is corrected; everyone who has the fields is told."""
    _act(f"{CORRECTIONS}/{correction}/correction", {"statement": statement}, key=key, url=url, trust=trust)


@corrections.command()
def confirm(
    correction: CorrectionId,
    *,
    key: KeyFile,
    statement: Statement,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """State that the data is accurate, with the reason."""
    _act(f"{CORRECTIONS}/{correction}/confirmation", {"statement": statement}, key=key, url=url, trust=trust)


@corrections.command()
def settle(
    correction: CorrectionId,
    *,
    key: KeyFile,
    statement: Statement,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Accept the owner's answer."""
    _act(f"{CORRECTIONS}/{correction}/settlement", {"statement": statement}, key=key, url=url, trust=trust)


def _step(dataset: str, act: str, document: Any, *, key: Path, url: str, trust: Path) -> None:
    with connect(url, key, trust) as client:
        identifier = read_own(client, dataset)["id"]
        _show(client.request("POST", f"/api/v1/datasets/{identifier}/{act}", json=document).json())


def _act(path: str, document: Any, *, key: Path, url: str, trust: Path) -> None:
    with connect(url, key, trust) as client:
        _show(client.request("POST", path, json=document).json())


def _show(row: dict[str, Any]) -> None:
    clock = row.get("review") or row.get("check") or {}
    print_facts(
        {name: row.get(name) for name in ("id", "dataset", "state", "version", "fields", "statement")}
        | {"next": row["verbs"], "due": clock.get("due")}
    )
