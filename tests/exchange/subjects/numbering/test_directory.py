"""The directory of numbers in memory: everybody is found, nobody is taken for somebody else."""

import secrets
from uuid import uuid4

import pyarrow as pa
import pytest

from exchange.kernel.database import open_database
from exchange.kernel.keys.sealing import Seal
from exchange.subjects import numbers
from exchange.subjects.identity import Identity, SubjectKey, scheme_of
from exchange.subjects.numbering import directory
from exchange.subjects.numbering.directory import Directory
from exchange.subjects.numbers import Lookups

SEAL = Seal(bytes(range(32)))
SCHEME = scheme_of(uuid4(), SubjectKey("person_id", "string"))
LOOKUPS = Lookups(SEAL, SCHEME)


def lookups_of(*values: str) -> list[bytes]:
    return [Identity(SCHEME, value).lookup(SEAL) for value in values]


async def test_everybody_is_found_by_identifier(empty_database: str) -> None:
    database = await open_database(empty_database)
    try:
        known = Directory(database)
        await known.refresh()
        values = [f"P{number}" for number in range(3_000)]
        assert (await known.find(LOOKUPS, pa.array(values[:5]))).to_pylist() == [-1] * 5
        async with database.pool.acquire() as connection:
            given = await numbers.ensure(connection, lookups_of(*values))
        await known.refresh()
        assert (await known.find(LOOKUPS, pa.array(values))).to_pylist() == given
        mixed = pa.array(["P7", None, "nobody", "P0", None])
        assert (await known.find(LOOKUPS, mixed)).to_pylist() == [given[7], -1, -1, given[0], -1]
        async with database.pool.acquire() as connection:
            [late] = await numbers.ensure(connection, lookups_of("late"))
        await known.refresh()
        await known.refresh()
        assert (await known.find(LOOKUPS, pa.array(["late", "P1"]))).to_pylist() == [late, given[1]]
    finally:
        await database.close()


async def test_a_number_that_is_committed_late_is_found(empty_database: str) -> None:
    database = await open_database(empty_database)
    try:
        async with database.pool.acquire() as slow, database.pool.acquire() as quick:
            transaction = slow.transaction()
            await transaction.start()
            [before] = await numbers.ensure(slow, lookups_of("slow"))
            [after] = await numbers.ensure(quick, lookups_of("quick"))
            assert before < after
            known = Directory(database)
            await known.refresh()
            assert (await known.find(LOOKUPS, pa.array(["slow", "quick"]))).to_pylist() == [-1, after]
            await transaction.commit()
            await numbers.ensure(quick, lookups_of("another"))
        await known.refresh()
        assert (await known.find(LOOKUPS, pa.array(["slow", "quick"]))).to_pylist() == [before, after]
    finally:
        await database.close()


async def test_two_people_of_one_prefix_are_neither(empty_database: str) -> None:
    database = await open_database(empty_database)
    try:
        [lookup] = lookups_of("one")
        twin = lookup[: directory.PREFIX] + secrets.token_bytes(24)
        async with database.pool.acquire() as connection:
            await numbers.ensure(connection, [lookup, twin, *lookups_of("other")])
            other = (await numbers.find(connection, lookups_of("other")))[lookups_of("other")[0]]
        known = Directory(database)
        await known.refresh()
        assert (await known.find(LOOKUPS, pa.array(["one", "other"]))).to_pylist() == [-1, other]
    finally:
        await database.close()


@pytest.mark.parametrize("kind", [pa.int64(), pa.string()])
async def test_an_empty_batch_has_no_numbers(empty_database: str, kind: pa.DataType) -> None:
    database = await open_database(empty_database)
    try:
        assert len(await Directory(database).find(LOOKUPS, pa.array([], kind))) == 0
    finally:
        await database.close()
