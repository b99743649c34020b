"""The database from the operator's side: have it running, upgrade it, read its state, require that it can be served."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import asyncpg

from admin.terminal import CannotDo
from exchange.calendar import queries as calendar
from exchange.calendar.counting import day_of
from exchange.jobs.queries import counts as count_jobs
from exchange.kernel.clock import Clock
from exchange.kernel.database import (
    APPLICATION_ROLE,
    FAILURES,
    Database,
    arguments,
    forbidden_reason,
    open_database,
)
from exchange.kernel.embedded import Embedded, supervised
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
from ledger.log.head import Head, read_head, read_size

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """The state of an exchange's database: its revision, and the state of its ledger.

    `origin` and `vkey` are those in the first entry. `not_continued` is the reason why the ledger is not the one that was
    signed, or None. `uncovered_since` is the time of the first entry that no published checkpoint covers, `checkpoint_at`
    that of the newest checkpoint. `jobs` are the numbers of background jobs by state, `calendar_days_left` the working
    days until the last loaded one, and `calendar_is_short` whether it is time to load the next year.
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
    checkpoint_at: datetime | None = None
    jobs: Mapping[str, int] = field(default_factory=dict)
    calendar_days_left: int = 0
    calendar_is_short: bool = False

    def history(self, first: str) -> History:
        """The ledger's keys, former and present; only `first`, a verifier key, where it was never rotated."""
        return History.from_announcements(self.rotations) if self.rotations else History.of(note.Verifier.parse(first))

    @property
    def is_current(self) -> bool:
        """Whether it is at the revision that this version needs."""
        return self.revision == commands.newest()


@contextmanager
def running(settings: Settings, *, is_supervised: bool = False) -> Iterator[str]:
    """The URL of the settings' database. The embedded one runs until the end of the block.

    With `is_supervised` it is started again where it ends.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    embedded = Embedded(settings.data)
    try:
        asyncio.run(embedded.create())
        with supervised(embedded) if is_supervised else nullcontext():
            yield embedded.url()
    finally:
        embedded.close()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection with the rights of the URL's login, closed at the end of the block."""
    connection = await asyncpg.connect(**arguments(url))
    try:
        yield connection
    finally:
        await connection.close()


def run_on(settings: Settings, use: Callable[[Database], Awaitable[Result]]) -> Result:
    """Call `use` with the settings' database, opened. Raises CannotDo where it is not at this version's revision."""

    async def open_and_use(url: str) -> Result:
        database = await open_database(url)
        try:
            return await use(database)
        finally:
            await database.close()

    with running(settings) as url:
        state = read_state(url)
        if not state.is_current:
            raise CannotDo(
                f"the database is at revision {state.revision}", hint="bring it up to date: exchange database upgrade"
            )
        return asyncio.run(open_and_use(url))


def upgrade(settings: Settings, url: str) -> tuple[str | None, str]:
    """Bring a running database to the newest revision, as its owner; returns the revision before and the one now.

    The server's login then may act in the role `exchange_app`. Raises CannotDo where a login lacks a right.
    """
    owner = settings.owner_database_url.get_secret_value() if settings.owner_database_url else url
    try:
        before = asyncio.run(commands.current(owner))
        commands.upgrade(owner)
    except FAILURES as error:
        if (reason := forbidden_reason(error)) is None:
            raise
        raise CannotDo(
            f"the login {_login(owner)} may not make the exchange's tables: {reason}",
            hint="EXCHANGE_OWNER_DATABASE_URL is the login that owns the database: see docs/operations/database.md",
        ) from error
    asyncio.run(admit(url, owner=owner))
    return before, commands.newest()


async def admit(url: str, *, owner: str) -> None:
    """Make the server's login a member of the role in which it acts, unless it is. Raises CannotDo."""
    async with connected(url) as connection:
        login = await connection.fetchval("SELECT quote_ident(session_user)")
        try:
            await connection.execute(f"SET ROLE {APPLICATION_ROLE}")
        except asyncpg.InsufficientPrivilegeError:
            pass
        else:
            return
    statement = f"GRANT {APPLICATION_ROLE} TO {login}"
    async with connected(owner) as connection:
        try:
            await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError as error:
            raise CannotDo(
                f"the login {login} is not a member of the role {APPLICATION_ROLE}, and {_login(owner)} may not admit it",
                hint=f"as the role's owner or a superuser: {statement};",
            ) from error


def _login(url: str) -> str:
    """The login in a URL, for messages."""
    return str(arguments(url).get("user", "this login"))


