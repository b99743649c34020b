"""`exchange keys …`: the exchange's own keys give way to new ones, while it is served or not."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from admin import databases, places
from admin.places import DataDirectory
from admin.terminal import CannotDo, console, told
from exchange.kernel.clock import Clock
from exchange.kernel.database import arguments, open_database
from exchange.kernel.keys.custody import KeyNotHere, LedgerKey, custody, custody_of_answers
from exchange.kernel.keys.keyfiles import KeyFileInvalid
from exchange.kernel.keys.keyring import ANSWERS, KeysDiffer, ledger_file, open_keyring
from exchange.kernel.settings import Settings
from exchange.publication.renewal import signer_of
from exchange.publication.rotating import rotate
from ledger.format import note, rotation
from ledger.log import continuity
from ledger.log.head import Halted
from signatures import thumbprint

app = typer.Typer(help="The exchange's own keys.", no_args_is_help=True)


class Which(StrEnum):
    """The keys that can be rotated."""

    LEDGER = rotation.LEDGER
    ANSWERS = rotation.ANSWERS


@dataclass(frozen=True, slots=True)
class Rotated:
    """A rotation: both keys, and the entry that announces it."""

    old: note.Verifier
    new: note.Verifier
    entry: int


@app.callback()
def keys_command() -> None:
    """The exchange's own keys."""


@app.command("rotate")
def rotate_command(
    which: Annotated[Which, typer.Argument(help="`ledger` signs checkpoints, `answers` signs answers.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="The data directory; otherwise EXCHANGE_DATA, or ./exchange-data."),
    ] = None,
) -> None:
    """Make a new key, announced by an entry that the old one signs; servers that run go on with it by themselves."""
    with told():
        done = rotate_key(places.found(data), which)
        out = console()
        out.print(f"The key has been rotated; entry {done.entry} announces it.")
        out.print(f"  old  {done.old.vkey}\n  new  {done.new.vkey}", soft_wrap=True)
        out.print("Publish the new one. The old private key, in keys/old, can be destroyed.")


def rotate_key(directory: DataDirectory, which: Which) -> Rotated:
    """Rotate one of the keys. Raises CannotDo."""
    settings = directory.settings()
    with databases.at_hand(settings) as url:
        now = databases.read(url)
        if not now.is_current or not now.entries:
            raise CannotDo("there is no ledger in the database", hint="begin with: exchange init")
        place = settings.data / "keys"
        held, answers, is_ledger = custody(settings), custody_of_answers(settings), which is Which.LEDGER
        file = ledger_file(now.incarnation) if is_ledger else ANSWERS
        name = settings.origin(now.incarnation) if is_ledger else f"{settings.deployment}/answers"
        try:
            ring = open_keyring(place, now.key_marks, held, answers, incarnation=now.incarnation)
            key: LedgerKey = ring.ledger if is_ledger else ring.answers
            keeper = held if is_ledger else answers
            made = keeper.following(file, asyncio.run(_used(url, which)) | {key.keyid})
        except (KeysDiffer, KeyNotHere, KeyFileInvalid) as error:
            raise CannotDo(str(error), hint="docs/operations.md says more, under Keys") from error
        old, new = signer_of(name, key), note.Verifier(name, made.public)
        try:
            entry = asyncio.run(_rotate(settings, url, which, now.incarnation, old, new))
        except Halted as error:
            raise CannotDo(f"the ledger takes nothing in: {error}", hint="exchange health") from error
        keeper.settle(file, made.keyid)
    return Rotated(old.verifier, new, entry)


async def _used(url: str, which: Which) -> set[str]:
    """The thumbprints of the keys that others took the place of."""
    connection = await asyncpg.connect(**arguments(url))
    try:
        statements = await continuity.read_announcements(connection, _purpose(which))
    finally:
        await connection.close()
    return {thumbprint(rotation.parse(one).old.public_key) for one in statements}


async def _rotate(
    settings: Settings, url: str, which: Which, incarnation: int, old: note.AnySigner, new: note.Verifier
) -> int:
    database = await open_database(url, pool_size=2)
    try:
        async with database.pool.acquire() as connection:
            return await rotate(
                connection,
                purpose=_purpose(which),
                origin=settings.origin(incarnation),
                old=old,
                new=new,
                clock=Clock(),
            )
    finally:
        await database.close()


def _purpose(which: Which) -> rotation.Purpose:
    return rotation.LEDGER if which is Which.LEDGER else rotation.ANSWERS
