"""`exchange ledger`: continue a ledger after a restore, restore its anchor, rebuild its index.

A restored database that lacks signed entries cannot go on under its old name: that would be a second history. It goes on
as a new incarnation, which its first entry announces. Nobody serves the exchange meanwhile.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from admin import data_directory, database
from admin.commands.options import Data
from admin.data_directory import DataDirectory
from admin.server import reaching
from admin.terminal import CannotDo, console, reporting_failures
from exchange.audit import tasks
from exchange.kernel.clock import Clock, rfc3339
from exchange.kernel.database import Database
from exchange.kernel.keys.keyring import ledger_file
from exchange.kernel.keys.stores import KeyNotFound, key_store
from exchange.migrations import incarnation
from exchange.settings import Settings
from ledger import entries
from ledger.format import note
from ledger.format.rotation import History
from ledger.log import archive, continuity, publication
from ledger.log.anchor import Anchor, AnchorMoved

app = typer.Typer(
    help="Continue a ledger after a restore; restore its anchor; rebuild its index.",
    no_args_is_help=True,
    add_completion=False,
)


@dataclass(frozen=True, slots=True)
class Incarnation:
    """A new incarnation: its origin and key, how many of how many signed entries it keeps, where the old ledger lies.

    `archive` is None where the database has no checkpoint of the old ledger, so that nothing of it can be verified.
    """

    origin: str
    vkey: str
    kept: int
    signed: int
    archive: Path | None


@app.command("reindex")
def reindex_command(data: Data = None) -> None:
    """Rebuild the index, by which searches find entries, from the entries. Searches and deliveries go on meanwhile."""
    with reporting_failures():
        settings = data_directory.locate(data).settings()

        async def rebuild(opened: Database) -> tuple[int, int]:
            async with opened.pool.acquire() as connection:
                return await tasks.rebuild(connection)

        size, wrong = database.run_on(settings, rebuild)
        console().print(f"{size} entries are indexed; {wrong} rows of the index were missing or wrong")


@app.command("new-incarnation")
def new_incarnation_command(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking.")] = False,
    data: Data = None,
) -> None:
    """Go on with a restored database that lacks signed entries, under a new origin and key."""
    with reporting_failures():
        directory = data_directory.locate(data)

        def confirm(reason: str, origin: str) -> bool:
            console().print(f"The old ledger is not continued: {reason}.", soft_wrap=True)
            return yes or typer.confirm(f"Go on as {origin}? Every client and auditor needs its new key.")

        begun = new_incarnation(directory, confirm=confirm)
        out = console()
        out.print(f"The ledger goes on as {begun.origin}; {begun.kept} entries of {begun.signed} signed are kept.")
        out.print(f"Its verifier key is {begun.vkey}", soft_wrap=True)
        if begun.archive is None:
            out.print("This database has no checkpoint of the old ledger, so none of it is archived.")
        else:
            out.print(f"The old ledger lies in {begun.archive}.")
        out.print("Give auditors and clients the key; then: exchange serve")


@app.command("anchor")
def anchor_command(
    known: Annotated[
        Path | None, typer.Option("--known", help="A later checkpoint of this ledger, from whoever kept one.")
    ] = None,
    data: Data = None,
) -> None:
    """Restore a lost anchor from the database, or from a later checkpoint that an auditor has kept."""
    with reporting_failures():
        size = restore_anchor(data_directory.locate(data), known)
        console().print(f"The anchor holds the checkpoint of size {size}.")


def new_incarnation(directory: DataDirectory, *, confirm: Callable[[str, str], bool]) -> Incarnation:
    """Begin a new incarnation of a ledger that does not continue what was signed. Raises CannotDo.

    `confirm` gets the reason and the new origin, and returns whether to go on.
    """
    with reaching.idle(directory) as settings:
        return _begin(settings, confirm)


def _begin(settings: Settings, confirm: Callable[[str, str], bool]) -> Incarnation:
    with database.running(settings) as url:
        state = database.read_state(url, settings)
        if not state.is_current or not state.entries or state.vkey is None:
            raise CannotDo("there is no ledger in the database", hint="restore the database first")
        if state.not_continued is None:
            raise CannotDo("the ledger continues what was signed: it needs no new incarnation")
        before, number = _next(settings, state.incarnation)
        origin = settings.origin(number)
        if not confirm(state.not_continued, origin):
            raise CannotDo("nothing was changed")
        last = before.read() or asyncio.run(_newest(url))
        target = settings.data / "archive" / str(state.incarnation)
        anchored = Anchor(settings.anchor, settings.origin(state.incarnation)).read()
        archived = asyncio.run(_archive(url, target, note.Verifier.parse(state.vkey), anchored))
        asyncio.run(_index(url))
        name = ledger_file(number)
        store = key_store(settings)
        try:
            key = store.prepare_next(name, state.key_marks.values())
        except KeyNotFound as error:
            raise CannotDo(str(error)) from error
        vkey = note.Verifier(origin, key.public).vkey

        def make(kept: int, root: bytes) -> entries.LedgerIncarnated:
            return entries.LedgerIncarnated(
                at=rfc3339(Clock().now()),
                actor=entries.Actor(),
                origin=origin,
                vkey=vkey,
                predecessor=before.origin,
                checkpoint=last,
                kept=kept,
                root=root.hex(),
            )

        try:
            before.close(origin)
        except AnchorMoved as error:
            raise CannotDo(f"{before.origin} goes on as {before.successor()} already") from error
        owner = settings.owner_database_url
        kept = asyncio.run(
            incarnation.begin(
                owner.get_secret_value() if owner else url,
                incarnation=number,
                make=make,
                fingerprints={name: key.keyid},
                now=Clock().now(),
            )
        )
        store.activate(name, key.keyid)
    return Incarnation(origin, vkey, kept, incarnation.last_signed(last), target if archived else None)


def restore_anchor(directory: DataDirectory, known: Path | None) -> int:
    """Restore a lost anchor to the largest checkpoint at hand; returns its size. Raises CannotDo.

    `known` is a file with a checkpoint from elsewhere; the other candidate is the newest in the database.
    """
    with reaching.idle(directory) as settings:
        return _restore(settings, directory.trust().verifier(), known)


def _restore(settings: Settings, first: note.Verifier, known: Path | None) -> int:
    with database.running(settings) as url:
        state = database.read_state(url, settings)
        anchor = Anchor(settings.anchor, settings.origin(state.incarnation))
        if anchor.read() is not None:
            raise CannotDo("the anchor is in its place; only a lost one is restored")
        newest = asyncio.run(_newest(url))
        history = asyncio.run(_history(url, first))
    try:
        other = known.read_text(encoding="utf-8") if known else None
    except (OSError, UnicodeDecodeError) as error:
        raise CannotDo(f"{known} cannot be read") from error
    by_size: dict[int, str] = {}
    for text in (newest, other):
        if text is not None:
            try:
                by_size[history.open(text).size] = text
            except ValueError as error:
                raise CannotDo("a checkpoint is not of this ledger, or not signed by its key") from error
    if not by_size:
        raise CannotDo("no checkpoint is known: neither the database has one, nor was one given with --known")
    anchor.swap(None, by_size[max(by_size)])
    return max(by_size)


def _next(settings: Settings, current: int) -> tuple[Anchor, int]:
    """The anchor of the newest incarnation that was ever begun, and the number of the one to begin."""
    number = current
    while (successor := Anchor(settings.anchor, settings.origin(number)).successor()) is not None:
        following = int(successor.rpartition("/")[2])
        if Anchor(settings.anchor, settings.origin(following)).read() is None:
            return Anchor(settings.anchor, settings.origin(number)), following  # one that was broken off
        number = following
    return Anchor(settings.anchor, settings.origin(number)), number + 1


async def _newest(url: str) -> str | None:
    """The newest published checkpoint in the database."""
    async with database.connected(url) as connection:
        checkpoint = await publication.latest(connection)
    return checkpoint.note if checkpoint else None


async def _history(url: str, first: note.Verifier) -> History:
    async with database.connected(url) as connection:
        return await continuity.history(connection, first)


async def _index(url: str) -> None:
    """Complete the old ledger's index: its tables get no rows afterwards, and searches still read them."""
    async with database.connected(url) as connection:
        await tasks.keep_up(connection, seconds=math.inf)


async def _archive(url: str, directory: Path, first: note.Verifier, last: str | None) -> int:
    async with database.connected(url) as connection:
        if not await publication.lead(connection):
            raise CannotDo("a server is publishing this ledger", hint="stop every server first")
        try:
            return await archive.write(connection, directory, first, last=last)
        except continuity.NotContinued as error:
            raise CannotDo(str(error)) from error
