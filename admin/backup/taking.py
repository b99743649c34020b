"""Take a backup, while the exchange is served or not: everything in it is of one moment of the ledger."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg

from admin import database
from admin.backup import files, programs
from admin.backup.manifest import DUMP, FILES, Manifest, digest_of
from admin.data_directory import DataDirectory
from admin.terminal import CannotDo
from exchange import __version__
from exchange.kernel.clock import Clock, rfc3339
from exchange.migrations import commands
from exchange.settings import Settings
from ledger.log.head import read_head


def take(directory: DataDirectory, backup: Path, *, keys: Path | None) -> Manifest:
    """Write a backup into a new directory, and mirror the keys into `keys`. Raises CannotDo.

    Snapshots are never changed, and are copied before and after the dump: a source in the dump has its snapshot. The
    manifest comes last, so a backup that was broken off is none.
    """
    settings = directory.settings()
    if backup.absolute().is_relative_to(directory.path.absolute()):
        raise CannotDo(f"{backup} is in the data directory", hint="a backup belongs on another medium")
    files.empty_or_new(backup)
    try:
        with database.running(settings) as url:
            _copy_files(settings.data, backup)
            point = asyncio.run(_dump(settings, url, backup / DUMP))
            _copy_files(settings.data, backup)
        if keys is not None:
            files.mirror_keys(settings.data / "keys", keys)
        digests = {
            str(path.relative_to(backup)): digest_of(path) for path in sorted(backup.rglob("*")) if path.is_file()
        }
        manifest = Manifest(**point, digests=digests)
        manifest.write(backup)
    except BaseException:
        files.remove(backup)
        raise
    return manifest


def _copy_files(data: Path, backup: Path) -> None:
    for name in files.files_of(data):
        target = backup / FILES / name
        if not target.exists():
            with suppress(FileNotFoundError):  # a withdrawn source's snapshot goes at any time
                files.copy(data / name, target)


async def _dump(settings: Settings, url: str, file: Path) -> dict[str, Any]:
    """Dump the database as its owner; returns the point of the ledger at which it is."""
    owner = settings.owner_database_url.get_secret_value() if settings.owner_database_url else url
    revision = await commands.current(owner)
    async with database.connected(owner) as connection:
        server = connection.get_server_version().major
        if server > (ours := await asyncio.to_thread(programs.version)):
            raise CannotDo(
                f"the server is PostgreSQL {server}, and the programs of this installation are of {ours}",
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
