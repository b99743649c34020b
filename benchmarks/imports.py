"""Importing files: rows a second, processor time and peak memory for each kind, process included: `python -m benchmarks.imports`.

Rounds go over all kinds in turn. Each import is measured by a process of its own, whose children's peak the system states.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import xlsxwriter

from adapters.files.options import ImportOptions
from adapters.files.process import import_bounded
from adapters.kind import ImportLimits
from benchmarks.figures import spread

_ROWS: Final = {"parquet": 1_000_000, "csv": 1_000_000, "jsonl": 200_000, "xlsx": 50_000}
_ROUNDS: Final = 3
_MIB: Final = 1024  # KiB


def main() -> None:
    """Measure and print, or import one file (`--one`) and print its seconds and MiB."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, default=1.0, help="a share of the usual number of rows")
    parser.add_argument("--one", type=Path)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(_import(arguments.one)))
        return
    seconds: dict[str, list[float]] = {kind: [] for kind in _ROWS}
    cpu: dict[str, list[float]] = {kind: [] for kind in _ROWS}
    memory: dict[str, list[float]] = {kind: [] for kind in _ROWS}
    with TemporaryDirectory() as directory:
        paths = {kind: _write(Path(directory), kind, int(rows * arguments.rows)) for kind, rows in _ROWS.items()}
        for _ in range(_ROUNDS):
            for kind, path in paths.items():
                command = [sys.executable, "-m", "benchmarks.imports", "--one", str(path)]
                result = subprocess.run(command, capture_output=True, check=True, text=True)
                measured = json.loads(result.stdout)
                seconds[kind].append(measured["seconds"])
                cpu[kind].append(measured["cpu"])
                memory[kind].append(measured["mib"])
    for kind, rows in _ROWS.items():
        speed = spread([rows * arguments.rows / duration for duration in seconds[kind]], 0)
        print(f"{kind:>8}: rows/s {speed}; CPU s {spread(cpu[kind])}; peak MiB {max(memory[kind]):.0f}")


def _import(path: Path) -> dict[str, float]:
    with TemporaryDirectory() as directory:
        before = time.perf_counter()
        import_bounded(path, Path(directory), ImportOptions(), ImportLimits())
        seconds = time.perf_counter() - before
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"seconds": seconds, "cpu": child.ru_utime + child.ru_stime, "mib": child.ru_maxrss / _MIB}


def _table(rows: int) -> pa.Table:
    columns: dict[str, Any] = {
        "编号": [f"P{number:09}" for number in range(rows)],
        "姓名": [f"人{number % 5_000}" for number in range(rows)],
        "工资": [number * 37 % 100_000 / 100 for number in range(rows)],
        "年龄": [number % 90 for number in range(rows)],
        "入职": [f"20{number % 24:02}-{number % 12 + 1:02}-{number % 28 + 1:02}" for number in range(rows)],
    }
    return pa.table(columns)


def _write(directory: Path, kind: str, rows: int) -> Path:
    """A table of five columns as a file of a kind."""
    table, path = _table(rows), directory / f"people.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
    elif kind == "csv":
        pa_csv.write_csv(table, path)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist()))
    else:
        with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate([table.column_names, *zip(*table.to_pydict().values(), strict=True)]):
                sheet.write_row(number, 0, row)
    return path


if __name__ == "__main__":
    main()
