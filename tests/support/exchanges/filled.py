"""Exchanges that tests find filled: the first test of a process makes the content, each later one gets its rows and files.

Content is made by requests, which takes half a second of processor time. Putting it back takes a few hundredths.
"""

import copy
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

import asyncpg

from exchange.calendar.tasks import SWEEP
from exchange.kernel.clock import SettableClock
from exchange.kernel.database import arguments
from exchange.kernel.loops import Loops
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.starting import TABLES, copy_exchange, restart_exchange, start_exchange

T = TypeVar("T")

_CONTENTS: dict[Hashable, "_Content[Any]"] = {}
"""The contents that this process has made."""


@dataclass(frozen=True)
class _Content(Generic[T]):
    """What an exchange holds that was filled and then closed.

    `parts` is what filled it, and refers to `exchange` and `clock`. `rows` is the SQL that inserts its rows. `settings` are
    those of a copy of its data directory, which ends with `directory`. `passed` is by how much filling it moved its clock.
    """

    parts: T
    exchange: Exchange
    clock: SettableClock | None
    passed: timedelta
    rows: str
    settings: Settings
    directory: tempfile.TemporaryDirectory[str]


@asynccontextmanager
async def start_filled(
    settings: Settings, fill: Callable[..., Awaitable[T]], *values: Hashable, clock: SettableClock | None = None
) -> AsyncIterator[T]:
    """Start an exchange on an empty database, with what `fill` makes of it and the values: what `fill` returns.

    Whatever has the same settings, `fill`, values and time of the clock is made once in a process; a clock that shows the
    present has the same time as every other. What `fill` returns may refer to the exchange and its clock: it is copied for
    each test, with references to the test's own.
    """
    is_present = clock is None or abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    at = None if clock is None or is_present else clock.now()
    made_from = (fill, values, clock is None, at, settings.model_dump_json(exclude={"data", "database_url"}))
    if made_from not in _CONTENTS:
        _CONTENTS[made_from] = await _make(settings, fill, *values, clock=clock and SettableClock(clock.now()))
    else:
        await _put_back(_CONTENTS[made_from], settings)
    content = _CONTENTS[made_from]
    if clock:
        clock.move(content.passed)
    async with restart_exchange(settings, clock=clock) as exchange:
        await exchange.runtime[Loops][SWEEP].tick()  # that of the start, lest it find what the test begins with
        former = content.exchange
        memo = {id(former): exchange, id(former.app): exchange.app, id(former.client): exchange.client}
        yield copy.deepcopy(content.parts, memo | ({id(content.clock): clock} if clock else {}))


async def found(exchange: Exchange) -> Exchange:
    """Make an exchange without content: its founding alone."""
    return exchange


async def _make(
    settings: Settings, fill: Callable[..., Awaitable[T]], *values: Hashable, clock: SettableClock | None
) -> _Content[T]:
    """Found and fill an exchange, close it, and keep copies of what it holds."""
    began = clock.now() if clock else None
    async with start_exchange(settings, clock=clock) as exchange:
        parts = await fill(exchange, *values)
    directory = tempfile.TemporaryDirectory(prefix="exchange-filled-")
    kept = copy_exchange(settings, Path(directory.name) / "data")
    passed = clock.now() - began if clock and began else timedelta(0)
    return _Content(parts, exchange, clock, passed, await _read_rows(_url(settings)), kept, directory)


async def _put_back(content: _Content[Any], settings: Settings) -> None:
    """Give an exchange that is not founded yet the rows and files of another."""
    connection = await asyncpg.connect(**arguments(_url(settings)))
    try:
        await connection.execute(content.rows)
    finally:
        await connection.close()
    copy_exchange(content.settings, settings.data)


async def _read_rows(url: str) -> str:
    """The SQL that inserts all rows of a database into one with the rows of its migrations, by its owner."""
    tables = [(table, "") for table in TABLES.split(", ")]
    tables += [("ledger_head", ""), ("work_calendar", " WHERE day > '2026-12-31'")]
    connection = await asyncpg.connect(**arguments(url))
    try:
        texts = await connection.fetch(
            " UNION ALL ".join(
                f"SELECT '{table}' AS name, string_agg(quote_literal(t::text), ',') AS rows FROM {table} t{where}"
                for table, where in tables
            )
        )
    finally:
        await connection.close()
    return "SET session_replication_role = replica; DELETE FROM ledger_head; " + "".join(
        f"INSERT INTO {text['name']} OVERRIDING SYSTEM VALUE "
        f"SELECT * FROM unnest(ARRAY[{text['rows']}]::{text['name']}[]); "
        for text in texts
        if text["rows"] is not None
    )


def _url(settings: Settings) -> str:
    assert settings.database_url is not None
    return settings.database_url.get_secret_value()
