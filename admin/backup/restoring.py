"""Restore a backup into a new data directory and an empty database.

The keys come last and found the exchange, so a restore that was broken off can be repeated. The anchor is never restored:
it knows what was signed after the backup. Whether the ledger goes on is what database and anchor say together.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from admin import database
from admin.backup import files, programs
from admin.backup.manifest import DUMP, FILES, Manifest
from admin.data_directory import DataDirectory
from admin.terminal import CannotDo
from exchange.kernel.database import APPLICATION_ROLE
from exchange.settings import Settings
from groundwork import durable
from ledger.log.head import read_head


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored exchange: what the backup held, and why its ledger does not go on, or None where it does."""

    manifest: Manifest
    not_continued: str | None
    is_current: bool


def restore(backup: Path, directory: DataDirectory, *, keys: Path) -> Restored:
    """Restore a backup and the mirror of its keys. Raises CannotDo, which says what is missing or in the way."""
    manifest = Manifest.read(backup)
    if directory.is_founded:
        raise CannotDo(f"{directory.path} has an exchange", hint="name a new directory with --data")
    if not (keys / "seal.key").is_file():
        raise CannotDo(f"{keys} is not a mirror of keys: it has no seal.key", hint="exchange backup --keys makes one")
    manifest.check(backup)
    durable.make_directory(directory.path)
    for name in files.files_of(backup / FILES):
        if not (directory.path / name).exists():  # the settings of this machine are kept
            files.copy(backup / FILES / name, directory.path / name)
    settings = directory.new_settings()
    with database.running(settings) as url:
        owner = settings.owner_database_url.get_secret_value() if settings.owner_database_url else url
        asyncio.run(_prepare(owner, manifest))
        if asyncio.run(_head(owner)) is None:
            programs.restore(owner, backup / DUMP)
        if asyncio.run(_head(owner)) != (manifest.size, manifest.head):
            raise CannotDo(
                "the database does not have the entries that the backup names", hint="name an empty database"
            )
        asyncio.run(database.admit(url, owner=owner))
        state = database.read_state(url, settings)
        files.mirror_keys(keys, settings.data / "keys")
    return Restored(manifest, state.not_continued, state.is_current)


async def _prepare(owner: str, manifest: Manifest) -> None:
    """Check the server, and make the role that a dump does not have. Raises CannotDo."""
    async with database.connected(owner) as connection:
        server = connection.get_server_version().major
        if server < manifest.server:
            raise CannotDo(
                f"the backup is of PostgreSQL {manifest.server}, and this server is {server}",
                hint=f"restore into PostgreSQL {manifest.server} or newer",
            )
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", APPLICATION_ROLE):
            await connection.execute(f"CREATE ROLE {APPLICATION_ROLE} NOLOGIN")


async def _head(owner: str) -> tuple[int, str] | None:
    """The number of entries and the hash of the last; None in an empty database."""
    async with database.connected(owner) as connection:
        try:
            head = await read_head(connection)
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            return None
    return head.size, head.prev.hex()


def next_step(restored: Restored, settings: Settings) -> str:
    """The next act after a restore, in a sentence."""
    if not restored.is_current:
        return "Bring the database up to date: exchange database upgrade"
    if restored.not_continued is None:
        return "The ledger goes on where the anchor left it: exchange serve"
    return (
        f"The ledger is halted: {restored.not_continued}. If the anchor's medium is elsewhere, name it as ledger_anchor in "
        f"{settings.data / 'exchange.toml'}. If entries were signed after the backup and no newer copy of the database exists: "
        "exchange ledger new-incarnation"
    )
