"""Two runtimes of one exchange, as two processes have them, and acts that race on both."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

from exchange.kernel.clock import Clock
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.starting import restart_exchange

PATIENCE = 300 + 5 * int(os.environ.get("RACES", "0"))
"""The most seconds of one race."""
_SEED = 4127
_APART = 0.01  # seconds; about what a request takes

E = TypeVar("E", bound=Exchange)


def rounds(usual: int) -> Iterator[random.Random]:
    """A source of chance for each round of a race: the usual number of rounds, or as many as RACES says."""
    for number in range(int(os.environ.get("RACES", usual))):
        yield random.Random(_SEED + number)


@asynccontextmanager
async def second_of(exchange: E, settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[E]:
    """Another runtime of an exchange, on the same database and files, with the same clock unless another one is given."""
    async with restart_exchange(settings, clock=clock or exchange.runtime.clock) as other:
        yield replace(exchange, app=other.app, client=other.client)


async def race(choice: random.Random, *acts: Awaitable[Any]) -> list[Any]:
    """Take acts at once, each begun a little later by chance; returns what they return."""

    async def later(act: Awaitable[Any], seconds: float) -> Any:
        await asyncio.sleep(seconds)
        return await act

    return await asyncio.gather(*(later(act, choice.choice((0, choice.uniform(0, _APART)))) for act in acts))
