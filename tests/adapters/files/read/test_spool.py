"""Text cells on disk: whether a column's texts all differ, in ascending order or not, across batches."""

from pathlib import Path

import pyarrow as pa
import pytest

from adapters.files.grid import Batch, RowNumbers
from adapters.files.read.spool import Spool


def spooled(path: Path, batches: list[list[str]]) -> Spool:
    spool = Spool(path / "cells.arrow", 1)
    number = 1
    for cells in batches:
        spool.add(Batch(pa.array(range(number, number + len(cells)), pa.int64()), [pa.array(cells, pa.string())]))
        number += len(cells)
    spool.finish()
    return spool


@pytest.mark.parametrize(
    ("batches", "is_unique"),
    [
        ([["a", "b"], [], ["c"]], True),
        ([["b", "a"], ["c"]], True),
        ([["b"], ["a"]], True),
        ([["a", "b"], ["b", "c"]], False),
        ([["a", "a"]], False),
        ([["b", "c"], ["a", "b"]], False),
        ([["1", "10", "2"], ["20"]], True),
        ([[""], ["一"], ["丁"]], True),
        ([[]], True),
    ],
)
def test_a_column_is_unique_in_any_order(tmp_path: Path, batches: list[list[str]], is_unique: bool) -> None:  # noqa: FBT001
    assert spooled(tmp_path, batches).is_unique(0, RowNumbers([])) is is_unique


def test_rows_left_out_do_not_count(tmp_path: Path) -> None:
    assert spooled(tmp_path, [["a", "b"], ["b", "c"]]).is_unique(0, RowNumbers([3]))
