"""Workbooks are parsed in a process of their own, with a limit on its memory and time.

A sheet with one stray cell in its last corner, or with a damaged length, makes the parser ask for more memory than
there is, and a parser that cannot get memory takes its whole process with it. That must not be the exchange. It also
keeps half a minute of parsing from slowing every request down.
"""

import json
import os
import resource
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from adapters.contract import Note, SourceError
from adapters.grid import CellKind, Grid
from adapters.kinds import workbook_suffix
from adapters.options import ImportOptions
from adapters.spool import Spool, read_batches
from adapters.workbook import read_workbook

_MEMORY: Final = 4 * 2**30  # bytes: thirty million cells and the interpreter
_SECONDS: Final = 120


def read_apart(path: Path, options: ImportOptions, directory: Path) -> Grid:
    """Read one sheet in another process; its cells lie in `directory` until the grid has been read.

    Raises what read_workbook raises, and SourceError too-large when the process ran out of memory or time.
    """
    cells = directory / "sheet.arrow"
    # The parser goes by the suffix, which lies: a new workbook saved over an old one keeps the old one's name.
    named = directory / f"workbook{workbook_suffix(path)}"
    named.symlink_to(path.absolute())
    request = json.dumps(
        {"path": str(named), "cells": str(cells), "sheet": options.sheet, "header_row": options.header_row}
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, this module
            [sys.executable, "-m", __name__],
            input=request,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=2 * _SECONDS,
            env=environment,
            text=True,
            check=True,
        )
        answer = json.loads(done.stdout)
    except (subprocess.SubprocessError, json.JSONDecodeError):
        raise SourceError(
            "too-large", "the sheet spans too many cells to be read; is there a stray cell far from the table?"
        ) from None
    if "error" in answer:
        raise SourceError(**answer["error"])
    return Grid(
        answer["names"],
        read_batches(cells),
        kinds=[CellKind(kind) for kind in answer["kinds"]],
        notes=[Note(**note) for note in answer["notes"]],
        alone=set(answer["alone"]),
        has_titles=answer["has_titles"],
        counts_days=True,
    )


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """What the other process does: read the sheet, spool its cells, tell the rest."""
    options = ImportOptions(sheet=request["sheet"], header_row=request["header_row"])
    try:
        grid = read_workbook(Path(request["path"]), options)
        spool = Spool(Path(request["cells"]), len(grid.names))
        for batch in grid.batches:
            spool.add(batch)
        spool.finish()
    except SourceError as error:
        return {"error": {"code": error.code, "detail": error.detail, "where": error.where}}
    return {
        "names": grid.names,
        "kinds": [kind.value for kind in grid.kinds or ()],
        "notes": [asdict(note) for note in grid.notes],
        "alone": sorted(grid.alone),
        "has_titles": grid.has_titles,
    }


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump(_answer(json.load(sys.stdin)), sys.stdout)
