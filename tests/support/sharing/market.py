"""A model of the market: what each act has to answer, and what has to be so of places, money and the ledger."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, Final

from exchange.trading.orders.schemas import Verb
from tests.support.exchanges.exchange import Answer
from tests.support.sharing.trading import LISTINGS, OFFERS, ORDERS, TradingExchange

PRICE: Final = 120_000
BUYERS: Final = ("other", "department", "bureau")
UNBOUND: Final = frozenset({"placed", "contract_drafted", "half_signed"})
BOUND: Final = frozenset({"delivering", "delivered", "objected", "accepted"})
ENTRIES: Final = {
    "draft": "contract_drafted",
    "deliver": "delivered",
    "accept": "accepted",
    "object": "objected",
    "cure": "cured",
    "refund": "refunded",
    "terminate": "terminated",
    "cancel": "cancelled",
    "pay": "paid",
    "repay": "repaid",
}
MOVES: Final[Mapping[Verb, Mapping[str, str]]] = {
    "draft": {"placed": "contract_drafted"},
    "deliver": {"delivering": "delivered"},
    "accept": {"delivered": "accepted", "objected": "accepted"},
    "object": {"delivered": "objected"},
    "cure": {"objected": "delivered"},
    "refund": {"objected": "refunded"},
    "terminate": dict.fromkeys(BOUND, "terminated"),
    "cancel": dict.fromkeys(UNBOUND, "cancelled"),
    "pay": {state: state for state in BOUND | {"terminated"}},
    "repay": {"accepted": "accepted", "terminated": "terminated"},
}
"""The states that each verb leads from and to, written down anew."""
_NUMBERS = count(1)


@dataclass
class Sold:
    """An offer: its places, and whether it is open."""

    offer: dict[str, Any]
    places: int
    is_open: bool = True


@dataclass
class Ordered:
    """An order as it has to be, with the types of its entries so far."""

    id: str
    buyer: str
    sold: Sold
    state: str = "placed"
    signed: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=lambda: ["placed"])
    paid: int = 0
    refunded: int = 0
    frozen: int = 0
    reduced: int = 0

    @property
    def due(self) -> int:
        """What is still to be paid."""
        return PRICE - self.reduced - self.frozen - self.paid + self.refunded

    @property
    def row(self) -> dict[str, Any]:
        """The order as the API has to show it."""
        amounts = {name: getattr(self, name) for name in ("paid", "refunded", "frozen", "reduced", "due")}
        return {"state": self.state, "signed_by": self.signed, **amounts}

    def take(self, verb: Verb, amount: int) -> bool:
        """Take a step as the rules say; returns whether it is allowed."""
        target = MOVES[verb].get(self.state)
        bounds = {"pay": self.due, "repay": self.paid - self.refunded}
        if target is None or (verb in bounds and not 1 <= amount <= bounds[verb]):
            return False
        if verb == "object":
            if amount > PRICE - self.reduced:
                return False
            self.frozen = amount
        if verb == "pay":
            self.paid += amount
        if verb == "repay":
            self.refunded += amount
        if verb in ("accept", "cure"):
            self.frozen = 0
        if verb == "refund":
            self.reduced, self.frozen = self.reduced + self.frozen, 0
            self.refunded += max(-self.due, 0)
        self.state = target
        self.history.append(ENTRIES[verb])
        return True


class Market:
    """Two limited offers of one listing, and every order of them."""

    def __init__(self, exchange: TradingExchange) -> None:
        self.exchange = exchange
        self.listing: dict[str, Any] = {}
        self.sold: list[Sold] = []
        self.orders: dict[str, Ordered] = {}
        self.name = f"M{next(_NUMBERS)}"

    async def begin(self) -> None:
        """List two offers, of two places and of one."""
        self.listing, first = await self.exchange.list_offer(places=2)
        self.sold = [Sold(first, 2), Sold(await self.exchange.open_offer(self.listing, places=1), 1)]

    def taken(self, sold: Sold) -> int:
        """The places of an offer that are taken."""
        return sum(order.sold is sold and order.state != "cancelled" for order in self.orders.values())

    def _expect(self, buyer: str, sold: Sold, known: Ordered | None) -> int:
        """The status that an order has to get."""
        if known is not None:
            return 201 if known.sold is sold else 409
        held = any(
            order.sold is sold and order.buyer == buyer and order.state in UNBOUND for order in self.orders.values()
        )
        return 201 if sold.is_open and self.taken(sold) < sold.places and not held else 409

    async def place(self, buyer: str, number: int, reference: int) -> None:
        """Order an offer, perhaps again under the same reference."""
        sold, name = self.sold[number], f"{self.name}-{buyer}-{reference}"
        known = self.orders.get(name)
        expected = self._expect(buyer, sold, known)
        answer = await self.exchange.place(sold.offer, buyer, reference=name)
        assert answer.status == expected, answer.content.decode()
        if known is not None and expected == 201:
            assert answer.json["id"] == known.id
        elif expected == 201:
            self.orders[name] = Ordered(answer.json["id"], buyer, sold)

    async def rush(self, number: int) -> None:
        """Let every buyer order twice at once; as many get a place as there are, and nobody gets two."""
        sold, reference = self.sold[number], next(_NUMBERS)
        eligible = [buyer for buyer in BUYERS if self._expect(buyer, sold, None) == 201]
        left = sold.places - self.taken(sold)
        names = [f"{self.name}-{buyer}-R{reference}-{turn}" for buyer in BUYERS for turn in (1, 2)]
        answers = await asyncio.gather(
            *(self.exchange.place(sold.offer, name.split("-")[1], reference=name) for name in names)
        )
        for name, answer in zip(names, answers, strict=True):
            assert answer.status in (201, 409), answer.content.decode()
            if answer.status == 201:
                self.orders[name] = Ordered(answer.json["id"], name.split("-")[1], sold)
        assert [answer.status for answer in answers].count(201) == min(len(eligible), left)

    async def close(self, number: int) -> None:
        """Close an offer."""
        sold = self.sold[number]
        answer = await self.exchange.act("owner", f"{OFFERS}/{sold.offer['id']}/closing")
        assert answer.status == (200 if sold.is_open else 409)
        sold.is_open = False

    async def step(self, order: Ordered, verb: Verb, amount: int) -> None:
        """Take a step of an order by a side that may take it."""
        who = order.buyer if verb in ("accept", "object") else "owner"
        stated = {"amount": amount} if verb in ("pay", "repay", "object") else {}
        is_allowed = order.take(verb, amount)
        answer = await self.exchange.go(who, order.__dict__, verb, **stated)
        assert (answer.status == 200) is is_allowed, (verb, order, answer.content.decode())

    async def _sign(self, order: Ordered, side: str) -> Answer:
        who = "owner" if side == "seller" else order.buyer
        target = f"{ORDERS}/{order.id}"
        contract = await self.exchange.act(who, f"{target}/contract", method="GET")
        digest = contract.json["digest"] if contract.status == 200 else "0" * 64
        return await self.exchange.act(who, f"{target}/signature", {"digest": digest})

    def _signed(self, order: Ordered, side: str) -> None:
        order.signed.append(side)
        is_first = len(order.signed) == 1
        order.state = "half_signed" if is_first else "delivering"
        order.history += ["signed_by_one"] if is_first else ["signed", "begun"]

    async def sign(self, order: Ordered, side: str) -> None:
        """Sign as a side."""
        is_allowed = order.state in ("contract_drafted", "half_signed") and side not in order.signed
        answer = await self._sign(order, side)
        assert (answer.status == 200) is is_allowed, (side, order, answer.content.decode())
        if is_allowed:
            self._signed(order, side)

    async def race(self, order: Ordered) -> None:
        """Let both sides sign while the buyer cancels: the order is bound by both, or cancelled, and nothing else."""
        acts: Sequence[Awaitable[Answer]] = (
            self._sign(order, "seller"),
            self._sign(order, "buyer"),
            self.exchange.go(order.buyer, order.__dict__, "cancel"),
        )
        before = order.state
        answers = await asyncio.gather(*acts)
        assert {answer.status for answer in answers} <= {200, 409}
        now = await self.exchange.act_ok("owner", f"{ORDERS}/{order.id}", method="GET")
        for side in now["signed_by"][len(order.signed) :]:
            self._signed(order, side)
        if answers[2].status == 200:
            assert before in UNBOUND
            order.take("cancel", 0)
        assert now["state"] == order.state

    async def lapse(self) -> None:
        """Let the time to sign pass: nothing unsigned is left."""
        self.exchange.clock.move(timedelta(days=30))
        await self.exchange.end_timed()
        for order in self.orders.values():
            if order.state in UNBOUND:
                order.state = "cancelled"
                order.history.append("lapsed")

    async def fetch(self, buyer: str) -> None:
        """Fetch the data: it is delivered under a contract in force, and no other."""
        has_contract = any(order.buyer == buyer and order.state in BOUND for order in self.orders.values())
        answer = await self.exchange.fetch(getattr(self.exchange, buyer))
        assert (answer.status == 200) is has_contract, answer.content.decode()

    async def check_places(self) -> None:
        """Check that places are neither oversold nor lost."""
        shown = (await self.exchange.act_ok("owner", f"{LISTINGS}/{self.listing['id']}", method="GET"))["offers"]
        left = {offer["id"]: offer["left"] for offer in shown}
        assert left == {sold.offer["id"]: sold.places - self.taken(sold) for sold in self.sold}
        assert min(left.values()) >= 0

    async def end(self) -> None:
        """End every contract, and check orders, money and the ledger."""
        for order in self.orders.values():
            if order.state in BOUND:
                await self.step(order, "terminate", 0)
        for buyer in BUYERS:
            await self.fetch(buyer)
        histories: dict[str, list[str]] = {}
        for body in await self.exchange.read_entries():
            if body["type"].startswith("order."):
                histories.setdefault(body["object"]["id"], []).append(body["type"].removeprefix("order."))
        for order in self.orders.values():
            assert histories[order.id] == order.history
            shown = await self.exchange.act_ok("owner", f"{ORDERS}/{order.id}", method="GET")
            assert {name: shown[name] for name in order.row} == order.row
            assert shown["paid"] - shown["refunded"] + shown["due"] + shown["reduced"] + shown["frozen"] == PRICE
