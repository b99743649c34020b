"""Text cells on disk between the two passes of an import, so that a file of any length needs little memory."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters.files.grid import Batch

_NUMBER: Final = "number"


class Odd:
    """The numbers of rows that are no records. They may be many, so that each batch is only compared with those near it."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._sorted = array("q", sorted(numbers))

    def among(self, numbers: Any) -> Any:
        """Which of some ascending numbers are among them; None where none is."""
        if not len(numbers):
            return None
        start = bisect_left(self._sorted, numbers[0].as_py())
        end = bisect_right(self._sorted, numbers[-1].as_py())
        return pc.is_in(numbers, pa.array(self._sorted[start:end], pa.int64())) if start < end else None


class Spool:
    """An Arrow file of batches, written once and then read as often as needed, mapped into memory."""

    def __init__(self, path: Path, width: int) -> None:
        types: dict[str, pa.DataType] = {
            _NUMBER: pa.int64(),
            **dict.fromkeys((f"c{n}" for n in range(width)), pa.string()),
        }
        self._schema = pa.schema(types)
        self._path = path
        self._writer: Any = pa.ipc.new_file(str(path), self._schema)
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Append a batch."""
        self.rows += len(batch.numbers)
        self._writer.write_batch(pa.RecordBatch.from_arrays([batch.numbers, *batch.columns], schema=self._schema))

    def finish(self) -> None:
        """Close for writing."""
        self._writer.close()

    def batches(self) -> Iterator[Batch]:
        """All batches, in order."""
        return read_batches(self._path)

    def is_unique(self, index: int, odd: Odd) -> bool:
        """Whether no text of a column comes twice, the rows numbered in `odd` left out."""
        columns = []
        for batch in self.batches():
            is_odd, column = odd.among(batch.numbers), batch.columns[index]
            columns.append(column if is_odd is None else column.filter(pc.invert(is_odd)))
        whole: Any = pa.chunked_array(columns, pa.string())
        return bool(pc.count_distinct(whole).as_py() == len(whole))


def read_batches(path: Path) -> Iterator[Batch]:
    """The batches of a finished spool, in order."""
    with pa.memory_map(str(path)) as source:
        reader = pa.ipc.open_file(source)
        for index in range(reader.num_record_batches):
            batch = reader.get_batch(index)
            yield Batch(batch.column(0), batch.columns[1:])
