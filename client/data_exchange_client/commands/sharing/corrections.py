"""Corrections (校核): a consumer files that data is wrong, its owner answers, either side ends the matter."""

from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.terminal.acting import act, print_rows, read, rows_of, same, stated
from data_exchange_client.terminal.documents import read_secrets
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, Most, TrustFile, Url
from data_exchange_client.terminal.output import print_facts, print_json

PATH = "/api/v1/corrections"
Id = Annotated[str, typer.Argument(metavar="CORRECTION", help="Its id; `corrections list` prints it.")]
Statement = Annotated[str, typer.Option("--statement", help="What you state; both sides read it. It names no person.")]

corrections = typer.Typer(
    name="corrections", no_args_is_help=True, help="File, answer and end corrections of wrong data."
)


@corrections.command("list")
def list_corrections(
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `filed`.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List what your organisation filed, or has to answer."""
    rows = rows_of(PATH, key=key, url=url, trust=trust, limit=limit, params={"state": state})
    shown = rows if as_json else [row | {"due": (row["check"] or {}).get("due")} for row in rows]
    print_rows(shown, same("id dataset state fault fields due"), as_json=as_json)


@corrections.command()
def show(
    correction: Id, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Show a correction with its answers and, until it ends, the people that it is about."""
    _show(read(f"{PATH}/{correction}", key=key, url=url, trust=trust), as_json=as_json)


@corrections.command()
def file(
    agreement: Annotated[str, typer.Argument(metavar="AGREEMENT", help="The agreement under which you have the data.")],
    *,
    key: KeyFile,
    field: Annotated[list[str], typer.Option("--field", help="A field that is wrong; repeat it.")],
    statement: Statement,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Something is missing, rather than inaccurate.")
    ] = False,
    people: Annotated[
        bool,
        typer.Option("--people", help="Read whose records are wrong from standard input, one identifier a line."),
    ] = False,
    identified_by: Annotated[
        str | None, typer.Option("--identified-by", help="The field of these identifiers, where there are several.")
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """File that data is wrong; its owner answers in 10 working days."""
    document = {
        "agreement": agreement,
        "fault": "incomplete" if incomplete else "inaccurate",
        "fields": field,
        "statement": statement,
        **stated(people=read_secrets("The identifier of a person") if people else None, identified_by=identified_by),
    }
    _show(act(PATH, document, key=key, url=url, trust=trust))


@corrections.command()
def correct(
    correction: Id, *, key: KeyFile, statement: Statement, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """State that the data is corrected; the exchange tells everyone who has the fields."""
    _state(correction, "correction", statement, key=key, url=url, trust=trust)


@corrections.command()
def confirm(
    correction: Id, *, key: KeyFile, statement: Statement, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """State that the data is accurate, with the reason."""
    _state(correction, "confirmation", statement, key=key, url=url, trust=trust)


@corrections.command()
def settle(
    correction: Id, *, key: KeyFile, statement: Statement, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Accept the owner's answer; whom it is about is deleted."""
    _state(correction, "settlement", statement, key=key, url=url, trust=trust)


@corrections.command()
def dispute(
    correction: Id, *, key: KeyFile, statement: Statement, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Dispute the owner's answer, with the reason."""
    _state(correction, "dispute", statement, key=key, url=url, trust=trust)


@corrections.command()
def withdraw(
    correction: Id, *, key: KeyFile, statement: Statement, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Withdraw a correction before its owner has answered; whom it is about is deleted."""
    _state(correction, "withdrawal", statement, key=key, url=url, trust=trust)


def _state(correction: str, verb: str, statement: str, *, key: Path, url: str, trust: Path) -> None:
    _show(act(f"{PATH}/{correction}/{verb}", {"statement": statement}, key=key, url=url, trust=trust))


def _show(row: dict[str, Any], *, as_json: bool = False) -> None:
    if as_json:
        print_json(row)
        return
    facts = {name: row.get(name) for name in ("id", "dataset", "state", "fault", "fields", "statement", "people")}
    answers = {answer["type"]: answer["statement"] for answer in row["answers"]}
    print_facts(facts | answers | {"next": row["verbs"], "due": (row["check"] or {}).get("due")})
