"""Documents that commands read from files and from standard input."""

import json
import sys
from pathlib import Path
from typing import Any

import typer


def read_document(path: Path) -> dict[str, Any]:
    """A JSON object from a file in UTF-8. Raises BadParameter, which names the file and the fault."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise typer.BadParameter(f"{path} is not JSON in UTF-8: {error}") from error
    if not isinstance(document, dict):
        raise typer.BadParameter(f"{path} is not a JSON object")
    return document


def read_secret(what: str) -> str:
    """A value that belongs in no list of commands: asked for at a terminal without showing it, else a line of standard input.

    Raises BadParameter where nothing is given.
    """
    value = str(typer.prompt(what, hide_input=True)) if sys.stdin.isatty() else sys.stdin.readline().strip()
    if not value:
        raise typer.BadParameter(f"standard input has no line: {what.lower()} is expected there")
    return value


def read_secrets(what: str) -> list[str]:
    """Values that belong in no list of commands: one asked for at a terminal, else each line of standard input.

    Raises BadParameter where nothing is given.
    """
    if sys.stdin.isatty():
        return [read_secret(what)]
    values = [line.strip() for line in sys.stdin if line.strip()]
    if not values:
        raise typer.BadParameter(f"standard input has no line: {what.lower()} is expected there, one a line")
    return values
