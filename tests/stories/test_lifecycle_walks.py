"""Walks of every lifecycle in its room: any verb, by anybody, at any time; the table says what follows and what is refused."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from exchange.settings import Settings
from groundwork.lifecycle import Machine, Refused
from tests.support.lifecycles.answering import Notices, PersonRequests, RecordObjections, Records
from tests.support.lifecycles.model import Act
from tests.support.lifecycles.mutants import installed, mutants
from tests.support.lifecycles.people import Consents, Deletions
from tests.support.lifecycles.registering import Registrations
from tests.support.lifecycles.rooms import Room
from tests.support.lifecycles.sharing import (
    Agreements,
    Corrections,
    Disputes,
    Requests,
    UnconditionalRequests,
    UnprovidedAgreements,
)
from tests.support.lifecycles.walking import Differs, Walk, distinguish, explore
from tests.support.sharing.departments import FRIDAY, LAST_YEAR, YEAR, DepartmentsExchange, load_year, start_departments

ROOMS: tuple[type[Room], ...] = (
    Requests,
    UnconditionalRequests,
    UnprovidedAgreements,
    Agreements,
    Disputes,
    Corrections,
    Consents,
    Deletions,
    Registrations,
    Notices,
    RecordObjections,
    Records,
    PersonRequests,
)

ELSEWHERE = (
    "share request: approve from extended, submitted, supplement_requested: entry ",  # the agreements' room writes it
    "agreement between departments: expire from active, suspended: sources +",  # time looks for running ones only
    "agreement between departments: expire from provisioning: sources +",
    "correction: resolve from disputed: sources +settled",  # a dispute ends once
    "consent: expire from given, renewed: sources +",  # time looks for those that may be delivered only
    "deletion: run_late from ordered: sources +",  # a deadline passes once
    "deletion: run_late from ordered: stops ",
    "person_request: withdraw from received: sources +",  # a request that was answered is lifted at the same address
    "person_request: lift from granted, restricted_storage: sources +received",
    "person_request: lift from granted, restricted_storage: without ",  # that address lifts what the person asked for only
    "rights application: dismiss_last from objected: sources +",  # no objection is open in another state
)
"""The beginnings of the changes that a room does not follow, since it does not take these things from its table."""


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


async def walk(place: Room, choices: list[tuple[bool, int]]) -> None:
    """Walk a new thing by choices: whether the act is one that the table allows, and which of them."""
    place.exchange.move_to(FRIDAY)
    walk, acts = await Walk.begin(place), list(place.acts())
    for is_allowed, number in choices:
        possible = [act for act in acts if place.predict(place.machine, walk.past, act)] if is_allowed else acts
        await walk.take((possible or acts)[number % len(possible or acts)])


def run_walks(place: Room, runner: asyncio.Runner, *, examples: int, phases: tuple[Phase, ...]) -> None:
    """Run so many walks of at most 14 acts."""
    runner.run(place.prepare())

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck), phases=phases)
    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 999)), min_size=6, max_size=14))
    def walks(choices: list[tuple[bool, int]]) -> None:
        runner.run(walk(place, choices))

    walks()


@pytest.mark.parametrize("room", ROOMS)
def test_a_few_walks(room: type[Room], runner: asyncio.Runner, departments: DepartmentsExchange) -> None:
    run_walks(room(departments), runner, examples=4, phases=(Phase.generate,))


@pytest.mark.endurance
@pytest.mark.parametrize("room", ROOMS)
def test_many_walks(room: type[Room], runner: asyncio.Runner, departments: DepartmentsExchange) -> None:
    run_walks(room(departments), runner, examples=25, phases=(Phase.generate, Phase.shrink))


async def is_noticed(place: Room, path: list[Act]) -> bool:
    """Whether a walk along a path differs from what the true table says."""
    place.exchange.move_to(FRIDAY)
    try:
        walk = await Walk.begin(place)
        for act in path:
            await walk.take(act)
    except (Differs, Refused, ValidationError):  # where time takes a step, the room's own refusal comes to light here
        return True
    return False


UNTRIED = (RecordObjections, Records, PersonRequests)
"""The rooms whose tables are walked as they are: a change takes seconds, and records have steps that applications take."""
MACHINES = {room.machine.name: room.machine for room in ROOMS if room not in UNTRIED}.values()
AT_ONCE = 150
"""So many changed tables are tried by one test."""


@pytest.mark.endurance
@pytest.mark.parametrize(
    ("machine", "start"),
    [
        pytest.param(machine, start, id=f"{machine.name} {start}")
        for machine in MACHINES
        for start in range(0, len(list(mutants(machine))), AT_ONCE)
    ],
)
def test_walks_notice_every_change_of_a_table(
    machine: Machine, start: int, runner: asyncio.Runner, departments: DepartmentsExchange
) -> None:
    """Where acts can show a difference between the table and a changed one, the room that goes by the changed one shows it.

    So the room has every state, need, clock and entry from the table and from nowhere else.
    """
    places = {place: explore(place) for room in ROOMS if room.machine is machine for place in [room(departments)]}
    for place in places:
        runner.run(place.prepare())
    unnoticed, reached = set(), 0
    some = list(mutants(machine))[start : start + AT_ONCE]
    for name, mutant in some:
        paths = {
            place: path for place, known in places.items() if (path := distinguish(place, known, mutant)) is not None
        }
        reached += bool(paths)
        with installed(machine, mutant):
            if paths and not any(runner.run(is_noticed(place, path)) for place, path in paths.items()):
                unnoticed.add(f"{machine.name}: {name}")
    assert {name for name in unnoticed if not name.startswith(ELSEWHERE)} == set()
    # The others change nothing that acts can show, such as a source in which the step lacks what it needs.
    assert reached > len(some) / 2
