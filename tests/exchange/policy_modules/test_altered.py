"""Owners' modules in the database: what is changed behind the exchange's back is noticed, and the exchange may change none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from exchange.kernel.database import arguments
from exchange.settings import Settings
from tests.support.founded import resumed
from tests.support.modules import capping
from tests.support.owning import Story, told
from tests.support.world import World

CHANGES = {
    "module-altered": "UPDATE policy_modules SET files = replace(files::text, '7', '9')::jsonb",
    "module-altered again": "UPDATE policy_modules SET files = '[]'",
    "module-missing": "DELETE FROM policy_modules",
}
"""What is done, by the verdict of a replay afterwards."""


@asynccontextmanager
async def as_owner(world: World) -> AsyncIterator[asyncpg.Connection]:
    """The database as whoever owns its tables, with the guards down."""
    connection = await asyncpg.connect(**arguments(world.app.state.runtime.database.url))
    await connection.execute("SET session_replication_role = replica")
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_module_changed_behind_the_exchanges_back_is_noticed(settings: Settings, people_table: str) -> None:
    async with told(settings, people_table) as story, as_owner(story.world) as connection:
        digest = await story.attach(capping(7))
        answer = await story.ask()
        assert len(answer.json["rows"]) == 7
        published = await story.world.done(story.owner.steward, "GET", f"/api/v1/datasets/{story.dataset['id']}")
        for verdict, change in CHANGES.items():
            assert (await connection.execute(change)).endswith(" 1")
            assert (await story.replayed(answer))["verdict"] == verdict.partition(" ")[0]
            draft = await story.world.call(
                story.owner.steward,
                "PUT",
                f"/api/v1/datasets/{story.dataset['id']}/draft",
                {"source": story.source["id"], "handle": "people", "document": published["document"]},
            )
            assert (draft.problem, draft.json["errors"][0]["at"]) == ("dataset-invalid", "terms/module")
    async with resumed(settings, clock=story.clock) as world:
        later = Story(world, story.clock, story.owner, story.consumer, story.dataset, story.source)
        denied = await later.ask()
        assert (denied.status, denied.problem) == (503, "policy-unavailable")
        assert denied.json["reasons"][0]["rule"] == f"module.{digest}"
        assert (await later.replayed(denied))["verdict"] == "policy-unavailable"


async def test_nobody_may_change_a_module(settings: Settings, people_table: str) -> None:
    async with told(settings, people_table) as story:
        await story.attach(capping(7))
        statements = ("DELETE FROM policy_modules", "UPDATE policy_modules SET tests = 0", "TRUNCATE policy_modules")
        async with story.world.app.state.runtime.database.pool.acquire() as connection:
            for statement in statements:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        owner = await asyncpg.connect(**arguments(story.world.app.state.runtime.database.url))
        for statement in statements:
            with pytest.raises(asyncpg.RaiseError):
                await owner.execute(statement)
        await owner.close()
