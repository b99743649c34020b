"""Arrow tables and pandas data frames, where pyarrow or pandas is installed.

Both libraries are large and optional, and a system that fetches JSON does not need them. So they are imported by name
when they are used.
"""

import importlib
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def load(name: str) -> Any:
    """Import an optional library. Raises ImportError that names the package to install."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise ImportError(f"this needs the package {package}: pip install {package}") from error


def table_of_stream(content: bytes | Path) -> Any:
    """A pyarrow.Table from an Arrow IPC stream."""
    ipc = load("pyarrow.ipc")
    source = io.BytesIO(content) if isinstance(content, bytes) else load("pyarrow").memory_map(str(content))
    with source, ipc.open_stream(source) as reader:
        return reader.read_all()


def table_of_csv(content: bytes | Path) -> Any:
    """A pyarrow.Table from CSV with a header. All columns are strings, since CSV has no types and 0571 is no number."""
    csv = load("pyarrow.csv")
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        names = csv.open_csv(file).schema.names
        file.seek(0)
        types = dict.fromkeys(names, load("pyarrow").string())
        # Missing is an empty cell, and text such as "NA" a value. In an answer of one field the empty cell is quoted.
        options = csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=len(names) == 1,
        )
        return csv.read_csv(file, convert_options=options)


def table_of_rows(rows: Iterable[Mapping[str, Any]], names: list[str] | None) -> Any:
    """A pyarrow.Table from rows. `names` are its columns where there is no row."""
    pyarrow = load("pyarrow")
    listed = list(rows)
    if listed or not names:
        return pyarrow.Table.from_pylist(listed)
    return pyarrow.table({name: pyarrow.array([], pyarrow.null()) for name in names})
