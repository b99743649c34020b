"""`exchange ledger …`: whether the ledger continues what was signed, and what to do where it does not.

A restored database that lacks entries which were signed cannot go on under its old name: that would be a second history.
It goes on as a new incarnation, which says so in its first entry. Nobody serves the exchange meanwhile.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from admin import databases, places
from admin.commands import audit as auditing
from admin.places import DataDirectory
from admin.server import reaching
from admin.terminal import CannotDo, console, told
from exchange.audit import tasks
from exchange.kernel.clock import Clock, rfc3339
from exchange.kernel.database import arguments
from exchange.kernel.keys.keyring import ledger_file
from exchange.kernel.keys.stores import KeyNotFound, key_store
from exchange.migrations import incarnation
from exchange.settings import Settings
from ledger.entries import bodies
from ledger.format import note
from ledger.format.rotation import History
from ledger.log import archive, continuity, publication
from ledger.log.anchor import Anchor, AnchorMoved

app = typer.Typer(
    help="Hold the ledger to what was signed; go on after a restore; look after what is derived from it.",
    no_args_is_help=True,
)
app.command("reindex")(auditing.reindex_command)

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data directory; otherwise EXCHANGE_DATA, or ./exchange-data."),
]


@dataclass(frozen=True, slots=True)
class Begun:
    """A new incarnation: its origin and key, how many entries it goes on from, how many were signed, where they lie."""

    origin: str
    vkey: str
    kept: int
    signed: int
    archive: Path


@app.command("new-incarnation")
def new_incarnation_command(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without being asked.")] = False,
    data: Data = None,
) -> None:
    """Go on with a restored database that lacks signed entries, under a new origin and key."""
    with told():
        directory = places.found(data)

        def confirm(reason: str, origin: str) -> bool:
            console().print(f"The old ledger is not continued: {reason}.", soft_wrap=True)
            return yes or typer.confirm(f"Go on as {origin}? Every client and auditor has to be told its key.")

        begun = new_incarnation(directory, confirm=confirm)
        out = console()
        out.print(f"The ledger goes on as {begun.origin}; {begun.kept} entries of {begun.signed} signed are kept.")
        out.print(f"Its verifier key is {begun.vkey}", soft_wrap=True)
        out.print(f"The old ledger lies in {begun.archive}. Tell auditors and clients the key; then: exchange serve")


@app.command("anchor")
def anchor_command(
    known: Annotated[
        Path | None, typer.Option("--known", help="A later checkpoint of this ledger that somebody else has kept.")
    ] = None,
    data: Data = None,
) -> None:
    """Make the anchor anew where it was lost: from the database, or from a later checkpoint that an auditor has kept."""
    with told():
        size = new_anchor(places.found(data), known)
        console().print(f"The anchor holds the checkpoint of size {size}.")


def new_incarnation(directory: DataDirectory, *, confirm: Callable[[str, str], bool]) -> Begun:
    """Begin a new incarnation of a ledger that does not continue what was signed. Raises CannotDo."""
    settings = _idle(directory)
    with databases.at_hand(settings) as url:
        now = databases.read(url, settings)
        if not now.is_current or not now.entries or now.vkey is None:
            raise CannotDo("there is no ledger in the database", hint="restore the database first")
        if now.not_continued is None:
            raise CannotDo("the ledger continues what was signed: there is nothing to begin anew")
        before, number = _next(settings, now.incarnation)
        origin = settings.origin(number)
        if not confirm(now.not_continued, origin):
            raise CannotDo("nothing was changed")
        last = before.read() or asyncio.run(_newest(url))
        where = settings.data / "archive" / str(now.incarnation)
        own = Anchor(settings.anchor, settings.origin(now.incarnation)).read()
        asyncio.run(_archive(url, where, note.Verifier.parse(now.vkey), own))
        asyncio.run(_index(url))
        name = ledger_file(number)
        held = key_store(settings)
        try:
            key = held.prepare_next(name, now.key_marks.values())
        except KeyNotFound as error:
            raise CannotDo(str(error)) from error
        vkey = note.Verifier(origin, key.public).vkey

        def make(kept: int, root: bytes) -> bodies.LedgerIncarnated:
            return bodies.LedgerIncarnated(
                at=rfc3339(Clock().now()),
                actor=bodies.Actor(),
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
        held.activate(name, key.keyid)
    return Begun(origin, vkey, kept, incarnation.last_signed(last), where)


def new_anchor(directory: DataDirectory, known: Path | None) -> int:
    """Make a lost anchor anew; returns the size of its checkpoint. Raises CannotDo."""
    settings = _idle(directory)
    with databases.at_hand(settings) as url:
        now = databases.read(url, settings)
        anchor = Anchor(settings.anchor, settings.origin(now.incarnation))
        if anchor.read() is not None:
            raise CannotDo("the anchor is there; only a lost one is made anew")
        newest = asyncio.run(_newest(url))
        signed_by = asyncio.run(_history(url, directory.trust().verifier()))
    found: dict[int, str] = {}
    try:
        given = known.read_text(encoding="utf-8") if known else None
    except (OSError, UnicodeDecodeError) as error:
        raise CannotDo(f"{known} cannot be read") from error
    for text in (newest, given):
        if text is not None:
            try:
                found[signed_by.open(text).size] = text
            except ValueError as error:
                raise CannotDo("a checkpoint is not of this ledger, or not signed by its key") from error
    if not found:
        raise CannotDo("nothing was ever signed, as far as is known")
    anchor.swap(None, found[max(found)])
    return max(found)


def _idle(directory: DataDirectory) -> Settings:
    if reaching.running_at(directory) is not None:
        raise CannotDo("this exchange is being served", hint="stop every server first, also on other machines")
    return directory.settings()


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
    connection = await asyncpg.connect(**arguments(url))
    try:
        found = await publication.latest(connection)
    finally:
        await connection.close()
    return found.note if found else None


async def _history(url: str, first: note.Verifier) -> History:
    connection = await asyncpg.connect(**arguments(url))
    try:
        return await continuity.history(connection, first)
    finally:
        await connection.close()


async def _index(url: str) -> None:
    """Index what is not yet: nobody writes into the old ledger's tables afterwards, and it goes on being searched."""
    connection = await asyncpg.connect(**arguments(url))
    try:
        await tasks.keep_up(connection, seconds=math.inf)
    finally:
        await connection.close()


async def _archive(url: str, directory: Path, first: note.Verifier, last: str | None) -> None:
    connection = await asyncpg.connect(**arguments(url))
    try:
        if not await publication.lead(connection):
            raise CannotDo("a server is publishing this ledger", hint="stop every server first")
        await archive.write(connection, directory, first, last=last)
    except continuity.NotContinued as error:
        raise CannotDo(str(error)) from error
    finally:
        await connection.close()
