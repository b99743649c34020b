"""An exchange with a seller that has the right OPERATE, buyers, and a market operator; its clock is moved by tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import count
from typing import Any

from exchange.settings import Settings
from exchange.trading.tasks import end_timed
from tests.support.exchanges.exchange import Answer, Party
from tests.support.sharing.departments import FRIDAY
from tests.support.sharing.registering import PROOF, RegisteringExchange, start_registering

LISTINGS = "/market/listings"
OFFERS = "/market/offers"
ORDERS = "/market/orders"
_NUMBERS = count(1)


def listing_document(**changes: Any) -> dict[str, Any]:
    """What a seller states, complete; a change to `...` leaves a member out."""
    contract = {
        "inspection_days": 10,
        "deemed_acceptance": False,
        "payment": "postpaid",
        "delivery": "签约后通过交易所接口提供",
        "security": "仅在境内使用",
        "breach": "违约方赔偿直接损失",
        "dispute_resolution": "提交合同签订地人民法院",
    }
    document = {
        "title": {"zh": "岗位代码", "en": "Codes of positions"},
        "summary": {"zh": "岗位代码表", "en": "A table of codes"},
        "keywords": ["岗位"],
        "origin": "本企业业务中形成",
        "origin_proof": PROOF,
        "is_public_data": False,
        "resale": False,
        "export": False,
        "sample": [{"code": 7}],
        "contract": contract | changes.pop("contract", {}),
    }
    return {name: value for name, value in (document | changes).items() if value is not ...}


def offer_document(**changes: Any) -> dict[str, Any]:
    """An offer of the field `code` for a year."""
    document = {
        "name": {"zh": "一年期", "en": "One year"},
        "fields": ["code"],
        "purposes": ["talent-service"],
        "days": 365,
        "price": {"model": {"kind": "one_off", "amount": 120_000}, "tax": 0},
    }
    return document | changes


@dataclass(kw_only=True)
class TradingExchange(RegisteringExchange):
    """`owner` sells its dataset, `other` buys; the market operator is the bureau's steward (`registrar`)."""

    async def draft_listing(self, **changes: Any) -> Any:
        """Draft a listing of the owner's dataset."""
        document = {"dataset": self.dataset["id"], "document": listing_document(**changes)}
        return await self.act_ok("owner", LISTINGS, document)

    async def step(self, who: str, listing: dict[str, Any], verb: str) -> Answer:
        """Take a step of a listing."""
        return await self.act(who, f"{LISTINGS}/{listing['id']}/steps", {"verb": verb, "statement": "经核查"})

    async def open_offer(self, listing: dict[str, Any], **changes: Any) -> Any:
        """Open an offer of a listing."""
        return await self.act_ok("owner", f"{LISTINGS}/{listing['id']}/offers", offer_document(**changes))

    async def list_offer(self, *, document: dict[str, Any] | None = None, **offer: Any) -> tuple[Any, Any]:
        """A listing that passed the gate and the review, and its offer."""
        listing = await self.draft_listing(**(document or {}))
        opened = await self.open_offer(listing, **offer)
        for who, verb in (("owner", "submit"), ("registrar", "approve"), ("owner", "list")):
            answer = await self.step(who, listing, verb)
            assert answer.status == 200, answer.content.decode()
        return answer.json, opened

    async def place(self, offer: dict[str, Any], who: str = "other", **changes: Any) -> Answer:
        """Order an offer."""
        order = {
            "offer": offer["id"],
            "reference": f"PO-{next(_NUMBERS)}",
            "purpose": "talent-service",
            "basis": "本单位业务",
            "scenario": "分析岗位",
            "scope": "本单位内部",
        }
        return await self.act(who, ORDERS, order | changes)

    async def go(self, who: str, order: dict[str, Any], verb: str, **more: Any) -> Answer:
        """Take a step of an order."""
        document = {"verb": verb, "statement": "按合同", **more}
        return await self.act(who, f"{ORDERS}/{order['id']}/steps", document)

    async def go_ok(self, who: str, order: dict[str, Any], verb: str, **more: Any) -> Any:
        """Take a step of an order, which has to succeed."""
        answer = await self.go(who, order, verb, **more)
        assert answer.status == 200, answer.content.decode()
        return answer.json

    async def sign_order(self, who: str, order: dict[str, Any]) -> Any:
        """Sign the contract of an order as it stands."""
        contract = await self.act_ok(who, f"{ORDERS}/{order['id']}/contract", method="GET")
        return await self.act_ok(who, f"{ORDERS}/{order['id']}/signature", {"digest": contract["digest"]})

    async def bind(self, offer: dict[str, Any], who: str = "other", **changes: Any) -> Any:
        """An order of an offer that both sides have signed."""
        placed = await self.place(offer, who, **changes)
        assert placed.status == 201, placed.content.decode()
        await self.go_ok("owner", placed.json, "draft")
        await self.sign_order("owner", placed.json)
        return await self.sign_order(who, placed.json)

    async def fetch(self, party: Party, **more: Any) -> Answer:
        """Request a delivery of the owner's dataset as a party's system."""
        document = {"dataset": self.dataset["id"], "fields": ["code"], **more}
        return await self.call(party.system, "POST", "/api/v1/deliveries", document, purpose="talent-service")

    async def publish(self, **changes: Any) -> None:
        """Publish a version of the owner's dataset with changes of its document; `terms` are merged."""
        document = self.dataset["document"]
        terms = {**document["terms"], **changes.pop("terms", {})}
        source = (await self.act_ok("owner", f"/datasets/{self.dataset['id']}", method="GET"))["source"]
        draft = {"source": source, "handle": "codes", "document": {**document, **changes, "terms": terms}}
        await self.act_ok("owner", f"/datasets/{self.dataset['id']}/draft", draft, method="PUT")
        await self.act_ok("owner", f"/datasets/{self.dataset['id']}/publication")

    async def faults(self, listing: dict[str, Any]) -> list[str]:
        """The conditions of the gate that a listing does not meet."""
        checked = await self.act_ok("owner", f"{LISTINGS}/{listing['id']}/checks")
        return [fault["condition"] for fault in checked["faults"]]

    async def end_timed(self) -> int:
        """Do what time alone does to orders."""
        async with self.runtime.database.sessions() as session:
            return await end_timed(session, self.clock.now())


@asynccontextmanager
async def start_trading(
    settings: Settings, *, at: datetime = FRIDAY, is_registered: bool = True
) -> AsyncIterator[TradingExchange]:
    """Start an exchange on an empty database, with a market operator and, unless not wanted, the owner's registered rights."""
    async with start_registering(settings, at=at) as exchange:
        principal = await exchange.find_principal(exchange.bureau.steward)
        role = {"role": "market_operator", "domain": "exchange"}
        await exchange.call_ok(exchange.keys["security"], "POST", f"/api/v1/principals/{principal}/roles", role)
        if is_registered:
            await exchange.register()
        yield TradingExchange(**{each.name: getattr(exchange, each.name) for each in fields(exchange)})
