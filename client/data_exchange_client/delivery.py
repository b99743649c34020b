"""What was delivered: verified content, in memory or in a file, and the ways to read it."""

import csv
import hashlib
import io
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from data_exchange_client import frames
from data_exchange_client.connection import Stream
from data_exchange_client.errors import ResponseUntrusted
from data_exchange_client.evidence import Evidence
from signatures.digests import digest_field

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
    """Delivered data whose signature and digest were verified.

    `content` is the bytes as they came, or the file they were written to. `entry` is the ledger index of the delivery,
    `next` the cursor of the following page, `content_digest` as RFC 9530 writes it. Keep `evidence` to prove later what
    was delivered.
    """

    format: Format
    content: bytes | Path
    content_digest: str
    delivery: str | None
    entry: int | None
    next: str | None
    evidence: Evidence

    @property
    def completed_entry(self) -> int | None:
        """The ledger index of the entry that ended a stream; None for an answer that was no stream."""
        if self.evidence.completion is None:
            return None
        entry = json.loads(self.evidence.completion).get("entry")
        return entry if isinstance(entry, int) else None

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows, one dictionary each. In CSV every value is a string; JSON has decimals and times as strings."""
        if self.format == "json":
            yield from self._document()["rows"]
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
        """The data as a pyarrow.Table; needs pyarrow. Only the format `arrow` carries the exchange's types."""
        if self.format == "arrow":
            return frames.table_of_stream(self.content)
        if self.format == "csv":
            return frames.table_of_csv(self.content)
        names = self._document().get("fields") if self.format == "json" else None
        return frames.table_of_rows(self.rows(), names)

    def pandas(self) -> Any:
        """The data as a pandas.DataFrame; needs pandas and pyarrow."""
        frames.load("pandas")
        return self.arrow().to_pandas()

    def csv(self, path: Path | str) -> None:
        """Write the data as CSV in UTF-8 with a header; missing values are empty."""
        if self.format == "csv":
            self._copy(Path(path))
            return
        names: list[str] | None = self._document().get("fields") if self.format == "json" else None
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            writer: csv.DictWriter[str] | None = None
            if names:
                writer = csv.DictWriter(file, names, lineterminator="\n")
                writer.writeheader()
            for row in self.rows():
                if writer is None:
                    writer = csv.DictWriter(file, list(row), lineterminator="\n")
                    writer.writeheader()
                writer.writerow(row)

    def save(self, path: Path | str) -> None:
        """Write the content as it came."""
        self._copy(Path(path))

    def _document(self) -> dict[str, Any]:
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

    def _copy(self, path: Path) -> None:
        with self._binary() as source, path.open("wb") as target:
            while chunk := source.read(1 << 20):
                target.write(chunk)


@dataclass(frozen=True, slots=True)
class Received:
    """Content that was read to its end but not yet compared: where it lies, its digest and its size in bytes."""

    content: bytes | Path
    sha256: bytes
    size: int

    @property
    def content_digest(self) -> str:
        """The digest as RFC 9530 writes it."""
        return digest_field(self.sha256)


def receive(stream: Stream, draft: Path | None) -> Received:
    """Read a stream into memory, or into a new file of mode 0600, hashing on the way."""
    digest = hashlib.sha256()
    size = 0
    if draft is None:
        content = bytearray()
        for chunk in stream.chunks:
            digest.update(chunk)
            content += chunk
        return Received(bytes(content), digest.digest(), len(content))
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        for chunk in stream.chunks:
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return Received(draft, digest.digest(), size)


def draft_of(target: Path) -> Path:
    """A name beside the target for content that is not verified yet."""
    return target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
