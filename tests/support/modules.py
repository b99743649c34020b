"""Owners' modules for the tests: one that denies and narrows in every way, and what goes with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from exchange.kernel.clock import SettableClock
from exchange.kernel.settings import Settings
from policies.modules import OwnerModule
from tests.support.founded import founded
from tests.support.scene import DELIVERIES
from tests.support.world import Answer, Party, World

MORNING = datetime(2026, 11, 27, 2, 0, 30, tzinfo=UTC)
"""Ten in the morning in China."""

TEXT = """package exchange.owner

deny contains {"code": "office-hours", "message": "Ask between 9 and 17 o'clock."} if not office_hours

office_hours if {
	input.calendar.hour >= 9
	input.calendar.hour < 17
}

drop contains "born" if input.subject.kind != "department"

masks["name"] := {"kind": "partial", "keep_start": 1, "keep_end": 0}

row_filters contains {"field": "city", "op": "eq", "value": "330110"}

row_cap := 7
"""
TESTS = """package exchange.owner_test

import data.exchange.owner

at(hour) := {"calendar": {"hour": hour}, "subject": {"kind": "enterprise"}}

test_closed_in_the_evening if {
	some why in owner.deny with input as at(20)
	why.code == "office-hours"
}

test_open_by_day if count(owner.deny) == 0 with input as at(10)

test_narrows if {
	owner.drop == {"born"} with input as at(10)
	owner.row_cap == 7 with input as at(10)
}
"""
OFFICE = OwnerModule(TEXT, TESTS)


def saying(body: str, tests: str = "") -> OwnerModule:
    """A module with a body, and tests with another."""
    return OwnerModule(f"package exchange.owner\n\n{body}\n", f"package exchange.owner_test\n\n{tests}\n")


def capping(rows: int) -> OwnerModule:
    """The smallest module that narrows anything."""
    return saying(f"row_cap := {rows}", f"test_cap if data.exchange.owner.row_cap == {rows}")


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
        await world.agreement(consumer, owner, dataset)
        yield Story(world, clock, owner, consumer, dataset, source)
