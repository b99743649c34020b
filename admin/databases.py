"""The database from the operator's side: having it at hand, bringing it up to date, saying how it stands."""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg

from admin.terminal import CannotDo
from exchange.audit import witnesses
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.kernel.keyfiles import KeyFileInvalid
from exchange.kernel.keyring import KeysDiffer, open_keyring
from exchange.kernel.queries import key_marks
from exchange.kernel.settings import Settings
from exchange.kernel.slots import Slots, SlotsMissing
from exchange.migrations import commands
from exchange.subjects.queries import blocks_in_use
from ledger import note, publication, store


@dataclass(frozen=True, slots=True)
class Standing:
    """How a database stands: its revision, how many entries its ledger has, and as whose the first one begins it.

    `uncovered_since` is when the first entry was made that no published checkpoint covers.
    """

    revision: str | None
    entries: int = 0
    origin: str | None = None
    vkey: str | None = None
    key_marks: Mapping[str, str] = field(default_factory=dict)
    slot_blocks: Sequence[int] = ()
    uncovered_since: datetime | None = None

    @property
    def is_current(self) -> bool:
        """Whether it is at the revision that this version needs."""
        return self.revision == commands.newest()


@contextmanager
def at_hand(settings: Settings) -> Iterator[str]:
    """The URL of the database that the settings name; the embedded one runs for as long as it is needed."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    embedded = Embedded(settings.data)
    try:
        asyncio.run(embedded.create())
        yield embedded.url()
    finally:
        embedded.close()


def upgrade(settings: Settings, url: str) -> tuple[str | None, str]:
    """Bring the database at hand to the newest revision, as its owner; gives the one before and the one now."""
    before = asyncio.run(commands.current(url))
    commands.upgrade(settings.owner_database_url.get_secret_value() if settings.owner_database_url else url)
    return before, commands.newest()


def check() -> None:
    """Raise alembic.util.CommandError where the models have something that no migration makes, on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="exchange-check-") as directory:
        embedded = Embedded(Path(directory))
        try:
            asyncio.run(embedded.create())
            commands.upgrade(embedded.url())
            commands.check(embedded.url())
        finally:
            embedded.close()


async def standing(url: str) -> Standing:
    """How the database at a URL stands."""
    revision = await commands.current(url)
    if revision is None:
        return Standing(None)
    connection = await asyncpg.connect(**arguments(url))
    try:
        head = await store.read_head(connection)
        leaves = await store.read_leaves(connection, 0, 1)
        is_current = revision == commands.newest()
        marks = await key_marks(connection) if is_current else {}
        blocks = await blocks_in_use(connection) if is_current else ()
        uncovered = await publication.uncovered_since(connection)
    finally:
        await connection.close()
    first = json.loads(leaves[0])["body"] if leaves else {}
    return Standing(revision, head.size, first.get("origin"), first.get("vkey"), marks, blocks, uncovered)


def read(url: str) -> Standing:
    """How the database at a URL stands, for callers without an event loop."""
    return asyncio.run(standing(url))


def demand_ready(settings: Settings, url: str, *, vkey: str) -> None:
    """Refuse to serve what would fail, or would sign another ledger's checkpoints. Raises CannotDo."""
    now = read(url)
    if not now.is_current:
        raise CannotDo(
            f"the database is at revision {now.revision}, this version needs {commands.newest()}",
            hint="bring it up to date: exchange database upgrade",
        )
    if not now.entries:
        raise CannotDo("this exchange has not been initialised", hint="begin with: exchange init")
    if now.origin != settings.origin:
        raise CannotDo(
            f"the ledger is {now.origin}, but the settings name {settings.origin}",
            hint="EXCHANGE_DEPLOYMENT has to be what it was when the exchange was initialised",
        )
    if now.vkey != vkey:
        raise CannotDo(
            "keys/ledger.pem is not the key that this ledger began with",
            hint="put the key back from its safe copy; checkpoints signed by another would be refused by every auditor",
        )
    try:
        open_keyring(settings.data / "keys", now.key_marks)
        Slots(settings.slots).demand(now.slot_blocks)
        witnesses.chosen(settings, note.Verifier.parse(vkey))
    except (KeysDiffer, KeyFileInvalid, SlotsMissing) as error:
        raise CannotDo(str(error), hint="docs/operations.md says, under Keys, what a lost key means") from error
    except witnesses.PolicyUnusable as error:
        raise CannotDo(str(error), hint="docs/operations.md says, under Witnesses, what belongs into it") from error
