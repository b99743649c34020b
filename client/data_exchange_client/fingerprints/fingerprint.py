"""Fingerprints: made of a table in flat memory, written to a file of one's own, and read again.

Each row has a digest of 16 bytes, keyed with a salt of the fingerprint, over its values in the order of the columns'
names: neither the order of rows nor that of columns matters. The digests are sorted into 256 partitions by their first
byte, and each partition has a Merkle root (RFC 6962). Of each column a sample of values is kept: the 256 smallest keyed
digests of 8 bytes. The head, a JSON line, has schema, counts, roots, samples and the salt; its SHA-256 is what is
deposited. The digests of rows follow it. Who holds the file can try guessed rows; who knows the head's digest learns
nothing.
"""

import hashlib
import heapq
import json
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from data_exchange_client.fingerprints.rows import Row, TableUnreadable, open_table
from groundwork import durable
from ledger.format import canonical, merkle

FORMAT: Final = "data-exchange/fingerprint/1"
ROW_BYTES: Final = 16
PARTITIONS: Final = 256
SAMPLE: Final = 256
_VALUE_BYTES: Final = 8
_LONGEST_HEAD: Final = 32 << 20
_EMPTY: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a fingerprint: `columns` has the samples by column, `partitions` rows and root of each."""

    salt: str
    columns: Mapping[str, tuple[str, ...]]
    partitions: tuple[tuple[int, str], ...]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return sum(rows for rows, _ in self.partitions)

    def line(self) -> bytes:
        """The head as canonical JSON."""
        return canonical.dumps(
            {
                "format": FORMAT,
                "salt": self.salt,
                "columns": {name: list(sample) for name, sample in self.columns.items()},
                "partitions": [[rows, root] for rows, root in self.partitions],
            }
        )

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the head, which is what a registration deposits."""
        return hashlib.sha256(self.line()).hexdigest()


class Digester:
    """Digests of rows and values under a salt."""

    def __init__(self, salt: str, columns: tuple[str, ...]) -> None:
        self._key = bytes.fromhex(salt)
        self._order = sorted(range(len(columns)), key=columns.__getitem__)
        self._names = json.dumps(sorted(columns), ensure_ascii=False).encode()

    def row(self, row: Row) -> bytes:
        """The digest of a row, 16 bytes."""
        text = json.dumps([row[place] for place in self._order], ensure_ascii=False).encode()
        return hashlib.blake2b(self._names + b"\n" + text, key=self._key, digest_size=ROW_BYTES).digest()

    def value(self, column: str, value: str) -> bytes:
        """The digest of a value of a column, 8 bytes."""
        text = json.dumps([column, value], ensure_ascii=False).encode()
        return hashlib.blake2b(text, key=self._key, digest_size=_VALUE_BYTES).digest()


class Smallest:
    """The smallest distinct digests of values."""

    def __init__(self) -> None:
        self._heap: list[int] = []  # negated: the greatest is first
        self._members: set[int] = set()

    def add(self, digest: bytes) -> None:
        """Keep a digest if it is among the smallest."""
        number = int.from_bytes(digest)
        if number in self._members:
            return
        if len(self._heap) < SAMPLE:
            heapq.heappush(self._heap, -number)
        elif number < -self._heap[0]:
            self._members.discard(-heapq.heapreplace(self._heap, -number))
        else:
            return
        self._members.add(number)

    def sample(self) -> tuple[str, ...]:
        """The digests as text, ascending."""
        return tuple(number.to_bytes(_VALUE_BYTES).hex() for number in sorted(self._members))


def make(source: Path, target: Path) -> Head:
    """Make the fingerprint of a table and write it durably. Raises TableUnreadable, OSError."""
    salt = secrets.token_hex(32)
    with open_table(source) as table, tempfile.TemporaryDirectory(dir=target.parent) as directory:
        digester = Digester(salt, table.columns)
        smallest = {name: Smallest() for name in table.columns}

        def digests() -> Iterator[bytes]:
            for row in table.rows:
                for name, value in zip(table.columns, row, strict=True):
                    smallest[name].add(digester.value(name, value))
                yield digester.row(row)

        files = spread(digests(), Path(directory))
        partitions = tuple(_partition(path) for path in files)
        columns = {name: smallest[name].sample() for name in sorted(table.columns)}
        head = Head(salt, columns, partitions)
        with durable.replacing(target) as stream:
            stream.write(head.line() + b"\n")
            for path in files:
                stream.write(b"".join(read_sorted(path)))
    return head


def read(path: Path) -> Head:
    """Read a fingerprint's head, with its digests checked against the roots. Raises TableUnreadable."""
    with open_file(path) as (head, stream):
        for number, (rows, root) in enumerate(head.partitions):
            digests = [stream.read(ROW_BYTES) for _ in range(rows)]
            is_sorted = digests == sorted(digests) and all(digest[:1] == bytes([number]) for digest in digests)
            if not is_sorted or _root(digests) != root:
                raise TableUnreadable(f"{path}: partition {number} does not lead to its root")
        if stream.read(1):
            raise TableUnreadable(f"{path} has more rows than its head states")
    return head


class open_file:  # noqa: N801 - used as a function
    """Open a fingerprint: its head, and the stream of its rows' digests behind it. Raises TableUnreadable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = ExitStack()

    def __enter__(self) -> tuple[Head, BinaryIO]:
        try:
            stream = self._stack.enter_context(self._path.open("rb"))
            return _head(self._path, stream.readline(_LONGEST_HEAD)), stream
        except OSError as error:
            raise TableUnreadable(f"{self._path} cannot be read: {error.strerror}") from error

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def spread(digests: Iterator[bytes], directory: Path) -> list[Path]:
    """Write digests into a file for each first byte, unsorted; returns the files in the order of these bytes."""
    paths = [directory / f"{number:02x}" for number in range(PARTITIONS)]
    with ExitStack() as opened:
        streams = [opened.enter_context(path.open("wb")) for path in paths]
        for digest in digests:
            streams[digest[0]].write(digest)
    return paths


def read_sorted(path: Path) -> list[bytes]:
    """The digests of a file, sorted."""
    content = path.read_bytes()
    return sorted(content[start : start + ROW_BYTES] for start in range(0, len(content), ROW_BYTES))


def _partition(path: Path) -> tuple[int, str]:
    digests = read_sorted(path)
    return len(digests), _root(digests)


def _root(digests: list[bytes]) -> str:
    return merkle.root(merkle.leaf_hash(digest) for digest in digests).hex() if digests else _EMPTY


def _head(path: Path, line: bytes) -> Head:
    try:
        document = json.loads(line)
        head = Head(
            str(document["salt"]),
            {str(name): tuple(map(str, sample)) for name, sample in document["columns"].items()},
            tuple((int(rows), str(root)) for rows, root in document["partitions"]),
        )
        if document["format"] != FORMAT or len(head.partitions) != PARTITIONS or head.line() != line.rstrip(b"\n"):
            raise ValueError("another format")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TableUnreadable(f"{path} is no fingerprint ({FORMAT})") from error
    return head
