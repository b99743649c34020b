"""A state machine of a ledger's lifecycle: no order of steps loses, forks or contradicts what was answered or signed.

The steps and the model are in tests/support/exchanges/lifecycle.py.
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
from tests.support.exchanges.exchange import URL
from tests.support.exchanges.lifecycle import PEOPLE, Lifecycle, Template, discard
from tests.support.exchanges.people import publish_people
from tests.support.exchanges.starting import start_exchange

INTERVAL = 600  # a start signs what there is; between starts only the machine has anything signed
numbers = st.integers(0, 99)
requests = st.lists(
    st.tuples(st.sampled_from(["search", "deliver", "erase", "read"]), st.sampled_from(PEOPLE)), min_size=1, max_size=5
)


class Machine(RuleBasedStateMachine):
    """A ledger's lifecycle, and the steps that may come at any time."""

    template: Template

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="exchange-test-"))
        self.lifecycle = Lifecycle(self.template, self.directory)
        self.loop.run(self.lifecycle.begin())

    def is_up(self) -> bool:
        """Whether the exchange runs; it does not start without its key."""
        return self.lifecycle.is_up

    @precondition(is_up)
    @rule(requests=requests)
    def request(self, requests: list[tuple[str, str]]) -> None:
        """Send requests, with and without entries; all are refused if the database is behind."""
        for verb, person in requests:
            self.loop.run(getattr(self.lifecycle, verb)(person))

    @precondition(is_up)
    @rule(numbers=st.lists(numbers, max_size=3))
    def checkpoint(self, numbers: list[int]) -> None:
        """Publish a checkpoint and fetch receipts; nothing is signed if the database is behind."""
        self.loop.run(self.lifecycle.sign())
        for number in numbers:
            self.loop.run(self.lifecycle.keep_receipt(number))

    @precondition(is_up)
    @rule()
    def rotate(self) -> None:
        self.loop.run(self.lifecycle.rotate())

    @precondition(lambda self: self.is_up() and not self.lifecycle.is_behind)
    @rule()
    def back_up(self) -> None:
        self.loop.run(self.lifecycle.back_up())

    @rule(number=numbers)
    def restore(self, number: int) -> None:
        self.loop.run(self.lifecycle.restore(self.lifecycle.backups[number % len(self.lifecycle.backups)]))

    @precondition(lambda self: self.lifecycle.is_behind)
    @rule()
    def begin_anew(self) -> None:
        self.loop.run(self.lifecycle.begin_anew())

    @invariant()
    def nothing_is_lost_or_contradicted(self) -> None:
        if hasattr(self, "lifecycle"):
            self.loop.run(self.lifecycle.examine())

    def teardown(self) -> None:
        if not hasattr(self, "lifecycle"):
            return
        try:
            self.lifecycle.examine_former()
        finally:
            self.loop.run(self.lifecycle.end())
            self.loop.close()
            discard(self.directory)


@pytest.fixture(scope="module")
def template(embedded: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The exchange that every lifecycle starts from, in a database of its own."""
    data, name = tmp_path_factory.mktemp("founded"), f"lifecycles_{secrets.token_hex(4)}"
    url = embedded.url(name)
    given = Settings(data=data, database_url=url, public_url=URL, checkpoint_interval=INTERVAL, retention_days=0)
    asyncio.run(embedded.create(name))
    commands.upgrade(url)

    async def fill() -> Template:
        async with start_exchange(given) as exchange:
            people_exchange = await publish_people(exchange, url)
            await people_exchange.fetch_about(PEOPLE[0])
            async with exchange.runtime.database.pool.acquire() as connection:
                await exchange.runtime[Publisher].publish(connection)
        return Template(embedded, given, name, people_exchange)

    return asyncio.run(fill())


def run_lifecycles(template: Template, *, examples: int, steps: int, phases: tuple[Phase, ...]) -> None:
    """Run so many lifecycles of at most so many steps."""
    machine = type("LifecycleMachine", (Machine,), {"template": template})
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=phases,
    )
    run_state_machine_as_test(machine, settings=profile)


def test_one_lifecycle_with_every_step(template: Template) -> None:
    """Every step once. A backup from before an erasure and a rotation is restored, and then one from between them."""
    machine = type("LifecycleMachine", (Machine,), {"template": template})()
    machine.begin()
    try:
        for step in (
            lambda: machine.request([("deliver", PEOPLE[0]), ("search", ""), ("deliver", PEOPLE[1])]),
            lambda: machine.checkpoint([]),
            machine.back_up,
            lambda: machine.request([("erase", PEOPLE[0]), ("read", PEOPLE[1])]),
            lambda: machine.checkpoint([1, 11]),
            lambda: machine.restore(1),
            lambda: machine.request([("search", ""), ("deliver", PEOPLE[1])]),
            lambda: machine.checkpoint([1]),
            lambda: machine.restore(2),
            machine.rotate,
            lambda: machine.restore(1),
            machine.begin_anew,
            lambda: machine.request([("read", PEOPLE[0]), ("deliver", PEOPLE[0]), ("erase", PEOPLE[1])]),
            machine.rotate,
            lambda: machine.restore(0),
            machine.begin_anew,
        ):
            step()
            machine.nothing_is_lost_or_contradicted()
    finally:
        machine.teardown()


@pytest.mark.endurance
def test_a_few_short_lifecycles(template: Template) -> None:
    run_lifecycles(template, examples=2, steps=4, phases=(Phase.reuse, Phase.generate))


@pytest.mark.endurance
def test_many_long_lifecycles(template: Template) -> None:
    run_lifecycles(template, examples=12, steps=10, phases=(Phase.reuse, Phase.generate, Phase.shrink))
