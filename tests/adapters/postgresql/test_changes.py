"""A table that changes while the exchange runs: no value leaves with another meaning than the one that was published."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from adapters.contract import SourceError
from adapters.plan.condition import Comparison
from adapters.plan.masks import Hash
from adapters.plan.plan import Column, Field, Plan
from adapters.postgresql.adapter import PostgresAdapter
from adapters.postgresql.source import PgSource

PLANS = {
    "page": Plan((Column("id"), Column("v")), limit=10, order=("id",)),
    "point": Plan((Column("v"),), Comparison("id", "eq", 1), limit=1),
    "masked": Plan((Column("id"), Column("v", Hash(bytes(32)))), limit=10),
    "filtered": Plan((Column("id"),), Comparison("v", "is_null", value=False), limit=10),
}


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


async def make(owner: asyncpg.Connection, kind: str, value: str) -> None:
    await owner.execute(
        f"DROP TABLE IF EXISTS changing; CREATE TABLE changing (id int PRIMARY KEY, v {kind});"
        f"INSERT INTO changing VALUES (1, {value})"
    )


async def described(url: str) -> tuple[Field, ...]:
    adapter = PostgresAdapter(PgSource(url, "changing"))
    fields = (await adapter.describe()).fields
    await adapter.close()
    return fields


async def read(adapter: PostgresAdapter, plan: Plan) -> list[tuple[Any, ...]]:
    return (await adapter.read(plan)).rows


async def stream(adapter: PostgresAdapter, plan: Plan) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) async for batch in adapter.scan(plan) for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("kind", "value", "change"),
    [
        ("integer", "10", "TYPE numeric(10,2) USING 10.75"),
        ("text", "'10'", "TYPE integer USING 10"),
        ("date", "'2024-01-02'", "TYPE timestamp USING '2024-01-02 13:00'"),
        ("integer", "10", "TYPE text USING 'ten'"),
        ("boolean", "true", "TYPE integer USING 7"),
    ],
)
async def test_another_type_is_refused_with_its_column_in_every_kind_of_read(
    owner: asyncpg.Connection, owner_url: str, kind: str, value: str, change: str
) -> None:
    await make(owner, kind, value)
    fields = await described(owner_url)
    running = PostgresAdapter(PgSource(owner_url, "changing"), fields)
    for plan in PLANS.values():  # statements are prepared and cached
        assert len(await read(running, plan)) == len(await stream(running, plan)) == 1
    await owner.execute(f"ALTER TABLE changing ALTER v {change}")
    started = PostgresAdapter(PgSource(owner_url, "changing"), fields)
    for name, plan in PLANS.items():
        for adapter in (running, started):
            for answer in (read, stream):
                with pytest.raises(SourceError) as caught:
                    await answer(adapter, plan)
                assert (caught.value.code, caught.value.where) == ("source-changed", 'column "v"'), name
    assert await read(running, Plan((Column("id"),), limit=10)) == [(1,)]
    await owner.execute(f"ALTER TABLE changing ALTER v TYPE {kind} USING {value}")
    assert len(await read(running, PLANS["page"])) == len(await stream(running, PLANS["page"])) == 1
    for adapter in (running, started):
        await adapter.close()


@pytest.mark.parametrize(
    ("kind", "value", "change", "before", "after"),
    [
        ("integer", "10", "TYPE bigint USING 9007199254740993", 10, 2**53 + 1),
        ("varchar(3)", "'abc'", "TYPE text USING 'abcdef'", "abc", "abcdef"),
    ],
)
async def test_a_wider_form_of_the_same_type_is_read_at_once(
    owner: asyncpg.Connection, owner_url: str, kind: str, value: str, change: str, before: Any, after: Any
) -> None:
    await make(owner, kind, value)
    adapter = PostgresAdapter(PgSource(owner_url, "changing"), await described(owner_url))
    plan = PLANS["point"]
    assert await read(adapter, plan) == await stream(adapter, plan) == [(before,)]
    await owner.execute(f"ALTER TABLE changing ALTER v {change}")
    assert await read(adapter, plan) == await stream(adapter, plan) == [(after,)]
    await adapter.close()


async def test_a_decimal_of_another_scale_has_its_digits_in_reads_and_streams(
    owner: asyncpg.Connection, owner_url: str
) -> None:
    await make(owner, "numeric(10,2)", "10.75")
    adapter = PostgresAdapter(PgSource(owner_url, "changing"), await described(owner_url))
    plan = PLANS["point"]
    assert str((await stream(adapter, plan))[0][0]) == "10.75"
    await owner.execute("ALTER TABLE changing ALTER v TYPE numeric(12,4) USING 10.7512")
    assert str((await stream(adapter, plan))[0][0]) == str((await read(adapter, plan))[0][0]) == "10.7512"
    await adapter.close()


async def test_a_column_that_is_gone_is_refused_until_it_is_back(owner: asyncpg.Connection, owner_url: str) -> None:
    await make(owner, "text", "'x'")
    fields = await described(owner_url)
    running, started = (PostgresAdapter(PgSource(owner_url, "changing"), fields) for _ in range(2))
    assert await read(running, PLANS["page"]) == [(1, "x")]
    await owner.execute("ALTER TABLE changing RENAME v TO w")
    for adapter in (running, started):
        with pytest.raises(SourceError) as caught:
            await adapter.read(PLANS["page"])
        assert (caught.value.code, caught.value.where) == ("source-changed", 'column "v"')
    await owner.execute("ALTER TABLE changing RENAME w TO v")
    for adapter in (running, started):
        assert await read(adapter, PLANS["page"]) == [(1, "x")]
        await adapter.close()


async def test_a_table_whose_key_is_gone_is_not_paged_by_it(owner: asyncpg.Connection, owner_url: str) -> None:
    await make(owner, "text", "'x'")
    fields = await described(owner_url)
    await owner.execute("ALTER TABLE changing DROP CONSTRAINT changing_pkey")
    adapter = PostgresAdapter(PgSource(owner_url, "changing"), fields)
    with pytest.raises(SourceError) as caught:
        await adapter.read(PLANS["page"])
    assert caught.value.code == "source-changed"
    await adapter.close()


async def test_a_table_that_is_made_anew_with_the_same_types_is_read(owner: asyncpg.Connection, owner_url: str) -> None:
    await make(owner, "text", "'old'")
    adapter = PostgresAdapter(PgSource(owner_url, "changing"), await described(owner_url))
    assert await read(adapter, PLANS["page"]) == [(1, "old")]
    await make(owner, "text", "'new'")
    assert await stream(adapter, PLANS["page"]) == await read(adapter, PLANS["page"]) == [(1, "new")]
    await adapter.close()
