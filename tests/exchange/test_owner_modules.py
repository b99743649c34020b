"""An owner's own module over the whole path: accepted, attached, deciding, on the ledger, and decided again."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from exchange.kernel.clock import SettableClock
from exchange.kernel.database import arguments
from exchange.kernel.settings import Settings
from policies.bundle import bundle, write
from policies.modules import OwnerModule
from tests.support.founded import founded, resumed
from tests.support.modules import OFFICE, TESTS, TEXT, capping, saying, submit
from tests.support.opa import opa_running
from tests.support.scene import DELIVERIES
from tests.support.tools import tool
from tests.support.world import Answer, Party, World

MODULES = "/api/v1/policy-modules"
MORNING = datetime(2026, 11, 27, 10, 0, 30, tzinfo=UTC) - timedelta(hours=8)


@dataclass
class Story:
    """An owner with a table, and a consumer whose agreement grants all of it."""

    world: World
    clock: SettableClock
    owner: Party
    consumer: Party
    dataset: dict[str, Any]
    source: dict[str, Any]

    async def ask(self, **document: Any) -> Answer:
        question = {"dataset": "owner/people", **document}
        return await self.world.call(self.consumer.system, "POST", DELIVERIES, question, purpose="talent-service")

    async def attach(self, module: OwnerModule, **terms: Any) -> str:
        """Have a module accepted and published with the dataset."""
        digest = await submit(self.world, self.owner, module)
        await self.draft(module=digest, **terms)
        await self.world.done(self.owner.steward, "POST", f"/api/v1/datasets/{self.dataset['id']}/publication")
        return digest

    async def draft(self, **terms: Any) -> Any:
        document = {**self.dataset["document"], "terms": {**self.dataset["document"]["terms"], **terms}}
        new = {"source": self.source["id"], "handle": "people", "document": document}
        return await self.world.done(self.owner.steward, "PUT", f"/api/v1/datasets/{self.dataset['id']}/draft", new)

    async def replayed(self, answer: Answer) -> Any:
        target = f"/api/v1/audit/entries/{answer.headers['exchange-entry']}/replay"
        return await self.world.done(self.world.keys["auditor"], "GET", target)

    async def entry(self, answer: Answer) -> Any:
        return (await self.world.entries())[int(answer.headers["exchange-entry"])]


@pytest.fixture(params=["embedded", "opa"])
async def story(
    request: pytest.FixtureRequest, settings: Settings, people_table: str, tmp_path: Path
) -> AsyncIterator[Story]:
    """On either engine; where the policy is on an OPA server, OPA looks at modules as well."""
    async with AsyncExitStack() as stack:
        if request.param == "opa":
            opa = tool("opa")
            write(bundle(), tmp_path / "policy")
            url = await stack.enter_async_context(opa_running(opa, tmp_path / "policy"))
            settings = settings.model_copy(update={"opa_url": url, "opa_binary": Path(opa)})
        yield await stack.enter_async_context(told(settings, people_table))


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


@asynccontextmanager
async def as_owner(world: World) -> AsyncIterator[asyncpg.Connection]:
    """The database as whoever owns its tables, with the guards down."""
    connection = await asyncpg.connect(**arguments(world.app.state.runtime.database.url))
    await connection.execute("SET session_replication_role = replica")
    try:
        yield connection
    finally:
        await connection.close()


async def test_the_whole_path(story: Story) -> None:
    digest = await story.attach(OFFICE)
    before = await story.ask()
    assert before.status == 200, before.content
    rows = before.json["rows"]
    assert len(rows) == 7
    assert {tuple(row) for row in rows} == {("person_id", "name", "city")}
    assert {row["city"] for row in rows} == {"330110"}
    assert all(row["name"].endswith("*") for row in rows)

    story.clock.move(timedelta(seconds=20))  # within the minute
    again = await story.ask()
    story.clock.move(timedelta(hours=7))
    evening = await story.ask()
    assert (evening.status, evening.problem) == (403, "owner-denied")
    [reason] = evening.json["reasons"]
    assert reason["rule"] == f"module.{digest}"
    assert (reason["ref"], reason["remedy"]) == ("office-hours", "Ask between 9 and 17 o'clock.")
    assert evening.json["detail"] == reason["remedy"]

    entries = [await story.entry(answer) for answer in (before, again, evening)]
    assert [one["decision"]["outcome"] for one in entries] == ["allow", "allow", "deny"]
    assert entries[0]["decision"] == entries[1]["decision"]
    assert entries[2]["decision"]["reasons"] == [{"code": "owner-denied", "ref": "office-hours"}]
    for answer in (before, again, evening):
        said = await story.replayed(answer)
        assert said["verdict"] == "agrees"
        assert said["input"]["resource"]["terms"]["module"] == digest

    refused = await story.ask(fields=["born"])
    assert refused.problem == "owner-denied"
    story.clock.move(timedelta(hours=16))
    for question, problem in (
        ({"fields": ["born"]}, "field-not-granted"),
        ({"filters": [{"field": "name", "op": "eq", "value": "人1"}]}, "filter-not-granted"),
        ({"filters": [{"field": "born", "op": "gt", "value": "1971-01-01"}]}, "filter-not-granted"),
    ):
        answer = await story.ask(**question)
        assert answer.problem == problem
        assert (await story.replayed(answer))["verdict"] == "agrees"


async def test_accepting_a_module_is_on_the_ledger_and_it_is_its_owners_to_see(story: Story) -> None:
    digest = await submit(story.world, story.owner, OFFICE)
    [entry] = [one for one in await story.world.entries() if one["type"] == "module.accepted"]
    assert entry["object"] == {"kind": "module", "id": digest}
    assert (entry["organisation"], entry["tests"]) == (story.owner.id, 3)
    assert entry["checked_by"] == story.world.app.state.runtime.modules.name
    assert await submit(story.world, story.owner, OFFICE) == digest  # the same content is there once
    assert [one["type"] for one in await story.world.entries()].count("module.accepted") == 1

    [listed] = await story.world.done(story.owner.steward, "GET", MODULES)
    assert (listed["digest"], listed["checked_by"]) == (digest, entry["checked_by"])
    shown = await story.world.done(story.owner.steward, "GET", f"{MODULES}/{digest}")
    assert shown["files"] == {"owner.rego": TEXT, "owner_test.rego": TESTS}
    auditor = story.world.keys["auditor"]
    assert (await story.world.done(auditor, "GET", f"{MODULES}/{digest}?organisation={story.owner.id}")) == shown
    for key in (story.consumer.steward, story.consumer.system):
        answer = await story.world.call(key, "GET", f"{MODULES}/{digest}?organisation={story.owner.id}")
        assert answer.problem == "role-missing"
        assert (await story.world.call(key, "GET", f"{MODULES}/{digest}")).problem in {"not-found", "role-missing"}


async def test_only_ones_own_module_can_be_attached(story: Story) -> None:
    digest = await submit(story.world, story.consumer, capping(3))
    document = {**story.dataset["document"], "terms": {**story.dataset["document"]["terms"], "module": digest}}
    new = {"source": story.source["id"], "handle": "people", "document": document}
    for target, method in ((f"/api/v1/datasets/{story.dataset['id']}/draft", "PUT"), ("/api/v1/datasets", "POST")):
        answer = await story.world.call(story.owner.steward, method, target, new | {"handle": "other"})
        assert (answer.status, answer.problem) == (422, "dataset-invalid")
        assert [one["at"] for one in answer.json["errors"]] == ["terms/module"]
    stranger = {"organisation": story.owner.id, "module": TEXT, "tests": TESTS}
    assert (await story.world.call(story.consumer.steward, "POST", MODULES, stranger)).problem == "role-missing"


@pytest.mark.parametrize("change", ["away", "in place", "for nonsense"])
async def test_a_module_changed_behind_the_exchanges_back_is_noticed(
    settings: Settings, people_table: str, change: str
) -> None:
    async with told(settings, people_table) as story:
        digest = await story.attach(capping(7))
        answer = await story.ask()
        assert len(answer.json["rows"]) == 7
        statement = {
            "away": "DELETE FROM policy_modules",
            "in place": "UPDATE policy_modules SET files = replace(files::text, '7', '9')::jsonb",
            "for nonsense": "UPDATE policy_modules SET files = '[]'",
        }[change]
        async with as_owner(story.world) as connection:
            assert (await connection.execute(statement)).endswith(" 1")
        expected = "module-missing" if change == "away" else "module-altered"
        assert (await story.replayed(answer))["verdict"] == expected
        draft = await story.world.call(
            story.owner.steward, "PUT", f"/api/v1/datasets/{story.dataset['id']}/draft",
            {"source": story.source["id"], "handle": "people", "document": await _published(story)},
        )  # fmt: skip
        assert draft.problem == "dataset-invalid"
        data = story.world.app.state.runtime.settings.data
    async with resumed(settings.model_copy(update={"data": data}), clock=story.clock) as world:
        later = Story(world, story.clock, story.owner, story.consumer, story.dataset, story.source)
        denied = await later.ask()
        assert (denied.status, denied.problem) == (503, "policy-unavailable")
        assert denied.json["reasons"][0]["rule"] == f"module.{digest}"
        assert (await later.replayed(denied))["verdict"] == "policy-unavailable"


async def _published(story: Story) -> Any:
    dataset = await story.world.done(story.owner.steward, "GET", f"/api/v1/datasets/{story.dataset['id']}")
    return dataset["document"]


async def test_the_application_may_not_change_a_module(settings: Settings, people_table: str) -> None:
    async with told(settings, people_table) as story:
        await submit(story.world, story.owner, capping(7))
        async with story.world.app.state.runtime.database.pool.acquire() as connection:
            for statement in ("DELETE FROM policy_modules", "UPDATE policy_modules SET tests = 0"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        owner = await asyncpg.connect(**arguments(story.world.app.state.runtime.database.url))
        for statement in ("DELETE FROM policy_modules", "UPDATE policy_modules SET tests = 0"):
            with pytest.raises(asyncpg.RaiseError):
                await owner.execute(statement)
        await owner.close()


SLOW = """row_cap := 5 if count(slow) >= 0

