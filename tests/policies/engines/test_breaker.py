"""A failing policy server: the breaker denies everything meanwhile and lets one probe through."""

import asyncio
import json
import logging

import pytest

from policies.decision.conclusion import deny_unavailable
from policies.decision.documents import Decision, DeliveryInput
from policies.engines.breaker import Breaker
from policies.engines.cache import DecisionCache
from policies.engines.embedded import EmbeddedEngine
from tests.support.policy_samples import NOW, allowed

REST = 10.0


class Switched:
    """The embedded engine behind a switch: off, it cannot be asked. Counts the questions that reach it."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self.engine = engine
        self.name, self.revision = engine.name, engine.revision
        self.is_on = True
        self.asked = 0
        self.gate: asyncio.Event | None = None

    async def decide(self, document: DeliveryInput) -> Decision:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if not self.is_on:
            return deny_unavailable("off", revision=self.revision, engine=self.name)
        return await self.engine.decide(document)


class Hands:
    """A clock that is moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def document(**changes: object) -> DeliveryInput:
    return DeliveryInput.model_validate_json(json.dumps({**allowed(), **changes}))


@pytest.fixture
def switched(engine: EmbeddedEngine) -> Switched:
    return Switched(engine)


async def test_it_opens_after_failures_in_a_row_and_closes_by_one_probe(
    switched: Switched, caplog: pytest.LogCaptureFixture
):
    clock = Hands()
    breaker = Breaker(switched, failures=3, rest=REST, clock=clock)
    assert (breaker.name, breaker.revision) == (switched.name, switched.revision)
    switched.is_on = False
    for _ in range(2):
        assert not (await breaker.decide(document())).allow
    switched.is_on = True
    assert (await breaker.decide(document())).allow  # two failures are not three, and now are none
    switched.is_on = False
    for _ in range(20):
        decision = await breaker.decide(document())
        assert [reason.code for reason in decision.reasons] == ["policy-unavailable"]
    assert switched.asked == 2 + 1 + 3
    assert decision.reasons[0].rule == "engine.circuit_open"

    switched.is_on = True
    clock.now = REST - 0.1
    assert not (await breaker.decide(document())).allow
    clock.now = REST
    assert (await breaker.decide(document())).allow
    assert not breaker.is_open
    records = [record for record in caplog.records if record.name == "policies.engines.breaker"]
    assert [record.levelno for record in records] == [logging.ERROR, logging.WARNING]


async def test_a_probe_that_fails_begins_another_rest(switched: Switched):
    clock = Hands()
    breaker = Breaker(switched, failures=1, rest=REST, clock=clock)
    switched.is_on = False
    await breaker.decide(document())
    for turn in (1, 2, 3):
        clock.now = turn * REST
        for _ in range(5):
            assert not (await breaker.decide(document())).allow
        assert switched.asked == 1 + turn


async def test_while_a_probe_is_under_way_nobody_else_is_let_through(switched: Switched):
    clock = Hands()
    breaker = Breaker(switched, failures=1, rest=REST, clock=clock)
    switched.is_on = False
    await breaker.decide(document())
    switched.is_on, clock.now, switched.gate = True, REST, asyncio.Event()
    probe = asyncio.create_task(breaker.decide(document()))
    await asyncio.sleep(0)
    assert not any(decision.allow for decision in await asyncio.gather(*(breaker.decide(document()) for _ in range(9))))
    assert switched.asked == 2
    switched.gate.set()
    assert (await probe).allow


async def test_a_probe_whose_asker_went_away_does_not_keep_the_circuit_open_for_good(switched: Switched):
    clock = Hands()
    breaker = Breaker(switched, failures=1, rest=REST, clock=clock)
    switched.is_on = False
    await breaker.decide(document())
    switched.is_on, clock.now, switched.gate = True, REST, asyncio.Event()
    probe = asyncio.create_task(breaker.decide(document()))
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    switched.gate = None
    assert (await breaker.decide(document())).allow


async def test_a_denial_of_the_policy_is_no_failure(switched: Switched):
    breaker = Breaker(switched, failures=1, rest=REST, clock=Hands())
    for _ in range(3):
        assert not (await breaker.decide(document(purpose="another"))).allow
    assert switched.asked == 3


async def test_no_remembered_decision_outlives_a_boundary_or_the_bundle(switched: Switched):
    cache = DecisionCache(switched)
    agreement = allowed()["agreements"][0]
    edges = [agreement["not_before"], agreement["not_after"], allowed()["resource"]["terms"]["not_after"]]
    assert edges == [NOW - 1000, NOW + 1000, NOW + 4000]
    moments = [moment for edge in edges for moment in (edge - 1, edge)]
    for moment in moments:  # each side of an edge is asked anew
        before = switched.asked
        decision = await cache.decide(document(now=moment))
        assert decision.allow == (NOW - 1000 <= moment < NOW + 1000)
        assert switched.asked == before + 1 or moment not in edges
    remembered = switched.asked
    await cache.decide(document(now=moments[-1] + 5))
    assert switched.asked == remembered
    switched.revision = "0" * 64  # another bundle, another key
    await cache.decide(document(now=moments[-1] + 5))
    assert switched.asked == remembered + 1


async def test_a_failure_is_never_remembered(switched: Switched):
    cache = DecisionCache(switched)
    switched.is_on = False
    assert not (await cache.decide(document())).allow
    switched.is_on = True
    assert (await cache.decide(document())).allow
