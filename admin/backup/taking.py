"""Take a backup, while the exchange is served or not: everything in it is of one moment of the ledger."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import asyncpg

from admin import database
from admin.backup import files, programs
from admin.backup.manifest import DUMP, FILES, Manifest, digest_of
from admin.configuration import served
from admin.data_directory import DataDirectory
from admin.terminal import CannotDo
from exchange import __version__
from exchange.kernel.clock import Clock, rfc3339
from exchange.migrations import commands
from exchange.settings import Settings
from ledger.log.head import read_head

_UNREADABLE: Final = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
  AND NOT (has_schema_privilege(n.oid, 'USAGE') AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
                                                         ELSE has_table_privilege(c.oid, 'SELECT') END)
ORDER BY 1 LIMIT 1
"""


def take(directory: DataDirectory, backup: Path, *, keys: Path | None) -> Manifest:
    """Write a backup into a new directory, and mirror the keys into `keys`. Raises CannotDo.

    Snapshots are never changed, and are copied before and after the dump: a source in the dump has its snapshot. The
    manifest comes last, so a backup that was broken off is none.
    """
    settings = _settings(directory)
    if backup.absolute().is_relative_to(directory.path.absolute()):
        raise CannotDo(f"{backup} is in the data directory", hint="a backup belongs on another medium")
    with database.running(settings) as url:
        owner = settings.owner_database_url.get_secret_value() if settings.owner_database_url else url
        asyncio.run(_require_dumpable(owner))
        files.empty_or_new(backup)
        try:
            _copy_files(settings.data, backup)
            point = asyncio.run(_dump(settings, owner, backup / DUMP))
            _copy_files(settings.data, backup)
            return _complete(settings, backup, point, keys=keys)
        except BaseException:
            files.remove(backup)
            raise


def _settings(directory: DataDirectory) -> Settings:
    """The settings of the database to dump. What else was changed weakens nothing in a backup. Raises CannotDo."""
    data = directory.path.absolute()
    settings, _ = served.settings_and_differences(data)
    if (before := served.recall(data)) is not None:
        served.require_same_database(before, settings)
    return settings


def _complete(settings: Settings, backup: Path, point: dict[str, Any], *, keys: Path | None) -> Manifest:
    if keys is not None:
        files.mirror_keys(settings.data / "keys", keys)
    digests = {str(path.relative_to(backup)): digest_of(path) for path in sorted(backup.rglob("*")) if path.is_file()}
    manifest = Manifest(**point, digests=digests)
    manifest.write(backup)
    return manifest


def _copy_files(data: Path, backup: Path) -> None:
    for name in files.files_of(data):
        target = backup / FILES / name
        if not target.exists():
            with suppress(FileNotFoundError):  # a withdrawn source's snapshot goes at any time
                files.copy(data / name, target)


async def _require_dumpable(owner: str) -> None:
    """Raise CannotDo where the login may not read all that a dump has, as the server's own may not."""
    async with database.connected(owner) as connection:
        unreadable = await connection.fetchval(_UNREADABLE)
        login = await connection.fetchval("SELECT quote_ident(session_user)")
    if unreadable is not None:
        raise CannotDo(
            f"the login {login} may not read {unreadable}, and a dump needs every table and sequence; nothing was written",
            hint="set EXCHANGE_OWNER_DATABASE_URL (owner_database_url in exchange.toml) to the login that owns the tables",
        )


async def _dump(settings: Settings, owner: str, file: Path) -> dict[str, Any]:
    """Dump the database as its owner; returns the point of the ledger at which it is."""
    revision = await commands.current(owner)
    async with database.connected(owner) as connection:
        server = connection.get_server_version().major
        if server > (own_version := await asyncio.to_thread(programs.version)):
            raise CannotDo(
                f"the server is PostgreSQL {server}, and the programs of this installation are of {own_version}",
                hint=f"dump it with pg_dump {server} or newer, as docs/operations/backup.md shows",
            )
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            point = await _point(connection, settings)
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            await asyncio.to_thread(programs.dump, owner, file, snapshot=snapshot)
    return point | {"revision": revision, "server": server}


async def _point(connection: asyncpg.Connection, settings: Settings) -> dict[str, Any]:
    head = await read_head(connection)
    return {
        "at": rfc3339(Clock().now()),
        "version": __version__,
        "origin": settings.origin(head.incarnation),
        "incarnation": head.incarnation,
        "size": head.size,
        "head": head.prev.hex(),
    }
