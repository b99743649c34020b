"""Parse workbooks in a process of their own, with limits on its memory, time and output.

A sheet with one stray cell in its last corner, or with a damaged length, makes the parser request more memory than there
is, and then its process dies: that must not be the exchange. Half a minute of parsing must not slow requests down either.

A small file can expand enormously: an archive to a thousand times its size, whatever sizes it declares, and one shared
text to a million cells. So unpacked bytes and written cells are counted, and the system's limits cover the rest.
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
_CELLS: Final = _GIB  # bytes of text in cells
_OUTPUT: Final = _CELLS + 2**26  # with the overhead of the file format
_SECONDS: Final = 120
_REMEDY: Final = "; save the table alone, without stray cells and long texts, or as CSV"


def read_in_process(path: Path, options: ImportOptions, directory: Path) -> Grid:
    """Read one sheet in another process. Its cells are in a file in `directory` until the grid has been read.

    Raises SourceError as `read_workbook` does, and too-large if the process reaches one of its limits.
    """
    cells = directory / "sheet.arrow"
    # The parser trusts the suffix, which can be wrong: a new workbook saved over an old one keeps its name.
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
    answer = _run(request)
    if "error" in answer:
        raise SourceError(**answer["error"])
    return Grid(
        answer["names"],
        read_batches(cells),
        kinds=[CellKind(kind) for kind in answer["kinds"]],
        notes=[Note(**note) for note in answer["notes"]],
        single_cells=set(answer["single_cells"]),
        has_titles=answer["has_titles"],
        counts_days=True,
    )


def _run(request: str) -> dict[str, Any]:
    """Run the other process and return its answer. Raises SourceError too-large if it ends without one."""
    root = Path(__file__).parents[__name__.count(".")]  # the directory that holds the package `adapters`
    environment = {**os.environ, "PYTHONPATH": str(root)}
    too_slow = SourceError("too-large", f"the sheet takes more than {_SECONDS} seconds to read{_REMEDY}")
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
            "too-large", f"the sheet spans too many cells to be read in {_MEMORY // _GIB} GiB of memory{_REMEDY}"
        ) from None
    return answer


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """In the other process: read the sheet, spool its cells, return the rest."""
    options = ImportOptions(sheet=request["sheet"], header_row=request["header_row"], max_bytes=request["max_bytes"])
    try:
        check_unpacked(Path(request["path"]), options)
        grid = read_workbook(Path(request["path"]), options)
        spool = Spool(Path(request["cells"]), len(grid.names))
        written = 0
        for batch in grid.batches:
            written += sum(column.nbytes for column in batch.columns)
            if written > _CELLS:
                raise SourceError("too-large", f"the cells of the sheet hold more than {_CELLS // _GIB} GiB{_REMEDY}")
            spool.add(batch)
        spool.finish()
    except SourceError as error:
        return {"error": {"code": error.code, "detail": error.detail, "where": error.where}}
    return {
        "names": grid.names,
        "kinds": [kind.value for kind in grid.kinds or ()],
        "notes": [asdict(note) for note in grid.notes],
        "single_cells": sorted(grid.single_cells),
        "has_titles": grid.has_titles,
    }


class _WithoutPandas:
    """Hides pandas: pyarrow would import it to recognise its arrays, which takes longer than reading."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


if __name__ == "__main__":
    sys.meta_path.insert(0, _WithoutPandas)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_OUTPUT, _OUTPUT))
    resource.setrlimit(
        resource.RLIMIT_CPU, (_SECONDS, _SECONDS + 1)
    )  # the first ends it by a signal that the parent recognises
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump(_answer(json.load(sys.stdin)), sys.stdout)