slow contains 1 if {
	input.purpose == "talent-service"
	some a in numbers
	some b in numbers
	some c in numbers
	some d in numbers
	a + b + c + d == 0
}

numbers := [n | some row in rows; some n in row]

rows := [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [11, 12, 13, 14, 15, 16, 17, 18, 19, 20], [21, 22, 23, 24, 25, 26, 27, 28, 29]]
"""


async def test_a_module_that_takes_too_long_denies_and_is_not_remembered(settings: Settings, people_table: str) -> None:
    async with told(settings, people_table) as story:
        digest = await story.attach(saying(SLOW, "test_cap if data.exchange.owner.row_cap == 5"))
        for _ in range(2):
            answer = await story.ask()
            assert (answer.status, answer.problem) == (503, "policy-unavailable")
            assert answer.json["reasons"][0]["rule"] == f"module.{digest}"
            assert (await story.entry(answer))["decision"]["outcome"] == "deny"
        await story.attach(capping(4))
        assert len((await story.ask()).json["rows"]) == 4


ODD = {
    "a mask that nobody knows": ('masks["name"] := {"kind": "blur"}', "obligation-unknown"),
    "a mask that does not fit the field": ('masks["name"] := {"kind": "bucket", "size": 10}', "obligation-unknown"),
    "a condition of another type": (
        'row_filters contains {"field": "person_id", "op": "eq", "value": "x"}',
        "obligation-unknown",
    ),
    "a field that is not there": ('drop contains "salary"', "obligation-unknown"),
    "every field": ("drop contains one.name if some one in input.resource.fields", "nothing-granted"),
    "a cap that is none": ('row_cap := "many"', "policy-unavailable"),
    "two caps": ("row_cap := 3\n\nrow_cap := 4 if input.purpose", "policy-unavailable"),
    "a word from the question": (
        'deny contains {"code": input.purpose}\n\nrow_cap := 3',
        "policy-unavailable",
    ),
}


@pytest.mark.parametrize(("body", "problem"), ODD.values(), ids=ODD)
async def test_what_cannot_be_carried_out_denies(
    settings: Settings, people_table: str, body: str, problem: str
) -> None:
    async with told(settings, people_table) as story:
        heard = re.match(r"[a-z_]+", body)
        assert heard is not None
        tests = (
            f'test_says if data.exchange.owner.{heard[0]} with input as {{"resource": {{"fields": [{{"name": "a"}}]}}}}'
        )
        digest = await story.attach(saying(body, tests))
        answer = await story.ask()
        assert answer.problem == problem
        assert answer.json["reasons"][0]["rule"] == f"module.{digest}"
        expected = "policy-unavailable" if problem == "policy-unavailable" else "agrees"
        assert (await story.replayed(answer))["verdict"] == expected


async def test_it_is_told_whose_word_an_obligation_is(story: Story) -> None:
    digest = await story.attach(OFFICE)
    question = {"system": story.consumer.system_id, "dataset": "owner/people", "purpose": "talent-service"}
    for key, is_withheld in ((story.owner.steward, False), (story.consumer.steward, True)):
        told = await story.world.done(key, "POST", "/api/v1/policy/explanations", question)
        assert {"rule": f"module.{digest}", "says": "allow"}.items() <= told["rules"][-1].items()
        by_module = {(one["kind"], one["name"]) for one in told["obligations"] if one["sources"] == ["module"]}
        assert by_module == {("column", "name"), ("row_filter", None), ("row_cap", None)}
        [condition] = [one for one in told["obligations"] if one["kind"] == "row_filter"]
        assert (condition["withheld"], condition["rule"]) == (is_withheld, f"module.{digest}")
        assert (condition["value"] is None) == is_withheld
    evening = question | {"at": "2026-11-27T20:00:00+08:00"}
    told = await story.world.done(story.owner.steward, "POST", "/api/v1/policy/explanations", evening)
    assert told["outcome"] == "deny"
    assert told["rules"][-1]["ref"] == "office-hours"


async def test_before_publishing_its_effects_are_seen(settings: Settings, people_table: str) -> None:
    async with told(settings, people_table) as story:
        delivered = [await story.ask(limit=2)]
        story.clock.move(timedelta(hours=8))
        delivered.append(await story.ask(limit=2))
        digest = await submit(story.world, story.owner, OFFICE)
        await story.draft(module=digest)
        target = f"/api/v1/datasets/{story.dataset['id']}/draft/effects"
        effects = await story.world.done(story.owner.steward, "POST", target)
        [running] = effects["agreements"]
        assert (running["before"], running["after"], running["reasons"]) == ("allow", "deny", ["owner-denied"])
        assert [(one["entry"], one["reasons"]) for one in effects["refused"]] == [
            (int(delivered[1].headers["exchange-entry"]), ["owner-denied"])
        ]


async def test_odrl_cannot_say_it(settings: Settings, people_table: str) -> None:
    async with told(settings, people_table) as story:
        target = f"/api/v1/datasets/{story.dataset['id']}"
        offer = await story.world.done(story.owner.steward, "GET", f"{target}/odrl")
        await story.attach(capping(3))
        for key in (story.owner.steward, story.consumer.steward):
            answer = await story.world.call(key, "GET", f"{target}/odrl")
            assert (answer.status, answer.problem) == (409, "terms-unsaid")
        answer = await story.world.call(story.owner.steward, "PUT", f"{target}/draft/odrl", offer)
        assert answer.problem == "terms-unsaid"
