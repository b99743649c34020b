"""Documents that commands read from files."""

import json
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
