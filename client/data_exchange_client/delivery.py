"""A delivery: verified content in memory or in a file, and ways to read it."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from data_exchange_client import frames
from data_exchange_client.connection import Stream
from data_exchange_client.errors import ResponseUntrusted
from data_exchange_client.evidence import Evidence
from groundwork import durable
from signatures.digests import digest_field

_CHUNK = 1 << 20

Format = Literal["json", "ndjson", "csv", "arrow"]

MEDIA_TYPES: Final[Mapping[Format, str]] = MappingProxyType(
    {
        "json": "application/json",
        "ndjson": "application/x-ndjson",
        "csv": "text/csv",
        "arrow": "application/vnd.apache.arrow.stream",
    }
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Delivered data with a verified signature and digest.

    `content` holds the bytes, or is the file that holds them; `repr` leaves it out, so that no data of people gets into
    logs, notebooks and tracebacks. `entry` is the ledger index of the delivery, `next` the
    cursor of the next page, `content_digest` has the form of RFC 9530. Keep `evidence` to prove later what was delivered.
    """

    format: Format
    content: bytes | Path = field(repr=False)
    content_digest: str
    delivery: str | None
    entry: int | None
    next: str | None
    evidence: Evidence

    @property
    def completed_entry(self) -> int | None:
        """The ledger index of the entry that ended a stream; None if this was no stream."""
        if self.evidence.completion is None:
            return None
        entry = json.loads(self.evidence.completion).get("entry")
        return entry if isinstance(entry, int) else None

    @property
    def is_cut_by_row_cap(self) -> bool | None:
        """Whether more rows match than the row cap lets out; None where an earlier exchange does not state it."""
        if self.evidence.completion is not None:
            is_cut = json.loads(self.evidence.completion).get("cut_by_row_cap")
            return is_cut if isinstance(is_cut, bool) else None
        return {"?1": True, "?0": False}.get(self.evidence.fields.get("exchange-cut-by-row-cap", ""))

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows as dictionaries. In CSV every value is a string; in JSON decimals and times are strings."""
        if self.format == "json":
            yield from self.document()["rows"]
        elif self.format == "ndjson":
            with self._binary() as lines:
                for line in lines:
                    yield json.loads(line)
        elif self.format == "csv":
            with self._binary() as lines, io.TextIOWrapper(lines, encoding="utf-8", newline="") as text:
                yield from csv.DictReader(text)
        else:
            for batch in self.arrow().to_batches(max_chunksize=10_000):
                yield from batch.to_pylist()

    def arrow(self) -> Any:
        """The data as a pyarrow.Table; needs pyarrow. Only the format `arrow` has the exchange's types."""
        if self.format == "arrow":
            return frames.table_of_stream(self.content)
        if self.format == "csv":
            return frames.table_of_csv(self.content)
        names = self.document().get("fields") if self.format == "json" else None
        return frames.table_of_rows(self.rows(), names)

    def pandas(self) -> Any:
        """The data as a pandas.DataFrame; needs pandas and pyarrow."""
        frames.load("pandas")
        return self.arrow().to_pandas()

    def csv(self, path: Path | str) -> None:
        """Write the data as CSV in UTF-8 with a header; missing values are empty. Raises OSError."""
        if self.format == "csv":
            self.save(path)
            return
        names: list[str] | None = self.document().get("fields") if self.format == "json" else None
        with durable.replacing(Path(path), mode=0o666) as draft:
            text = _Text(draft)
            writer: csv.DictWriter[str] | None = None
            if names:
                writer = csv.DictWriter(text, names, lineterminator="\n")
                writer.writeheader()
            for row in self.rows():
                if writer is None:
                    writer = csv.DictWriter(text, list(row), lineterminator="\n")
                    writer.writeheader()
                writer.writerow(row)

    def save(self, path: Path | str) -> None:
        """Write the content, byte for byte. Raises OSError."""
        with self._binary() as source, durable.replacing(Path(path), mode=0o666) as draft:
            while chunk := source.read(_CHUNK):
                draft.write(chunk)

    def document(self) -> dict[str, Any]:
        """The document of a delivery in JSON, with `fields` and `rows`. Raises ResponseUntrusted for another content."""
        text = self.content if isinstance(self.content, bytes) else self.content.read_bytes()
        try:
            document = json.loads(text)
        except ValueError as error:
            raise ResponseUntrusted("the delivery is not JSON") from error
        if not isinstance(document, dict) or not isinstance(document.get("rows"), list):
            raise ResponseUntrusted("the delivery has no rows")
        return document

    def _binary(self) -> Any:
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")


@dataclass(frozen=True, slots=True)
class Received:
    """Content that was received and is not verified yet: its digest and its size in bytes.

    `content` is empty where the content went to a file.
    """

    content: bytes = field(repr=False)
    sha256: bytes
    size: int

    @property
    def content_digest(self) -> str:
        """The digest in the form of RFC 9530."""
        return digest_field(self.sha256)


def receive(stream: Stream, draft: durable.Draft | None) -> Received:
    """Read a stream into a file, or into memory where there is none, hashing on the way."""
    digest = hashlib.sha256()
    size = 0
    content = bytearray()
    for chunk in stream.chunks:
        digest.update(chunk)
        size += len(chunk)
        if draft is None:
            content += chunk
        else:
            draft.write(chunk)
    return Received(bytes(content), digest.digest(), size)


class _Text:
    """A file for text, in UTF-8."""

    def __init__(self, draft: durable.Draft) -> None:
        self._draft = draft

    def write(self, text: str) -> None:
        self._draft.write(text.encode())
