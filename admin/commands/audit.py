"""What is done to the audit's own means on the exchange's machine: decisions made again, the index derived again.

Both read the database of a data directory as it is, with or without a server beside it; so a restored copy can be looked
at too. They show verdicts and digests, never an input: those are for the auditor and the owner, over the API.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from admin import databases, places
from admin.terminal import CannotDo, console, told
from exchange.audit import indexing, queries
from exchange.audit.replaying import EXPLANATIONS, SOUND, VERDICTS, Replayed, Replayer, Verdict
from exchange.kernel.clock import rfc3339
from exchange.kernel.database import Database, driver, open_database
from exchange.kernel.settings import Settings
from policies.owner_rules.sandboxes import open_sandboxes

audit = typer.Typer(help="Make decisions on the ledger again.", no_args_is_help=True)

_CHUNK = 500
_PATIENT = 1.0  # seconds of the processor for an owner's module: nobody waits, and this machine may be a slow one
T = TypeVar("T")
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data directory; otherwise EXCHANGE_DATA, or ./exchange-data."),
]


@dataclass(slots=True)
class Tally:
    """How many entries met with which verdict."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)

    @property
    def is_sound(self) -> bool:
        """Whether each decision could be made again, and agreed."""
        return set(self.verdicts) <= SOUND


@audit.command("replay")
def replay_command(
    index: Annotated[int | None, typer.Argument(min=0, help="The entry's index.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every decision on the ledger.")] = False,
    since: Annotated[
        str | None, typer.Option(metavar="INDEX|TIME", help="With --all: from an index, or a time such as 2027-01-31.")
    ] = None,
    incarnation: Annotated[
        int | None, typer.Option(min=1, help="Of a former incarnation of the ledger; otherwise of the present one.")
    ] = None,
    data: Data = None,
) -> None:
    """Make decisions again, by the policy that made them and on what they were made on, and report each that differs."""
    with told():
        if (index is None) != every or (since is not None and not every):
            raise CannotDo("name one entry, or say --all", hint="--since goes with --all")
        begin, after = (index, None) if index is not None else _since(since)
        settings = places.found(data).settings()
        tally = _on(settings, lambda database: _replay(database, begin, after, one=not every, incarnation=incarnation))
        if every:
            for verdict in VERDICTS:
                if tally.verdicts[verdict]:
                    console().print(f"{tally.verdicts[verdict]:>10}  {verdict}: {EXPLANATIONS[verdict]}")
        if not tally.is_sound:
            raise typer.Exit(1)


def reindex_command(data: Data = None) -> None:
    """Derive the index by which entries are found from the entries again. Searches and deliveries go on meanwhile."""
    with told():
        settings = places.found(data).settings()

        async def rebuilt(database: Database) -> tuple[int, int]:
            async with database.pool.acquire() as connection:
                return await indexing.rebuild(connection)

        size, wrong = _on(settings, rebuilt)
        console().print(
            f"{size} entries are indexed; {wrong} rows of the index were missing or not what the entries say"
        )


def _on(settings: Settings, do: Callable[[Database], Awaitable[T]]) -> T:
    """Do something on the database of the settings, which has to be at this version's revision. Raises CannotDo."""

    async def on(url: str) -> T:
        database = await open_database(url)
        try:
            return await do(database)
        finally:
            await database.close()

    with databases.at_hand(settings) as url:
        now = databases.read(url)
        if not now.is_current:
            raise CannotDo(
                f"the database is at revision {now.revision}", hint="bring it up to date: exchange database upgrade"
            )
        return asyncio.run(on(url))


async def _replay(
    database: Database, begin: int, since: str | None, *, one: bool, incarnation: int | None = None
) -> Tally:
    tally = Tally()
    async with database.sessions() as session, open_sandboxes(seconds=_PATIENT) as sandboxes:
        ledger = await queries.ledger(session, incarnation)
        if ledger is None:
            raise CannotDo(f"there is no incarnation {incarnation} of the ledger in the database")
        if begin >= ledger.size:
            raise CannotDo(f"the ledger has {ledger.size} entries, counted from 0")
        with closing(Replayer(await driver(session), sandboxes)) as replayer:
            start, stop = begin, begin + 1 if one else ledger.size
            while start < stop:
                limit = min(_CHUNK, stop - start)
                found = {leaf.seq: leaf for leaf in await queries.leaves_from(session, ledger, start, limit=limit)}
                for index in range(start, start + limit):
                    replayed = await replayer.replay(index, found.get(index))
                    if since is not None and replayed.at is not None and replayed.at < since:
                        continue
                    tally.verdicts[replayed.verdict] += 1
                    if one or replayed.verdict not in SOUND:
                        _show(replayed)
                start += limit
    return tally


def _show(replayed: Replayed) -> None:
    out = console()
    out.print(f"entry {replayed.index}  {replayed.verdict}: {replayed.explanation}", soft_wrap=True)
    for one in replayed.differences:
        out.print(f"  {one.what}: the entry has {one.recorded}, made again it is {one.replayed}", soft_wrap=True)


def _since(text: str | None) -> tuple[int, str | None]:
    """Where to begin, and the time before which entries are left out. Raises CannotDo."""
    if text is None:
        return 0, None
    if text.isdecimal() and text.isascii():
        return int(text), None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CannotDo(
            "--since is an index or a time", hint="such as 4096, 2027-01-31 or 2027-01-31T08:00:00Z"
        ) from None
    return 0, rfc3339(at if at.tzinfo else at.replace(tzinfo=UTC))
