"""Workbooks are parsed in a process of their own, with a limit on its memory and time.

A sheet with one stray cell in its last corner, or with a damaged length, makes the parser ask for more memory than
there is, and a parser that cannot get memory takes its whole process with it. That must not be the exchange. It also
keeps half a minute of parsing from slowing every request down.

A small file can stand for a large one: an archive unpacks to a thousand times its size, whatever sizes it declares,
and a text kept once can be the text of a million cells. So what is unpacked is counted as it is unpacked, what the
cells say is counted as it is written, and the system's limits on memory, time and output hold whatever was not counted.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from adapters.contract import Note, SourceError
from adapters.files.grid import CellKind, Grid
from adapters.files.options import ImportOptions
from adapters.files.read.file_format import check_unpacked, workbook_suffix
from adapters.files.read.spool import Spool, read_batches
from adapters.files.read.workbook import read_workbook

_GIB: Final = 2**30
_MEMORY: Final = 2 * _GIB  # bytes: fifteen million cells and the interpreter
_CELLS: Final = _GIB  # bytes of what the cells say
_OUTPUT: Final = _CELLS + 2**26  # with what the form of the file takes
_SECONDS: Final = 120
_HOW: Final = "; save the table alone, without stray cells and long texts, or as CSV"


def read_apart(path: Path, options: ImportOptions, directory: Path) -> Grid:
    """Read one sheet in another process; its cells lie in `directory` until the grid has been read.

    Raises what read_workbook raises, and SourceError too-large when the process ran into one of its limits.
    """
    cells = directory / "sheet.arrow"
    # The parser goes by the suffix, which lies: a new workbook saved over an old one keeps the old one's name.
    named = directory / f"workbook{workbook_suffix(path)}"
    named.symlink_to(path.absolute())
    request = json.dumps(
        {
            "path": str(named),
            "cells": str(cells),
            "sheet": options.sheet,
            "header_row": options.header_row,
            "max_bytes": options.max_bytes,
        }
    )
    answer = _ask(request)
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


def _ask(request: str) -> dict[str, Any]:
    """Have the other process answer; SourceError too-large when it did not live to do so."""
    root = Path(__file__).parents[__name__.count(".")]  # the directory that holds the package `adapters`
    environment = {**os.environ, "PYTHONPATH": str(root)}
    too_slow = SourceError("too-large", f"the sheet takes more than {_SECONDS} seconds to read{_HOW}")
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, this module
            [sys.executable, "-m", __name__],
            input=request,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=2 * _SECONDS,
            env=environment,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise too_slow from None
    if done.returncode == -signal.SIGXCPU:
        raise too_slow
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise SourceError(
            "too-large", f"the sheet spans too many cells to be read in {_MEMORY // _GIB} GiB of memory{_HOW}"
        ) from None
    return answer


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """What the other process does: read the sheet, spool its cells, tell the rest."""
    options = ImportOptions(sheet=request["sheet"], header_row=request["header_row"], max_bytes=request["max_bytes"])
    try:
        check_unpacked(Path(request["path"]), options)
        grid = read_workbook(Path(request["path"]), options)
        spool = Spool(Path(request["cells"]), len(grid.names))
        written = 0
        for batch in grid.batches:
            written += sum(column.nbytes for column in batch.columns)
            if written > _CELLS:
                raise SourceError("too-large", f"the cells of the sheet say more than {_CELLS // _GIB} GiB{_HOW}")
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


class _WithoutPandas:
    """Finds no pandas: where it is installed, pyarrow loads it to ask whether a list is its own, for longer than it reads."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


if __name__ == "__main__":
    sys.meta_path.insert(0, _WithoutPandas)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_OUTPUT, _OUTPUT))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS + 1))  # the first ends it, and tells the parent why
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump(_answer(json.load(sys.stdin)), sys.stdout)
