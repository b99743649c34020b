"""Filings: a department brings a dataset into the catalogue, and the authority reviews it (Decree 809)."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.commands.catalogue.acting import act_on_own
from data_exchange_client.commands.names import OwnDatasetName
from data_exchange_client.publishing.assessments import read_assessment
from data_exchange_client.terminal.acting import act, print_row, print_rows, read, rows_of, same
from data_exchange_client.terminal.options import (
    DEFAULT_TRUST,
    DEFAULT_URL,
    AsJson,
    KeyFile,
    Most,
    TrustFile,
    Url,
)
from data_exchange_client.terminal.output import print_facts

PATH = "/api/v1/filings"
Filing = Annotated[str, typer.Argument(metavar="FILING", help="The filing's id; `filings list` prints it.")]

filings = typer.Typer(
    name="filings", no_args_is_help=True, help="Bring a department's dataset into the catalogue (Decree 809)."
)


@filings.command("list")
def list_filings(
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `filed`.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List your organisation's filings; for the sharing authority, all that were filed."""
    rows = rows_of(PATH, key=key, url=url, trust=trust, limit=limit, state=state)
    print_rows(rows, same("id dataset state filed_at version"), as_json=as_json)


@filings.command()
def show(
    filing: Filing, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Show a filing, and what can happen next."""
    row = read(f"{PATH}/{filing}", key=key, url=url, trust=trust)
    print_row(row, _show, as_json=as_json)


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
    _show(act_on_own(dataset, "assessment", {"secrecy": assessment}, key=key, url=url, trust=trust))


@filings.command()
def consent(dataset: OwnDatasetName, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Consent to a draft, as the head of the sharing office."""
    _show(act_on_own(dataset, "consent", key=key, url=url, trust=trust))


@filings.command()
def file(dataset: OwnDatasetName, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """File a draft for the authority's review; without an authority on the exchange, it is published."""
    _show(act_on_own(dataset, "filing", key=key, url=url, trust=trust))


@filings.command()
def publish(filing: Filing, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Publish what was filed, as the sharing authority."""
    _show(act(f"{PATH}/{filing}/publication", key=key, url=url, trust=trust))


@filings.command("return")
def give_back(
    filing: Filing,
    *,
    key: KeyFile,
    reason: Annotated[str, typer.Option("--reason", help="What the department has to complete.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Return what was filed to its department, as the sharing authority."""
    _show(act(f"{PATH}/{filing}/return", {"reason": reason}, key=key, url=url, trust=trust))


def _show(row: dict[str, Any]) -> None:
    facts = {name: row.get(name) for name in ("id", "dataset", "state", "version")}
    print_facts(facts | {"next": row["verbs"], "due": (row.get("review") or {}).get("due")})
