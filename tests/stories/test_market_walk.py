"""The market as a whole: any order of acts, races and kills keeps places, money and the ledger together."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer
from tests.support.ledgers.wholeness import check_ledger, count_about, select
from tests.support.processes.killed_acts import each_step, post
from tests.support.processes.racing import PATIENCE, second_of
from tests.support.sharing.market import BUYERS, MOVES, PRICE, Market, Ordered
from tests.support.sharing.trading import LISTINGS, ORDERS, TradingExchange, start_trading

pytestmark = [pytest.mark.endurance, pytest.mark.timeout(PATIENCE)]

numbers = st.integers(0, 999)
amounts = st.sampled_from((0, 1, 50_000, PRICE, PRICE + 1))
offers = st.integers(0, 1)
buyers = st.sampled_from(BUYERS)


class Walk(RuleBasedStateMachine):
    """Acts of sellers and buyers in any order."""

    exchange: ClassVar[TradingExchange]
    runner: ClassVar[asyncio.Runner]

    @initialize()
    def begin(self) -> None:
        self.market = Market(self.exchange)
        self.has_lapsed = False
        self.runner.run(self.market.begin())

    def _order(self, number: int) -> Ordered:
        orders = list(self.market.orders.values())
        return orders[number % len(orders)]

    def has_orders(self) -> bool:
        """Whether anybody has ordered."""
        return bool(self.market.orders)

    @rule(buyer=buyers, offer=offers, reference=st.integers(0, 3))
    def place(self, buyer: str, offer: int, reference: int) -> None:
        self.runner.run(self.market.place(buyer, offer, reference))

    @rule(offer=offers)
    def rush(self, offer: int) -> None:
        self.runner.run(self.market.rush(offer))

    @precondition(has_orders)
    @rule(number=numbers, side=st.sampled_from(("seller", "buyer")))
    def sign(self, number: int, side: str) -> None:
        self.runner.run(self.market.sign(self._order(number), side))

    @rule(buyer=buyers, offer=offers, choices=st.lists(st.tuples(numbers, amounts), min_size=6, max_size=12))
    def trade(self, buyer: str, offer: int, choices: list[tuple[int, int]]) -> None:
        """Order, or take an order of the buyer, and go on with it by steps and signatures that its states allow."""
        self.runner.run(self.market.place(buyer, offer, 99))
        own = [order for order in self.market.orders.values() if order.buyer == buyer]
        for choice, amount in choices if own else ():
            order = own[-1]
            verbs = [
                verb for verb in sorted(MOVES) if order.state in MOVES[verb] and verb not in ("cancel", "terminate")
            ]
            if order.state in ("contract_drafted", "half_signed"):
                self.runner.run(self.market.sign(order, "buyer" if "seller" in order.signed else "seller"))
            elif verbs:
                self.runner.run(self.market.step(order, verbs[choice % len(verbs)], amount))

    @precondition(has_orders)
    @rule(number=numbers, verb=st.sampled_from(sorted(MOVES)), amount=amounts)
    def step(self, number: int, verb: Any, amount: int) -> None:
        self.runner.run(self.market.step(self._order(number), verb, amount))

    @precondition(has_orders)
    @rule(number=numbers)
    def race(self, number: int) -> None:
        self.runner.run(self.market.race(self._order(number)))

    @rule(offer=offers, chance=st.integers(0, 4))
    def close(self, offer: int, chance: int) -> None:
        if chance == 0:
            self.runner.run(self.market.close(offer))

    @precondition(lambda self: not self.has_lapsed)
    @rule(chance=st.integers(0, 4))
    def lapse(self, chance: int) -> None:
        if chance == 0:
            self.has_lapsed = True
            self.runner.run(self.market.lapse())

    @rule(buyer=buyers)
    def fetch(self, buyer: str) -> None:
        self.runner.run(self.market.fetch(buyer))

    @invariant()
    def places_are_kept(self) -> None:
        if hasattr(self, "market"):
            self.runner.run(self.market.check_places())

    def teardown(self) -> None:
        if hasattr(self, "market"):
            self.runner.run(self.market.end())


def test_no_order_of_acts_oversells_or_loses_anything(settings: Settings, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        context = start_trading(settings)
        Walk.exchange, Walk.runner = runner.run(context.__aenter__()), runner
        try:
            run_state_machine_as_test(
                Walk,
                settings=effort(
                    max_examples=12,
                    stateful_step_count=30,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    phases=(Phase.generate, Phase.shrink),
                ),
            )
            runner.run(check_ledger(Walk.exchange, tmp_path / "export"))
        finally:
            runner.run(context.__aexit__(None, None, None))


@pytest.fixture
async def trading(settings: Settings) -> AsyncIterator[TradingExchange]:
    async with start_trading(settings) as exchange:
        yield exchange


async def test_fifty_buyers_order_the_last_places_of_two_runtimes(
    trading: TradingExchange, settings: Settings, tmp_path: Path
) -> None:
    listing, offer = await trading.list_offer(places=10)
    parties = [await trading.admit(f"buyer{number}", kind="enterprise", level="none") for number in range(50)]
    order = {"offer": offer["id"], "purpose": "talent-service", "basis": "业务", "scenario": "分析", "scope": "内部"}
    async with second_of(trading, settings) as other:

        async def buy(number: int) -> Answer | None:
            """Order on both runtimes at once under one reference; every fifth one that gets a place cancels it."""
            steward, document = parties[number].steward, order | {"reference": f"PO-{number}"}
            first, second = await asyncio.gather(
                *(each.call(steward, "POST", f"/api/v1{ORDERS}", document) for each in (trading, other))
            )
            assert {first.status, second.status} in ({201}, {409}, {201, 409})
            placed = first if first.status == 201 else second
            if first.status == second.status == 201:
                assert first.json["id"] == second.json["id"]
            if placed.status == 201 and number % 5 == 0:
                step = {"verb": "cancel", "statement": "不再需要"}
                target = f"/api/v1{ORDERS}/{placed.json['id']}/steps"
                assert (await other.call(steward, "POST", target, step)).status == 200
                return None
            return placed if placed.status == 201 else None

        answers = await asyncio.gather(*map(buy, range(50)))
    placed = {answer.json["id"] for answer in answers if answer is not None}
    [shown] = (await trading.act_ok("owner", f"{LISTINGS}/{listing['id']}", method="GET"))["offers"]
    assert len(placed) + shown["left"] == 10
    taken = await select(trading, "SELECT id::text FROM trade_orders WHERE state <> 'cancelled'")
    assert {identifier for (identifier,) in taken} == placed
    bodies = [body for body in await trading.read_entries() if body["type"].startswith("order.")]
    cancelled = {body["object"]["id"] for body in bodies if body["type"] == "order.cancelled"}
    assert sorted(body["object"]["id"] for body in bodies if body["type"] == "order.placed") == sorted(
        placed | cancelled
    )
    await check_ledger(trading, tmp_path / "export")


async def test_a_second_signature_that_is_killed_binds_wholly_or_not_at_all(
    trading: TradingExchange, settings: Settings, tmp_path: Path
) -> None:
    _, offer = await trading.list_offer(places=100)
    request: list[Any] = []
    order: dict[str, Any] = {}
    outcomes = []

    async def prepare(step: int) -> tuple[Any, ...]:
        order.update((await trading.place(offer, BUYERS[step % 3])).json)
        await trading.go_ok("owner", order, "draft")
        await trading.sign_order("owner", order)
        target = f"{ORDERS}/{order['id']}"
        contract = await trading.act_ok("owner", f"{target}/contract", method="GET")
        key = trading.key_of(BUYERS[step % 3])
        request[:] = [key, f"/api/v1{target}/signature", {"digest": contract["digest"]}]
        return tuple(request)

    async for _ in each_step(trading, settings, prepare, post):
        outcomes.append(await _is_bound(trading, order["id"]))
        assert (await post(trading, *request)).status == (409 if outcomes[-1] else 200)
        assert await _is_bound(trading, order["id"])
    assert (outcomes[0], outcomes[-1]) == (False, True)
    await check_ledger(trading, tmp_path / "export")


async def _is_bound(trading: TradingExchange, order: str) -> bool:
    """Whether an order is bound with its agreement and its entries, once; otherwise there is nothing of it."""
    [(state, agreement)] = await select(
        trading, "SELECT state, agreement_id::text FROM trade_orders WHERE id::text = $1", order
    )
    counted = await count_about(trading, order)
    agreements = await select(trading, "SELECT id FROM agreements WHERE id::text = $1", agreement or "")
    concluded = (await count_about(trading, agreement))["agreement.concluded"] if agreement else 0
    has = (len(agreements), concluded, counted["order.signed"], counted["order.begun"])
    assert (state, has) in (("delivering", (1, 1, 1, 1)), ("half_signed", (0, 0, 0, 0)))
    return bool(state == "delivering")


async def test_a_place_that_is_taken_by_a_killed_process_is_taken_once(
    trading: TradingExchange, settings: Settings, tmp_path: Path
) -> None:
    listing, offer = await trading.list_offer(places=100)
    request: list[Any] = []
    order = {"offer": offer["id"], "purpose": "talent-service", "basis": "业务", "scenario": "分析", "scope": "内部"}
    steps = 0

    async def prepare(step: int) -> tuple[Any, ...]:
        request[:] = [trading.key_of(BUYERS[step % 3]), f"/api/v1{ORDERS}", order | {"reference": f"K-{step}"}]
        return tuple(request)

    async for _ in each_step(trading, settings, prepare, post):
        steps += 1
        placed = await post(trading, *request)
        assert placed.status == 201
        [shown] = (await trading.act_ok("owner", f"{LISTINGS}/{listing['id']}", method="GET"))["offers"]
        assert shown["left"] == 99
        assert (await count_about(trading, placed.json["id"]))["order.placed"] == 1
        assert (await trading.go("owner", placed.json, "cancel")).status == 200
    assert steps > 1
    await check_ledger(trading, tmp_path / "export")