def check_migrations() -> None:
    """Compare models and migrations on a server of its own.

    Raises alembic.util.CommandError where the models have something that no migration makes.
    """
    with tempfile.TemporaryDirectory(prefix="exchange-check-") as directory:
        embedded = Embedded(Path(directory))
        try:
            asyncio.run(embedded.create())
            commands.upgrade(embedded.url())
            commands.check(embedded.url())
        finally:
            embedded.close()


async def state_of(url: str, settings: Settings | None = None) -> DatabaseState:
    """The state of the database at a URL. With settings, `not_continued` compares the ledger with its anchor."""
    revision = await commands.current(url)
    if revision != commands.newest():
        return DatabaseState(revision, entries=await _count(url) if revision else 0)
    async with connected(url) as connection:
        head = await read_head(connection)
        leaves = await store.read_leaves(connection, 0, 1)
        first = json.loads(leaves[0])["body"] if leaves else {}
        vkey = first.get("vkey")
        remaining = await calendar.remaining(connection, day_of(Clock().now()))
        return DatabaseState(
            revision=revision,
            entries=head.size,
            origin=first.get("origin"),
            vkey=vkey,
            incarnation=head.incarnation,
            not_continued=await _not_continued(connection, settings, head, vkey) if settings else None,
            rotations=await continuity.read_announcements(connection, LEDGER),
            key_marks=await fingerprints(connection),
            slot_blocks=await blocks_in_use(connection),
            uncovered_since=await publication.uncovered_since(connection),
            checkpoint_at=await publication.newest_at(connection),
            jobs=await count_jobs(connection),
            calendar_days_left=remaining.days_left,
            calendar_is_short=remaining.is_short,
        )


async def _count(url: str) -> int:
    """The number of entries, in the tables of an earlier revision."""
    async with connected(url) as connection:
        return await read_size(connection)


async def _not_continued(
    connection: asyncpg.Connection, settings: Settings, head: Head, vkey: str | None
) -> str | None:
    anchor = Anchor(settings.anchor, settings.origin(head.incarnation))
    if vkey is None:
        return "the database has no entries, and some were signed" if anchor.read() is not None else None
    try:
        await continuity.check(connection, anchor, note.Verifier.parse(vkey))
    except continuity.NotContinued as error:
        return str(error)
    return None


def read_state(url: str, settings: Settings | None = None) -> DatabaseState:
    """`state_of` for callers without an event loop. Raises CannotDo where the login may not read the tables."""
    try:
        return asyncio.run(state_of(url, settings))
    except asyncpg.InsufficientPrivilegeError as error:
        raise CannotDo(
            f"the login {_login(url)} may not use the exchange's tables: {error}",
            hint="exchange database upgrade, with EXCHANGE_OWNER_DATABASE_URL set, admits it to the role exchange_app",
        ) from error


def require_ready(settings: Settings, url: str, *, vkey: str) -> None:
    """Refuse to serve what would fail, or would sign another ledger's checkpoints. Raises CannotDo.

    `vkey` is the verifier key that follows from the key files.
    """
    state = read_state(url)
    if not state.is_current:
        raise CannotDo(
            f"the database is at revision {state.revision}, this version needs {commands.newest()}",
            hint="bring it up to date: exchange database upgrade",
        )
    if not state.entries:
        raise CannotDo("this exchange has not been initialised", hint="begin with: exchange init")
    if state.origin != settings.origin(state.incarnation):
        raise CannotDo(
            f"the ledger is {state.origin}, but the settings name {settings.origin(state.incarnation)}",
            hint="EXCHANGE_DEPLOYMENT has to be what it was when the exchange was initialised",
        )
    if state.vkey != vkey and not state.rotations:
        raise CannotDo(
            "keys/ledger.pem is not the key that this ledger began with",
            hint="put the key back from its safe copy; every auditor would refuse checkpoints signed by another",
        )
    try:
        keys, ledger_keys, answer_keys = settings.data / "keys", key_store(settings), answers_key_store(settings)
        open_keyring(keys, state.key_marks, ledger_keys, answer_keys, incarnation=state.incarnation)
        Slots(settings.slots).demand(state.slot_blocks)
        witness_policy.read_policy(settings, state.history(vkey))
    except (KeysDiffer, KeyFileInvalid, SlotsMissing) as error:
        raise CannotDo(str(error), hint="docs/operations/keys.md describes what a lost key means") from error
    except witness_policy.PolicyUnusable as error:
        raise CannotDo(str(error), hint="docs/operations/witnesses.md describes the file") from error
