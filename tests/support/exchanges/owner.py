"""An exchange with an owner's table, a consumer's agreement and a clock that tests move: for owners' policy modules."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from exchange.kernel.clock import SettableClock
from exchange.settings import Settings
from policies.owner_rules.modules import OwnerModule
from tests.support.exchanges.exchange import Answer, Exchange, Party
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.populated import DELIVERIES

MORNING = datetime(2096, 11, 27, 2, 0, 30, tzinfo=UTC)
"""Ten o'clock in China."""


async def submit(exchange: Exchange, owner: Party, module: OwnerModule) -> str:
    """Submit a module, which has to be accepted; returns its digest."""
    document = {"organisation": owner.id, "module": module.text, "tests": module.tests}
    accepted: dict[str, Any] = await exchange.call_ok(owner.steward, "POST", "/api/v1/policy-modules", document)
    assert accepted["digest"] == module.digest
    return module.digest


@dataclass(kw_only=True)
class OwnerExchange(Exchange):
    """An exchange whose consumer's agreement grants all of the owner's table."""

    clock: SettableClock
    owner: Party
    consumer: Party
    dataset: dict[str, Any]
    source: dict[str, Any]

    def move_to_morning(self) -> None:
        """Move the clock to ten o'clock of the next day."""
        now = self.clock.now()
        self.clock.move(MORNING + timedelta(days=(now - MORNING).days + 1) - now)

    async def fetch(self, **document: Any) -> Answer:
        """Request a delivery of the table as the consumer's system."""
        question = {"dataset": "owner/people", **document}
        return await self.call(self.consumer.system, "POST", DELIVERIES, question, purpose="talent-service")

    async def attach_module(self, module: OwnerModule, **terms: Any) -> str:
        """Submit a module and publish the dataset with it; returns the module's digest."""
        digest = await submit(self, self.owner, module)
        await self.publish_terms(module=digest, **terms)
        return digest

    async def publish_terms(self, **terms: Any) -> None:
        """Publish the dataset with its first terms and these."""
        await self.draft_terms(**terms)
        await self.call_ok(self.owner.steward, "POST", f"/api/v1/datasets/{self.dataset['id']}/publication")

    async def draft_terms(self, **terms: Any) -> Any:
        """Draft the dataset with its first terms and these."""
        document = {**self.dataset["document"], "terms": {**self.dataset["document"]["terms"], **terms}}
        draft = {"source": self.source["id"], "handle": "people", "document": document}
        return await self.call_ok(self.owner.steward, "PUT", f"/api/v1/datasets/{self.dataset['id']}/draft", draft)

    async def replay(self, answer: Answer) -> Any:
        """Replay the decision behind a response, as the auditor."""
        target = f"/api/v1/audit/entries/{answer.headers['exchange-entry']}/replay"
        return await self.call_ok(self.keys["auditor"], "GET", target)

    async def entry_of(self, answer: Answer) -> Any:
        """Read the body of the entry that a response names."""
        return (await self.read_entries())[int(answer.headers["exchange-entry"])]


@asynccontextmanager
async def start_owner_exchange(settings: Settings, people_table: str) -> AsyncIterator[OwnerExchange]:
    """Start an exchange on an empty database, whose owner has published and granted the table."""
    async with start_filled(settings, _fill, people_table, clock=SettableClock(MORNING)) as exchange:
        yield exchange


async def _fill(exchange: Exchange, people_table: str) -> OwnerExchange:
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_table(owner, people_table, "people")
    dataset = await exchange.publish_dataset(owner, source, "people")
    year = (MORNING + timedelta(days=365)).isoformat()
    application = await exchange.apply(consumer, dataset, not_after=year)
    await exchange.call_ok(owner.steward, "POST", f"/api/v1/applications/{application['id']}/approval", {})
    return OwnerExchange(
        exchange.app,
        exchange.client,
        exchange.keys,
        url=exchange.url,
        clock=exchange.settable_clock,
        owner=owner,
        consumer=consumer,
        dataset=dataset,
        source=source,
    )
