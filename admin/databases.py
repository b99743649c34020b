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
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded
from exchange.kernel.keys.keyfiles import KeyFileInvalid
from exchange.kernel.keys.keyring import KeysDiffer, open_keyring
from exchange.kernel.keys.queries import fingerprints
from exchange.kernel.keys.slots import Slots, SlotsMissing
from exchange.kernel.keys.stores import answers_key_store, key_store
from exchange.migrations import commands
from exchange.publication import witness_policy
from exchange.settings import Settings
from exchange.subjects.queries import blocks_in_use
from ledger.format import note
from ledger.format.rotation import LEDGER, History
from ledger.log import continuity, publication, store
from ledger.log.anchor import Anchor


@dataclass(frozen=True, slots=True)
class Standing:
    """How a database stands: its revision, how many entries its ledger has, and as whose the first one begins it.

    `not_continued` says why the ledger is not what was signed, where that is so; `uncovered_since` is when the first entry
    was made that no published checkpoint covers.
    """

    revision: str | None
    entries: int = 0
    origin: str | None = None
    vkey: str | None = None
    incarnation: int = 1
    not_continued: str | None = None
    rotations: Sequence[str] = ()
    key_marks: Mapping[str, str] = field(default_factory=dict)
    slot_blocks: Sequence[int] = ()
    uncovered_since: datetime | None = None

    def history(self, first: str) -> History:
        """The keys that the ledger was and is signed with; `first` where its key was never rotated."""
        return History.from_statements(self.rotations) if self.rotations else History.of(note.Verifier.parse(first))

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


async def standing(url: str, settings: Settings | None = None) -> Standing:
    """How the database at a URL stands; with settings, also whether it continues what its anchor has."""
    revision = await commands.current(url)
    if revision != commands.newest():
        return Standing(revision, entries=await _count(url) if revision else 0)
    connection = await asyncpg.connect(**arguments(url))
    try:
        head = await store.read_head(connection)
        leaves = await store.read_leaves(connection, 0, 1)
        is_current = revision == commands.newest()
        marks = await fingerprints(connection) if is_current else {}
        blocks = await blocks_in_use(connection) if is_current else ()
        uncovered = await publication.uncovered_since(connection)
        rotated = await continuity.statements(connection, LEDGER)
        first = json.loads(leaves[0])["body"] if leaves else {}
        reason = await _not_continued(connection, settings, head, first.get("vkey")) if settings else None
    finally:
        await connection.close()
    return Standing(
        revision=revision,
        entries=head.size,
        origin=first.get("origin"),
        vkey=first.get("vkey"),
        incarnation=head.incarnation,
        not_continued=reason,
        rotations=rotated,
        key_marks=marks,
        slot_blocks=blocks,
        uncovered_since=uncovered,
    )


async def _count(url: str) -> int:
    connection = await asyncpg.connect(**arguments(url))
    try:
        return int(await connection.fetchval("SELECT size FROM ledger_head"))
    finally:
        await connection.close()


async def _not_continued(
    connection: asyncpg.Connection, settings: Settings, head: store.Head, vkey: str | None
) -> str | None:
    anchor = Anchor(settings.anchor, settings.origin(head.incarnation))
    if vkey is None:
        return "the database has no entries, and some were signed" if anchor.read() is not None else None
    verifier = note.Verifier.parse(vkey)
    try:
        await continuity.check(connection, anchor, verifier)
    except continuity.NotContinued as error:
        return str(error)
    return None


def read(url: str, settings: Settings | None = None) -> Standing:
    """How the database at a URL stands, for callers without an event loop."""
    return asyncio.run(standing(url, settings))


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
    if now.origin != settings.origin(now.incarnation):
        raise CannotDo(
            f"the ledger is {now.origin}, but the settings name {settings.origin(now.incarnation)}",
            hint="EXCHANGE_DEPLOYMENT has to be what it was when the exchange was initialised",
        )
    if now.vkey != vkey and not now.rotations:
        raise CannotDo(
            "keys/ledger.pem is not the key that this ledger began with",
            hint="put the key back from its safe copy; checkpoints signed by another would be refused by every auditor",
        )
    try:
        place, held, answers = settings.data / "keys", key_store(settings), answers_key_store(settings)
        open_keyring(place, now.key_marks, held, answers, incarnation=now.incarnation)
        Slots(settings.slots).demand(now.slot_blocks)
        witness_policy.read_policy(settings, now.history(vkey))
    except (KeysDiffer, KeyFileInvalid, SlotsMissing) as error:
        raise CannotDo(str(error), hint="docs/operations.md says, under Keys, what a lost key means") from error
    except witness_policy.PolicyUnusable as error:
        raise CannotDo(str(error), hint="docs/operations.md says, under Witnesses, what belongs into it") from error
