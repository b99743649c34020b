"""An earlier demonstration in the directory: what was added to it, and what makes room for the next one."""

import asyncio
import json
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

import typer

from admin import database
from admin.data_directory import DataDirectory
from admin.server import reaching
from admin.terminal import CannotDo
from exchange.kernel.embedded import Embedded
from groundwork import durable
from ledger.log import store
from ledger.log.head import read_size

STANDARD = Path("build/demo")
_MARK = ".demo"
_MARK_TEXT = "What lies here was made by `exchange demo`, which replaces it when it runs again.\n"
_PARTS = ("exchange", "ledger", "tampered", "platform", "departments")
_READING = ("delivery.", "request.", "requests.", "audit.", "policy.explained", "source.sampled", "details.disclosed")


def mark(directory: Path, entries: int | None = None) -> None:
    """Mark a directory as a demonstration's; at its end with the number of entries that it made."""
    text = _MARK_TEXT + ("" if entries is None else json.dumps({"entries": entries}) + "\n")
    durable.write(directory / _MARK, text.encode(), mode=0o644, sync=False)


def read_additions(directory: Path, data: DataDirectory) -> Sequence[str]:
    """The types of the entries by which somebody added to an earlier demonstration, such as `dataset.published`.

    Questions and deliveries add nothing. Raises CannotDo where the directory is something else, or is being served.
    """
    if not directory.exists():
        return ()
    if not directory.is_dir() or (any(directory.iterdir()) and not (directory / _MARK).is_file()):
        raise CannotDo(f"{directory} holds something else than a demonstration", hint="name another with --directory")
    if (url := reaching.running_at(data)) is not None:
        pid = json.loads(data.server_file.read_text(encoding="utf-8"))["pid"]
        raise CannotDo(f"an earlier demonstration is still being served at {url}", hint=f"end process {pid} first")
    return list_additions(directory, data)


def list_additions(directory: Path, data: DataDirectory) -> Sequence[str]:
    """The types of the entries that were added after the mark of a demonstration, which may be served meanwhile."""
    mark = _read_mark(directory)
    if mark is None or not (data.path / "postgres").exists():  # that demonstration was broken off
        return ()
    embedded = Embedded(data.path.absolute())
    try:
        types = asyncio.run(_read_types(embedded.url(), mark))
    finally:
        embedded.close()
    return [name for name in types if not name.startswith(_READING)]


def _read_mark(directory: Path) -> int | None:
    if not (directory / _MARK).is_file():
        return None
    last = (directory / _MARK).read_text(encoding="utf-8").splitlines()[-1:]
    return json.loads(last[0]).get("entries") if last and last[0].startswith("{") else None


async def _read_types(url: str, start: int) -> list[str]:
    async with database.connected(url) as connection:
        leaves = await store.read_leaves(connection, start, await read_size(connection))
    return [json.loads(leaf)["body"]["type"] for leaf in leaves]


def require_consent(
    directory: Path, data: DataDirectory, additions: Sequence[str], *, replace: bool, yes: bool
) -> None:
    """Refuse to lose what was added, unless `replace` asks for it and the person at the terminal confirms, or `yes` does.

    Raises CannotDo; typer.Abort where the person declines.
    """
    if not additions:
        return
    if not replace:
        raise CannotDo(
            f"{data.path} has {_count(additions)} added after the demonstration, which would be lost",
            hint=f"go on with it: `{_make(directory, keep=True)}`, or `exchange serve --data {shlex.quote(str(data.path))}`; "
            f"give it up: `{_make(directory, '--replace')}`; or make another beside it: `{_make(_beside(directory))}`",
        )
    if not yes:
        typer.confirm(f"{data.path} has {_count(additions)} added after the demonstration. Delete them?", abort=True)


def _count(additions: Sequence[str]) -> str:
    names = ", ".join(dict.fromkeys(additions))
    return f"{len(additions)} {'entries' if len(additions) > 1 else 'entry'} ({names})"


def _make(directory: Path, *options: str, keep: bool = False) -> str:
    """The call of `make demo` for a directory."""
    named = () if directory == STANDARD else ("--directory", shlex.quote(str(directory)))
    words = " ".join((*named, *options))
    return f"make demo{' KEEP=1' if keep else ''}" + (f" DEMO={shlex.quote(words)}" if words else "")


def _beside(directory: Path) -> Path:
    """A directory beside this one that does not exist yet."""
    number = 2
    while (other := directory.with_name(f"{directory.name}-{number}")).exists():
        number += 1
    return other


def clear(directory: Path, data: DataDirectory) -> None:
    """Remove the files of an earlier demonstration, and nothing else."""
    if (data.path / "postgres" / "postmaster.pid").exists():
        # A database that outlived its demonstration is stopped before its files go.
        Embedded(data.path.absolute()).close()
    for part in _PARTS:
        shutil.rmtree(directory / part, ignore_errors=True)
