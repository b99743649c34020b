"""Ask for answers about people."""

from typing import Annotated

import typer

from data_exchange_client.terminal.documents import read_secrets
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import note, print_json, print_table


def answer(
    dataset: Annotated[str, typer.Argument(help="The dataset: its id, or <organisation>/<dataset>.")],
    *,
    key: KeyFile,
    purpose: Annotated[str, typer.Option("--purpose", help="What it is for: a purpose of the agreement.")],
    answers: Annotated[
        list[str], typer.Option("--answer", help="The name of an answer that the agreement grants; repeat it.")
    ],
    field: Annotated[
        str | None, typer.Option("--field", help="The field that identifies the people, where there are several.")
    ] = None,
    integer: Annotated[
        bool, typer.Option("--integer", help="The identifiers are numbers; otherwise they are text.")
    ] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Ask whether something is true of people: yes, no or unknown. No row leaves.

    The identifiers, at most 20, are read from standard input, one a line, so no shell history has them.
    """
    people = read_secrets("The identifier of a person")
    if integer and not all(person.lstrip("-").isascii() and person.lstrip("-").isdigit() for person in people):
        raise typer.BadParameter("with --integer, each identifier is a whole number", param_hint="standard input")
    values = [int(person) if integer else person for person in people]
    with connect(url, key, trust) as client:
        given = client.ask(dataset, values, purpose=purpose, answers=answers, field=field)
    document = given.json()
    if as_json:
        print_json(document)
    else:
        rows = [{"line": number, **verdicts} for number, verdicts in enumerate(document["people"], start=1)]
        print_table({"line": "line"} | {name: name for name in answers}, rows)
    note(f"entry {given.headers['exchange-entry']}")
