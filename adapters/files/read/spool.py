"""Text cells on disk between the two passes of an import, so that memory does not grow with the file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from adapters.files.grid import Batch, RowNumbers

_NUMBER: Final = "number"


class Spool:
    """An Arrow file of batches: written once, then read any number of times through a memory map."""

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

    def is_unique(self, index: int, excluded: RowNumbers) -> bool:
        """Whether the texts of a column all differ, without the `excluded` rows."""
        columns = []
        for batch in self.batches():
            is_excluded, column = excluded.mask(batch.numbers), batch.columns[index]
            columns.append(column if is_excluded is None else column.filter(pc.invert(is_excluded)))
        whole: Any = pa.chunked_array(columns, pa.string())
        return _ascends(whole) or bool(pc.count_distinct(whole).as_py() == len(whole))


def _ascends(column: Any) -> bool:
    """Whether each text is greater than the one before, as in most lists of numbers. Ends at the first chunk that is not."""
    if column.null_count:
        return False
    last = None
    for chunk in column.chunks:
        if not len(chunk):
            continue
        if last is not None and not pc.less(last, chunk[0]).as_py():
            return False
        if not pc.all(pc.less(chunk.slice(0, len(chunk) - 1), chunk.slice(1)), min_count=0).as_py():
            return False
        last = chunk[-1]
    return True


def read_batches(path: Path) -> Iterator[Batch]:
    """The batches of a finished spool, in order."""
    with pa.memory_map(str(path)) as source:
        reader = pa.ipc.open_file(source)
        for index in range(reader.num_record_batches):
            batch = reader.get_batch(index)
            yield Batch(batch.column(0), batch.columns[1:])
