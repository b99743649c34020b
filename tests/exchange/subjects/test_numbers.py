"""Numbers of people: dense, the same for everybody who asks, and nobody's after an erasure."""

import asyncio
import secrets
from typing import Any
from uuid import UUID

import pytest

from exchange.settings import Settings
from exchange.subjects import numbers
from exchange.subjects.identity import Identity, SubjectKey, scheme_of
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.people import DATASET, start_people

VALUES = ("P00001", "", "330106199003078812", "张三", "x" * 1000)


def test_lookups_of_many_are_those_of_one(exchange: Exchange) -> None:
    for scheme in ("cn-resident-id", "owner/field", "方案" * 40):
        lookups = numbers.Lookups(exchange.runtime.seal, scheme)
        for value in VALUES:
            assert lookups.of(value) == Identity(scheme, value).lookup(exchange.runtime.seal)


async def test_numbers_are_dense_and_stay(exchange: Exchange) -> None:
    people = [secrets.token_bytes(32) for _ in range(25_000)]
    async with exchange.runtime.database.pool.acquire() as connection:
        given = await numbers.ensure(connection, people)
        assert sorted(given) == list(range(min(given), min(given) + len(people)))
        again = await numbers.ensure(connection, [*reversed(people), people[0]])
        assert again == [*reversed(given), given[0]]
        stranger = secrets.token_bytes(32)
        assert await numbers.find(connection, [people[7], stranger]) == {people[7]: given[7]}


async def test_many_at_once_get_one_number_each(exchange: Exchange) -> None:
    people = [secrets.token_bytes(32) for _ in range(2000)]

    async def ensure(order: int) -> dict[bytes, int]:
        wanted = people[order:] + people[:order] if order % 2 else people[::-1]
        async with exchange.runtime.database.pool.acquire() as connection:
            return dict(zip(wanted, await numbers.ensure(connection, wanted), strict=True))

    first, *others = await asyncio.gather(*(ensure(order) for order in range(6)))
    assert len(set(first.values())) == len(people)
    assert all(other == first for other in others)


@pytest.mark.parametrize("is_named", [False, True])
async def test_an_erasure_takes_the_number(empty_database: str, tmp_path: Any, *, is_named: bool) -> None:
    """The exchange may hold only the number, and no key yet."""
    settings = Settings(data=tmp_path, database_url=empty_database, checkpoint_interval=0.1, retention_days=0)
    async with start_people(settings) as people:
        if is_named:
            await people.fetch_about("P00001")
        lookup = Identity(scheme_of(UUID(people.owner.id), SubjectKey("person_id", "string")), "P00001").lookup(
            people.runtime.seal
        )
        async with people.runtime.database.pool.acquire() as connection:
            [number] = await numbers.ensure(connection, [lookup])
        answer = await people.erase(dataset=DATASET, value="P00001")
        assert answer.json["outcome"] == "executed", answer.content
        assert (await people.entry_of(answer))["type"] == "erasure.executed"
        async with people.runtime.database.pool.acquire() as connection:
            assert await numbers.find(connection, [lookup]) == {}
            assert await numbers.ensure(connection, [lookup]) != [number]
