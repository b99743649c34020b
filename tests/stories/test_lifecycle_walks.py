"""Walks of every lifecycle in its room: any verb, by anybody, at any time; the table says what follows and what is refused."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from exchange.settings import Settings
from tests.support.lifecycles.model import Act
from tests.support.lifecycles.mutants import installed, mutants
from tests.support.lifecycles.people import Consents, Deletions
from tests.support.lifecycles.rooms import Room
from tests.support.lifecycles.sharing import Agreements, Corrections, Disputes, Requests, UnconditionalRequests
from tests.support.lifecycles.walking import Walk, distinguish
from tests.support.sharing.departments import FRIDAY, LAST_YEAR, YEAR, DepartmentsExchange, load_year, start_departments

ROOMS: tuple[type[Room], ...] = (
    Requests,
    UnconditionalRequests,
    Agreements,
    Disputes,
    Corrections,
    Consents,
    Deletions,
)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """A loop of its own, since the examples of a property are no coroutines."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def departments(runner: asyncio.Runner, settings: Settings) -> Iterator[DepartmentsExchange]:
    context = start_departments(settings)
    exchange = runner.run(context.__aenter__())
    for year in range(YEAR + 1, LAST_YEAR + 1):
        runner.run(load_year(exchange, year))
    yield exchange
    runner.run(context.__aexit__(None, None, None))


@pytest.mark.parametrize("room", ROOMS)
def test_walks(room: type[Room], runner: asyncio.Runner, departments: DepartmentsExchange) -> None:
    place = room(departments)
    runner.run(place.prepare())
    acts = list(place.acts())

    async def walk(choices: list[tuple[bool, int]]) -> None:
        departments.move_to(FRIDAY)
        walk = await Walk.begin(place)
        for is_allowed, number in choices:
            possible = [act for act in acts if place.predict(place.machine, walk.past, act)] if is_allowed else acts
            await walk.take((possible or acts)[number % len(possible or acts)])

    @settings(max_examples=8, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 999)), min_size=6, max_size=14))
    def walks(choices: list[tuple[bool, int]]) -> None:
        runner.run(walk(choices))

    walks()


@pytest.mark.parametrize("room", ROOMS)
def test_a_walk_notices_every_change_of_a_table(
    room: type[Room], runner: asyncio.Runner, departments: DepartmentsExchange
) -> None:
    place = room(departments)
    runner.run(place.prepare())
    survivors = []

    async def is_noticed(path: list[Act]) -> bool:
        departments.move_to(FRIDAY)
        try:
            walk = await Walk.begin(place)
            for act in path:
                await walk.take(act)
        except AssertionError:
            return True
        return False

    count = 0
    for name, mutant in mutants(place.machine):
        path = distinguish(place, mutant)
        if path is None:
            survivors.append(f"EQ {name}")
            continue
        count += 1
        with installed(place.machine, mutant):
            if not runner.run(is_noticed(path)):
                survivors.append(f"{name}: {path}")
    Path(f"build/surv-{room.__name__}").write_text("\n".join([str(count), *survivors]))
    assert not survivors
