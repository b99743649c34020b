"""A story with an owner's module in it: an owner with a table, a consumer with an agreement, and a clock that stands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from exchange.kernel.clock import SettableClock
from exchange.settings import Settings
from policies.owner_rules.modules import OwnerModule
from tests.support.founded import founded
from tests.support.scene import DELIVERIES
from tests.support.world import Answer, Party, World

MORNING = datetime(2026, 11, 27, 2, 0, 30, tzinfo=UTC)
"""Ten in the morning in China."""


async def submit(world: World, owner: Party, module: OwnerModule) -> str:
    """Have a module accepted; gives its digest."""
    document = {"organisation": owner.id, "module": module.text, "tests": module.tests}
    accepted: dict[str, Any] = await world.done(owner.steward, "POST", "/api/v1/policy-modules", document)
    assert accepted["digest"] == module.digest
    return module.digest


@dataclass
class Story:
    """An owner with a table, and a consumer whose agreement grants all of it."""

    world: World
    clock: SettableClock
    owner: Party
    consumer: Party
    dataset: dict[str, Any]
    source: dict[str, Any]

    def morning(self) -> None:
        """Go on to ten o'clock of the next day."""
        now = self.clock.now()
        self.clock.move(MORNING + timedelta(days=(now - MORNING).days + 1) - now)

    async def ask(self, **document: Any) -> Answer:
        question = {"dataset": "owner/people", **document}
        return await self.world.call(self.consumer.system, "POST", DELIVERIES, question, purpose="talent-service")

    async def attach(self, module: OwnerModule, **terms: Any) -> str:
        """Have a module accepted and published with the dataset."""
        digest = await submit(self.world, self.owner, module)
        await self.publish(module=digest, **terms)
        return digest

    async def publish(self, **terms: Any) -> None:
        """Publish the first terms again, with others beside them."""
        await self.draft(**terms)
        await self.world.done(self.owner.steward, "POST", f"/api/v1/datasets/{self.dataset['id']}/publication")

    async def draft(self, **terms: Any) -> Any:
        document = {**self.dataset["document"], "terms": {**self.dataset["document"]["terms"], **terms}}
        new = {"source": self.source["id"], "handle": "people", "document": document}
        return await self.world.done(self.owner.steward, "PUT", f"/api/v1/datasets/{self.dataset['id']}/draft", new)

    async def replayed(self, answer: Answer) -> Any:
        target = f"/api/v1/audit/entries/{answer.headers['exchange-entry']}/replay"
        return await self.world.done(self.world.keys["auditor"], "GET", target)

    async def entry(self, answer: Answer) -> Any:
        return (await self.world.entries())[int(answer.headers["exchange-entry"])]


@asynccontextmanager
async def told(settings: Settings, people_table: str) -> AsyncIterator[Story]:
    """The story, in an exchange of its own."""
    clock = SettableClock(MORNING)
    async with founded(settings, clock=clock) as world:
        owner, consumer = await world.party("owner"), await world.party("consumer", kind="institution", level="none")
        source = await world.table_source(owner, people_table, "people")
        dataset = await world.dataset(owner, source, "people")
        year = (MORNING + timedelta(days=365)).isoformat()
        application = await world.apply(consumer, dataset, not_after=year)
        await world.done(owner.steward, "POST", f"/api/v1/applications/{application['id']}/approval", {})
        yield Story(world, clock, owner, consumer, dataset, source)
