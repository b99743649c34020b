"""The witness's state, in SQLite: the logs it trusts, and the newest checkpoint it cosigned of each.

Comparing the old size and storing the new checkpoint is one exclusive transaction, across processes: otherwise a slower
request could take the witness back to a smaller tree. A commit is durable.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from groundwork import durable
from ledger.format import merkle, note
from ledger.format.cosignature import Cosigner, parse_key

_PATIENCE = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    origin TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS log_key (
    origin TEXT NOT NULL REFERENCES log (origin),
    vkey TEXT NOT NULL,
    PRIMARY KEY (origin, vkey)
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest cosigned checkpoint of a log; size 0 before the first. `note` is what monitors see."""

    size: int
    root: bytes
    note: str | None


class State:
    """The database of one witness, for use by the thread that opens it."""

    def __init__(self, path: Path) -> None:
        # SQLite would create the file readable for others, and not sync its directory.
        durable.write(path, b"", exclusive=True)
        self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """An exclusive transaction, durable when the block ends."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def trust(self, origin: str, key: note.Verifier | Cosigner) -> None:
        """Trust a log by a key, in addition to its other keys."""
        with self.exclusively():
            self._connection.execute(
                "INSERT INTO log (origin, size, root) VALUES (?, 0, ?) ON CONFLICT DO NOTHING",
                (origin, merkle.EMPTY_ROOT),
            )
            self._connection.execute(
                "INSERT INTO log_key (origin, vkey) VALUES (?, ?) ON CONFLICT DO NOTHING", (origin, key.vkey)
            )

    def keys(self, origin: str) -> list[note.Verifier | Cosigner]:
        """The keys of a log; none if the witness does not trust it."""
        rows = self._connection.execute("SELECT vkey FROM log_key WHERE origin = ? ORDER BY vkey", (origin,))
        return [parse_key(vkey) for (vkey,) in rows.fetchall()]

    def newest(self, origin: str) -> Newest:
        """The newest cosigned checkpoint of a log. Raises LookupError if the witness does not trust it."""
        row = self._connection.execute("SELECT size, root, note FROM log WHERE origin = ?", (origin,)).fetchone()
        if row is None:
            raise LookupError(origin)
        return Newest(*row)

    def replace(self, origin: str, newest: Newest) -> None:
        """Store a log's newest checkpoint. Only within `exclusively`."""
        self._connection.execute(
            "UPDATE log SET size = ?, root = ?, note = ? WHERE origin = ?",
            (newest.size, newest.root, newest.note, origin),
        )

    def all(self) -> list[tuple[str, Newest]]:
        """All logs, by origin."""
        rows = self._connection.execute("SELECT origin, size, root, note FROM log ORDER BY origin").fetchall()
        return [(origin, Newest(size, root, text)) for origin, size, root, text in rows]


@contextmanager
def open_state(path: Path) -> Iterator[State]:
    """The state, for the time of a command."""
    with closing(State(path)) as state:
        yield state
