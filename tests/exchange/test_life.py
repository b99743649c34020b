"""Whatever is done to an exchange, in any order: nothing that was answered or signed is lost, forked or contradicted.

Appending, signing, rotating the key, erasing, backing up, restoring, beginning anew; the model is a list (see
tests.support.life).
"""

import asyncio
import secrets
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from exchange.kernel.embedded import Embedded
from exchange.migrations import commands
from exchange.publication.publisher import Publisher
from exchange.settings import Settings
from tests.exchange.subjects.test_subjects import staged
from tests.support.founded import founded
from tests.support.life import PEOPLE, Life, Place, discard
from tests.support.world import URL

INTERVAL = 600  # a start signs what there is; between starts only the machine has anything signed
numbers = st.integers(0, 99)
requests = st.lists(
    st.tuples(st.sampled_from(["search", "deliver", "erase", "read"]), st.sampled_from(PEOPLE)), min_size=1, max_size=5
)


class Machine(RuleBasedStateMachine):
    """A life, and what may happen in it at any time."""

    place: Place

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="exchange-test-"))
        self.life = Life(self.place, self.directory)
        self.loop.run(self.life.begin())

    def is_up(self) -> bool:
        """Whether anybody can be asked: an exchange without its key does not even start."""
        return self.life.is_up

    @precondition(is_up)
    @rule(requests=requests)
    def take_in(self, requests: list[tuple[str, str]]) -> None:
        """Entries, and what is answered without one; or nothing at all, where the database is behind."""
        for verb, person in requests:
            self.loop.run(getattr(self.life, verb)(person))

    @precondition(is_up)
    @rule(numbers=st.lists(numbers, max_size=3))
    def checkpoint(self, numbers: list[int]) -> None:
        """Sign, and let somebody have receipts; or sign nothing."""
        self.loop.run(self.life.sign())
        for number in numbers:
            self.loop.run(self.life.keep_receipt(number))

    @precondition(is_up)
    @rule()
    def rotate(self) -> None:
        self.loop.run(self.life.rotate())

    @precondition(lambda self: self.is_up() and not self.life.is_behind)
    @rule()
    def back_up(self) -> None:
        self.loop.run(self.life.back_up())

    @rule(number=numbers)
    def restore(self, number: int) -> None:
        self.loop.run(self.life.restore(self.life.copies[number % len(self.life.copies)]))

    @precondition(lambda self: self.life.is_behind)
    @rule()
    def begin_anew(self) -> None:
        self.loop.run(self.life.begin_anew())

    @invariant()
    def all_is_as_it_was_answered_and_signed(self) -> None:
        if hasattr(self, "life"):
            self.loop.run(self.life.examine())

    def teardown(self) -> None:
        if not hasattr(self, "life"):
            return
        try:
            self.life.examine_former()
        finally:
            self.loop.run(self.life.end())
            self.loop.close()
            discard(self.directory)


@pytest.fixture(scope="module")
def place(embedded: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An exchange in use, from which every life begins, in a database that nobody else connects to."""
    data, name = tmp_path_factory.mktemp("founded"), f"lives_{secrets.token_hex(4)}"
    url = embedded.url(name)
    given = Settings(data=data, database_url=url, public_url=URL, checkpoint_interval=INTERVAL, retention_days=0)
    asyncio.run(embedded.create(name))
    commands.upgrade(url)

    async def found() -> Place:
        async with founded(given) as world:
            stage = await staged(world, url)
            await stage.about(PEOPLE[0])
            async with world.app.state.runtime.database.pool.acquire() as connection:
                await world.app.state.runtime[Publisher].publish(connection)
        return Place(embedded, given, name, stage)

    return asyncio.run(found())


def live(place: Place, *, examples: int, steps: int, phases: tuple[Phase, ...]) -> None:
    """Live so many lives of at most so many steps."""
    machine = type("Life", (Machine,), {"place": place})
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=phases,
    )
    run_state_machine_as_test(machine, settings=profile)


def test_a_life_with_everything_in_it(place: Place) -> None:
    """What the machine may do, once: a backup from before an erasure and a rotation comes back, and then one from between."""
    machine = type("Life", (Machine,), {"place": place})()
    machine.begin()
    try:
        for step in (
            lambda: machine.take_in([("deliver", PEOPLE[0]), ("search", ""), ("deliver", PEOPLE[1])]),
            lambda: machine.checkpoint([]),
            machine.back_up,
            lambda: machine.take_in([("erase", PEOPLE[0]), ("read", PEOPLE[1])]),
            lambda: machine.checkpoint([1, 11]),
            lambda: machine.restore(1),
            lambda: machine.take_in([("search", ""), ("deliver", PEOPLE[1])]),
            lambda: machine.checkpoint([1]),
            lambda: machine.restore(2),
            machine.rotate,
            lambda: machine.restore(1),
            machine.begin_anew,
            lambda: machine.take_in([("read", PEOPLE[0]), ("deliver", PEOPLE[0]), ("erase", PEOPLE[1])]),
            machine.rotate,
            lambda: machine.restore(0),
            machine.begin_anew,
        ):
            step()
            machine.all_is_as_it_was_answered_and_signed()
    finally:
        machine.teardown()


def test_a_few_short_lives(place: Place) -> None:
    live(place, examples=2, steps=4, phases=(Phase.reuse, Phase.generate))


@pytest.mark.endurance
def test_many_long_lives(place: Place) -> None:
    live(place, examples=12, steps=10, phases=(Phase.reuse, Phase.generate, Phase.shrink))
