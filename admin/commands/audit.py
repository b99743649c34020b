"""`exchange audit`: make decisions on the ledger again, on the exchange's own machine.

Reads the database of a data directory, with or without a server beside it, so a restored copy can be examined too. Shows
verdicts and digests, never an input: those are for the auditor and the owner, over the API.
"""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

import typer

from admin import data_directory
from admin.commands.options import Data
from admin.database import run_on
from admin.terminal import CannotDo, console, reporting_failures
from exchange.audit import queries
from exchange.audit.replaying import EXPLANATIONS, SOUND, VERDICTS, Replayed, Replayer, Verdict
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import Database, driver
from policies.owner_rules.sandboxes import open_sandboxes

app = typer.Typer(help="Make decisions on the ledger again.", no_args_is_help=True, add_completion=False)

_CHUNK = 500
_MODULE_SECONDS = 1.0  # processor time for an owner's module: nobody waits, and this machine may be a slow one


@dataclass(slots=True)
class Tally:
    """The number of entries by verdict."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)

    @property
    def is_sound(self) -> bool:
        """Whether each decision could be made again, and agreed."""
        return set(self.verdicts) <= SOUND


@app.callback()
def audit() -> None:
    """Make decisions on the ledger again."""


@app.command("replay")
def replay_command(
    index: Annotated[int | None, typer.Argument(min=0, help="The entry's index.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="INDEX|TIME", help="With --all: from an index, or a time such as 2026-01-31.")
    ] = None,
    incarnation: Annotated[
        int | None, typer.Option(min=1, help="Of a former incarnation of the ledger; otherwise of the present one.")
    ] = None,
    data: Data = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every decision on the ledger.")] = False,
) -> None:
    """Make decisions again, each with the policy and the inputs it was made with, and report those that differ."""
    with reporting_failures():
        if (index is None) != every or (since is not None and not every):
            raise CannotDo("name one entry, or say --all", hint="--since goes with --all")
        begin, since_time = (index, None) if index is not None else _since(since)
        settings = data_directory.locate(data).settings()
        tally = run_on(
            settings, lambda database: replay(database, begin, since_time, single=not every, incarnation=incarnation)
        )
        if every:
            if not tally.verdicts:
                console().print(f"no entries since {since}")
            for verdict in VERDICTS:
                if tally.verdicts[verdict]:
                    console().print(f"{tally.verdicts[verdict]:>10}  {verdict}: {EXPLANATIONS[verdict]}")
        if not tally.is_sound:
            raise typer.Exit(1)


async def replay(
    database: Database, begin: int, since: str | None, *, single: bool, incarnation: int | None = None
) -> Tally:
    """Replay the entry at `begin`, or with `single` false all from there, and print those that are not sound.

    `since` is an RFC 3339 time: entries before it are left out. Raises CannotDo for an index or an incarnation that the
    ledger does not have.
    """
    tally = Tally()
    async with database.sessions() as session, open_sandboxes(seconds=_MODULE_SECONDS) as sandboxes:
        ledger = await queries.ledger(session, incarnation)
        if ledger is None:
            raise CannotDo(f"there is no incarnation {incarnation} of the ledger in the database")
        if begin >= ledger.size:
            raise CannotDo(f"the ledger has {ledger.size} entries, counted from 0")
        with closing(Replayer(await driver(session), sandboxes)) as replayer:
            start, stop = begin, begin + 1 if single else ledger.size
            while start < stop:
                limit = min(_CHUNK, stop - start)
                leaves = {leaf.seq: leaf for leaf in await queries.leaves_from(session, ledger, start, limit=limit)}
                for index in range(start, start + limit):
                    replayed = await replayer.replay(index, leaves.get(index))
                    if since is not None and replayed.at is not None and replayed.at < since:
                        continue
                    tally.verdicts[replayed.verdict] += 1
                    if single or replayed.verdict not in SOUND:
                        _print(replayed)
                start += limit
    return tally


def _print(replayed: Replayed) -> None:
    out = console()
    out.print(f"entry {replayed.index}  {replayed.verdict}: {replayed.explanation}", soft_wrap=True)
    for difference in replayed.differences:
        out.print(
            f"  {difference.what}: the entry has {difference.recorded}, made again it is {difference.replayed}",
            soft_wrap=True,
        )


def _since(text: str | None) -> tuple[int, str | None]:
    """The index to begin at, and the time before which entries are left out. Raises CannotDo."""
    if text is None:
        return 0, None
    if text.isdecimal() and text.isascii():
        return int(text), None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise CannotDo(
            "--since is an index or a time", hint="such as 4096, 2026-01-31 or 2026-01-31T08:00:00Z"
        ) from None
    return 0, rfc3339(time if time.tzinfo else time.replace(tzinfo=UTC))
