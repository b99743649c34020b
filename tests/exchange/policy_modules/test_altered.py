"""Owners' modules in the database: what is changed behind the exchange's back is noticed, and the exchange may change none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest

from exchange.kernel.database import arguments
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.owner import start_owner_exchange
from tests.support.exchanges.starting import restart_exchange
from tests.support.owner_modules import module_with_cap

CHANGES = {
    "module-altered": "UPDATE policy_modules SET files = replace(files::text, '7', '9')::jsonb",
    "module-altered again": "UPDATE policy_modules SET files = '[]'",
    "module-missing": "DELETE FROM policy_modules",
}
"""What is done, by the verdict of a replay afterwards."""


@asynccontextmanager
async def as_owner(exchange: Exchange) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner of the tables, with the guards down."""
    connection = await asyncpg.connect(**arguments(exchange.runtime.database.url))
    await connection.execute("SET session_replication_role = replica")
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_module_changed_behind_the_exchanges_back_is_noticed(settings: Settings, people_table: str) -> None:
    async with start_owner_exchange(settings, people_table) as owner_exchange, as_owner(owner_exchange) as connection:
        digest = await owner_exchange.attach_module(module_with_cap(7))
        answer = await owner_exchange.fetch()
        assert len(answer.json["rows"]) == 7
        published = await owner_exchange.call_ok(
            owner_exchange.owner.steward, "GET", f"/api/v1/datasets/{owner_exchange.dataset['id']}"
        )
        for verdict, change in CHANGES.items():
            assert (await connection.execute(change)).endswith(" 1")
            assert (await owner_exchange.replay(answer))["verdict"] == verdict.partition(" ")[0]
            draft = await owner_exchange.call(
                owner_exchange.owner.steward,
                "PUT",
                f"/api/v1/datasets/{owner_exchange.dataset['id']}/draft",
                {"source": owner_exchange.source["id"], "handle": "people", "document": published["document"]},
            )
            assert (draft.problem, draft.json["errors"][0]["at"]) == ("dataset-invalid", "terms/module")
    async with restart_exchange(settings, clock=owner_exchange.clock) as exchange:
        later = replace(owner_exchange, app=exchange.app, client=exchange.client)
        denied = await later.fetch()
        assert (denied.status, denied.problem) == (503, "policy-unavailable")
        assert denied.json["reasons"][0]["rule"] == f"module.{digest}"
        assert (await later.replay(denied))["verdict"] == "policy-unavailable"


async def test_nobody_may_change_a_module(settings: Settings, people_table: str) -> None:
    async with start_owner_exchange(settings, people_table) as owner_exchange:
        await owner_exchange.attach_module(module_with_cap(7))
        statements = ("DELETE FROM policy_modules", "UPDATE policy_modules SET tests = 0", "TRUNCATE policy_modules")
        async with owner_exchange.runtime.database.pool.acquire() as connection:
            for statement in statements:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        owner = await asyncpg.connect(**arguments(owner_exchange.runtime.database.url))
        for statement in statements:
            with pytest.raises(asyncpg.RaiseError):
                await owner.execute(statement)
        await owner.close()
