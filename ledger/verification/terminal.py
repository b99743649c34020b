"""What the ledger's commands share: the keys and files that a person names, and how a command fails."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final, NoReturn

import typer
from rich.console import Console

from ledger.bundle import http, remote
from ledger.bundle.files import Bundle, Unreadable
from ledger.format import note
from ledger.format.rotation import History, RotationInvalid

errors: Final = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def is_url(text: str) -> bool:
    """Whether a text is an address, and no directory."""
    return text.startswith(("http://", "https://"))


def read_key(text: str) -> note.Verifier:
    """A verifier key, or that of the file with this name. Raises BadParameter."""
    path = Path(text)
    stated = read_text(path).removesuffix("\n") if "+" not in text or path.is_file() else text
    try:
        return note.Verifier.parse(stated)
    except note.BadNote as error:
        raise typer.BadParameter(str(error), param_hint="--vkey") from None


def read_history(ledger: str, key: note.Verifier) -> History:
    """The keys of the log that its rotations prove to belong together, if the given one is among them."""
    try:
        with ExitStack() as opened:
            files = (
                remote.Remote(opened.enter_context(http.Fetcher(ledger))) if is_url(ledger) else Bundle(Path(ledger))
            )
            announcements = files.rotations()
            history = History.from_announcements(announcements) if announcements else History.of(key)
    except (Unreadable, RotationInvalid) as error:
        fail(f"FAILED: {ledger}: {error}")
    if not history.has(key):
        fail(f"FAILED: the rotations in {ledger} do not lead from or to the given key {key.vkey}")
    return history


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises BadParameter."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from None


def read_text(path: Path) -> str:
    """The text of a file. Raises BadParameter."""
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{path}: not UTF-8") from None


def fail(message: str) -> NoReturn:
    """Print a message to standard error, and end with status 1."""
    errors.print(message)
    raise typer.Exit(1)
