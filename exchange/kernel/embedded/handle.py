"""A process's hold on the embedded server, which processes of one data directory share.

Every holder has a shared lock on the server's directory, which ends with its process, however that ends. The last holder
that lets go stops the server. Starting and stopping happen under a lock in the data directory, so two users of a machine
share nothing.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import asyncpg

from exchange.kernel.database import DATABASE, arguments
from exchange.kernel.embedded import serverlog
from exchange.kernel.embedded.postmaster import Postmaster

_LOCK = "postgres.lock"


class Embedded:
    """A PostgreSQL server in the data directory, shared by every process that opens it. Raises DatabaseNotStarted."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._data = data.resolve()
        self._thread_lock = threading.Lock()
        self._hold: int | None = None
        with self._locked():
            self._postmaster = Postmaster(self._data / "postgres")
            self._postmaster.initialise()
            hold = os.open(self._postmaster.directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(hold, fcntl.LOCK_SH)
                self._postmaster.start()
            except BaseException:
                os.close(hold)
                raise
            self._hold = hold

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock under which the server is started and stopped."""
        with self._thread_lock:
            lock = os.open(self._data / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)

    def url(self, database: str = DATABASE) -> str:
        """The URL of one of its databases."""
        return f"postgresql://postgres:@/{database}?host={quote(self.socket)}"

    @property
    def socket(self) -> str:
        """The directory of its Unix socket."""
        return str(self._postmaster.socket)

    async def create(self, database: str = DATABASE) -> None:
        """Create a database unless it exists."""
        connection = await asyncpg.connect(**arguments(self.url("postgres")))
        try:
            await connection.execute(f'CREATE DATABASE "{database}"')
        except asyncpg.DuplicateDatabaseError:
            pass
        finally:
            await connection.close()

    def is_running(self) -> bool:
        """Whether the server runs."""
        return self._postmaster.is_running()

    def revive(self) -> bool:
        """Start the server again if it has ended, at the same address; returns whether it had. Raises DatabaseNotStarted."""
        with self._locked():
            if self._hold is None or self._postmaster.is_running():
                return False
            self._postmaster.start()
            return True

    def rotate_log(self) -> None:
        """Keep the server's log within its bounds."""
        serverlog.rotate(self._postmaster.directory)

    def close(self) -> None:
        """Let the server go; the last process to let go stops it. Idempotent."""
        with self._locked():
            hold, self._hold = self._hold, None
            if hold is None:
                return
            try:
                fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._postmaster.stop()
            except BlockingIOError:
                self._postmaster.leave()
            finally:
                os.close(hold)
