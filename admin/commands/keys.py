"""`exchange keys`: rotate the exchange's own keys, while it is served or not."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from admin import data_directory, database
from admin.commands.options import Data
from admin.data_directory import DataDirectory
from admin.terminal import CannotDo, console, reporting_failures
from exchange.kernel.clock import Clock
from exchange.kernel.database import open_database
from exchange.kernel.keys.keyfiles import KeyFileInvalid
from exchange.kernel.keys.keyring import ANSWERS, KeysDiffer, ledger_file, open_keyring
from exchange.kernel.keys.stores import KeyNotFound, LedgerKey, answers_key_store, key_store
from exchange.publication.renewal import signer_of
from exchange.publication.rotating import rotate
from exchange.settings import Settings
from ledger.format import note, rotation
from ledger.log import continuity
from ledger.log.head import Halted
from signatures import thumbprint

app = typer.Typer(help="Rotate the exchange's own keys.", no_args_is_help=True, add_completion=False)


class KeyName(StrEnum):
    """The keys that can be rotated."""

    LEDGER = rotation.LEDGER
    ANSWERS = rotation.ANSWERS

    @property
    def purpose(self) -> rotation.Purpose:
        """The key's purpose, as a rotation names it."""
        return rotation.LEDGER if self is KeyName.LEDGER else rotation.ANSWERS


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """A finished rotation: both keys, and the index of the entry that announces it."""

    old: note.Verifier
    new: note.Verifier
    entry: int


@app.callback()
def keys() -> None:
    """Rotate the exchange's own keys."""


@app.command("rotate")
def rotate_command(
    key: Annotated[KeyName, typer.Argument(help="`ledger` signs checkpoints, `answers` signs answers.")],
    data: Data = None,
) -> None:
    """Make a new key and announce it by an entry that the old one signs. Running servers switch to it by themselves."""
    with reporting_failures():
        directory = data_directory.locate(data)
        settings = directory.settings()
        result = rotate_key(directory, key)
        out = console()
        out.print(f"The key has been rotated; entry {result.entry} announces it.")
        out.print(f"  old  {result.old.vkey}\n  new  {result.new.vkey}", soft_wrap=True)
        out.print("Publish the new one. The old private key, in keys/old, can be destroyed.")
        if key is KeyName.LEDGER and settings.witness_policy is not None:
            out.print(
                f"The witnesses of {settings.witness_policy} do not know it: nothing is published until each has it, "
                f"by `ledger witness trust DIR {result.new.vkey}`. Tell their operators now.",
                soft_wrap=True,
            )


def rotate_key(directory: DataDirectory, name: KeyName) -> KeyRotation:
    """Rotate one of the keys. Raises CannotDo."""
    settings = directory.settings()
    with database.running(settings) as url:
        state = database.read_state(url)
        if not state.is_current or not state.entries:
            raise CannotDo("there is no ledger in the database", hint="begin with: exchange init")
        ledger_keys, answer_keys, is_ledger = key_store(settings), answers_key_store(settings), name is KeyName.LEDGER
        file = ledger_file(state.incarnation) if is_ledger else ANSWERS
        verifier_name = settings.origin(state.incarnation) if is_ledger else f"{settings.deployment}/answers"
        try:
            keyring = open_keyring(
                settings.data / "keys", state.key_marks, ledger_keys, answer_keys, incarnation=state.incarnation
            )
            key: LedgerKey = keyring.ledger if is_ledger else keyring.answers
            store_of_key = ledger_keys if is_ledger else answer_keys
            following = store_of_key.prepare_next(file, asyncio.run(_former_keyids(url, name)) | {key.keyid})
        except (KeysDiffer, KeyNotFound, KeyFileInvalid) as error:
            raise CannotDo(str(error), hint="docs/operations/keys.md describes what a lost key means") from error
        old, new = signer_of(verifier_name, key), note.Verifier(verifier_name, following.public)
        try:
            entry = asyncio.run(_rotate(settings, url, name, state.incarnation, old, new))
        except Halted as error:
            raise CannotDo(f"the ledger takes no entries: {error}", hint="exchange health") from error
        store_of_key.activate(file, following.keyid)
    return KeyRotation(old.verifier, new, entry)


async def _former_keyids(url: str, name: KeyName) -> set[str]:
    """The thumbprints of keys that were rotated before: none of them is used again."""
    async with database.connected(url) as connection:
        statements = await continuity.read_announcements(connection, name.purpose)
    return {thumbprint(rotation.parse(statement).old.public_key) for statement in statements}


async def _rotate(
    settings: Settings, url: str, name: KeyName, incarnation: int, old: note.AnySigner, new: note.Verifier
) -> int:
    opened = await open_database(url, pool_size=2)
    try:
        async with opened.pool.acquire() as connection:
            return await rotate(
                connection,
                purpose=name.purpose,
                origin=settings.origin(incarnation),
                old=old,
                new=new,
                clock=Clock(),
            )
    finally:
        await opened.close()
