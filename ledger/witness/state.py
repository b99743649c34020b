"""What a witness remembers: the logs it was told of and the newest checkpoint it cosigned of each, in SQLite.

Comparing the old size and keeping the new checkpoint is one transaction that excludes all others, of other processes
too: otherwise a slower request could take the witness back to a smaller tree. What was committed is on the disk.
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
class Standing:
    """The newest checkpoint of a log that was cosigned; size 0 before the first. `note` is as it is shown to monitors."""

    size: int
    root: bytes
    note: str | None


class State:
    """The database of one witness. A connection belongs to the thread that opened it."""

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
        """One transaction, before which no other begins to write until it has ended; durable when the block ends."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def trust(self, origin: str, key: note.Verifier | Cosigner) -> None:
        """Witness a log under a key, besides those that it has already."""
        with self.exclusively():
            self._connection.execute(
                "INSERT INTO log (origin, size, root) VALUES (?, 0, ?) ON CONFLICT DO NOTHING",
                (origin, merkle.EMPTY_ROOT),
            )
            self._connection.execute(
                "INSERT INTO log_key (origin, vkey) VALUES (?, ?) ON CONFLICT DO NOTHING", (origin, key.vkey)
            )

    def keys(self, origin: str) -> list[note.Verifier | Cosigner]:
        """The keys of a log; none for a log that the witness was not told of."""
        rows = self._connection.execute("SELECT vkey FROM log_key WHERE origin = ? ORDER BY vkey", (origin,))
        return [parse_key(vkey) for (vkey,) in rows.fetchall()]

    def standing(self, origin: str) -> Standing:
        """The newest checkpoint of a log that the witness was told of. Raises LookupError for another."""
        row = self._connection.execute("SELECT size, root, note FROM log WHERE origin = ?", (origin,)).fetchone()
        if row is None:
            raise LookupError(origin)
        return Standing(*row)

    def keep(self, origin: str, standing: Standing) -> None:
        """Put a newer checkpoint in the place of a log's newest; within `exclusively`."""
        self._connection.execute(
            "UPDATE log SET size = ?, root = ?, note = ? WHERE origin = ?",
            (standing.size, standing.root, standing.note, origin),
        )

    def all(self) -> list[tuple[str, Standing]]:
        """All logs, by origin."""
        rows = self._connection.execute("SELECT origin, size, root, note FROM log ORDER BY origin").fetchall()
        return [(origin, Standing(size, root, text)) for origin, size, root, text in rows]


@contextmanager
def opened(path: Path) -> Iterator[State]:
    """The state for as long as a command runs."""
    with closing(State(path)) as state:
        yield state
