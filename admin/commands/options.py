"""Options that several commands share: the data directory, and a person's identifier."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from admin.terminal import CannotDo

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data directory; otherwise EXCHANGE_DATA, or ./exchange-data."),
]
FieldName = Annotated[str | None, typer.Option("--field", help="The identifying field, where the dataset has several.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking.")]


def read_identifier() -> str:
    """A person's identifier, typed unseen or as the first line of a pipe. Raises CannotDo where there is none.

    It is never an argument, so that it stays out of the shell's history and of the machine's list of processes.
    """
    if sys.stdin.isatty():
        try:
            return str(typer.prompt("The person's identifier in that dataset", hide_input=True))
        except typer.Abort:
            raise CannotDo("no identifier was given, so nothing was done") from None
    line = sys.stdin.readline().strip()
    if not line:
        raise CannotDo("no identifier was given, so nothing was done")
    return line
