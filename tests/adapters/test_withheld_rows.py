"""Rows that are withheld by a value beside the columns: they are as if they were not there, in every kind of source."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from adapters.contract import Adapter, Keep
from adapters.files import adapter as files_adapter
from adapters.files.adapter import FileAdapter
from adapters.plan.condition import Comparison, PlanError
from adapters.plan.masks import Null
from adapters.plan.plan import BESIDE, ROW_NUMBER, Column, Plan
from tests.support.adapter_rows import FIELDS, ROWS
from tests.support.reference_plan import answer

KEY = bytes(range(32))
COLUMNS = (Column("姓名"), Column("code"))
KEPT = {7 * index for index in range(64) if index % 5 in {1, 2}}


def keep_only(ids: set[int], seen: list[Any] | None = None) -> Keep:
    """Keep the rows of these ids; `seen` gets every value that is asked about."""

    async def keep(values: Sequence[Any]) -> Sequence[bool]:
        if seen is not None:
            seen.extend(values)
        return [value in ids for value in values]

    return keep


async def order_of(adapter: Adapter) -> tuple[str, ...]:
    """What pages are sorted by: a table's key. A file's rows have their numbers, and a view has neither."""
    return () if isinstance(adapter, FileAdapter) else (await adapter.describe()).key


def remaining(plan: Plan) -> list[tuple[Any, ...]]:
    """What the plan answers over the rows that are kept."""
    return answer(replace(plan, beside=None), FIELDS, [row for row in ROWS if row["id"] in KEPT])


@pytest.mark.parametrize("limit", [0, 1, 2, 7, 25, 26, 27, 5000, None])
async def test_the_limit_counts_the_rows_that_are_kept(adapter: Adapter, limit: int | None) -> None:
    plan = Plan(COLUMNS, beside="id", limit=limit, order=await order_of(adapter))
    rows = await adapter.read(plan, keep_only(KEPT))
    assert rows.rows == remaining(plan)
    assert rows.names == ("姓名", "code")
    assert set(rows.beside) <= KEPT
    assert len(rows.beside) == len(rows.rows)


@pytest.mark.parametrize("size", [1, 3, 8])
async def test_pages_continue_behind_the_last_row_that_is_kept(adapter: Adapter, size: int) -> None:
    plan = Plan((Column("id"),), beside="id", limit=size, order=await order_of(adapter))
    if not plan.order and not isinstance(adapter, FileAdapter):
        page = await adapter.read(plan, keep_only(KEPT))
        assert ([row[0] for row in page.rows], page.next, page.is_cut) == (sorted(KEPT)[:size], None, True)
        return
    pages, position = [], None
    while True:
        page = await adapter.read(replace(plan, offset_after=position), keep_only(KEPT))
        pages.append(page.rows)
        position = page.next
        if position is None:
            break
    assert [row[0] for page in pages for row in page] == sorted(KEPT)
    assert {len(page) for page in pages[:-1]} <= {size}


@pytest.mark.parametrize("kept", [set(), {7}])
async def test_nobody_and_one_person(adapter: Adapter, kept: set[int]) -> None:
    order = await order_of(adapter)
    rows = await adapter.read(Plan((Column("id"),), beside="id", limit=3, order=order), keep_only(kept))
    assert (rows.rows, rows.next, rows.is_cut) == ([(one,) for one in kept], None, False)


async def test_a_condition_and_masks_hold_beside(adapter: Adapter) -> None:
    order = await order_of(adapter)
    where = Comparison("id", "lt", 200)
    plan = Plan((Column("id", Null()), Column("code")), where=where, beside="id", limit=4, order=order)
    seen: list[Any] = []
    rows = await adapter.read(plan, keep_only(KEPT, seen))
    assert rows.rows == remaining(plan)
    assert rows.rows[0][0] is None
    assert set(seen) <= set(range(0, 200, 7))


async def test_one_row_by_its_key(adapter: Adapter) -> None:
    plan = Plan(COLUMNS, where=Comparison("id", "eq", 7), beside="id", limit=1)
    assert (await adapter.read(plan, keep_only({7}))).rows == answer(plan, FIELDS, ROWS)
    withheld = await adapter.read(plan, keep_only({14}))
    unknown = await adapter.read(replace(plan, where=Comparison("id", "eq", 8)), keep_only({8}))
    assert withheld == unknown


async def test_shuffled_rows_stay_in_their_order(adapter: Adapter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_adapter, "SHUFFLED_ROWS", 10)
    plan = Plan((Column("id"),), shuffle=KEY)
    shuffled = [row for row in (await adapter.read(plan)).rows if row[0] in KEPT]
    for limit in (1, 9, 30):
        kept = await adapter.read(replace(plan, beside="id", limit=limit), keep_only(KEPT))
        assert kept.rows == shuffled[:limit]


async def test_a_stream_has_the_value_beside_each_row(adapter: Adapter) -> None:
    plan = Plan((Column("code"),), beside="id")
    table = pa.Table.from_batches([batch async for batch in adapter.scan(plan, batch_rows=10)])
    assert table.column_names == ["code", BESIDE]
    beside: list[Any] = table.column(BESIDE).to_pylist()
    assert sorted(beside) == [row["id"] for row in ROWS]
    by_id = {row["id"]: row["code"] for row in ROWS}
    assert [by_id[value] for value in beside] == table.column("code").to_pylist()
    empty = replace(plan, where=Comparison("id", "eq", -1))
    [batch] = [batch async for batch in adapter.scan(empty)]
    assert (batch.schema.names, batch.num_rows) == (["code", BESIDE], 0)


async def test_a_file_numbers_its_rows_and_a_table_has_none(adapter: Adapter) -> None:
    plan = Plan((Column("id"),), beside=ROW_NUMBER, shuffle=KEY)
    if not isinstance(adapter, FileAdapter):
        with pytest.raises(PlanError):
            await adapter.read(plan, keep_only(set()))
        return
    table = pa.Table.from_batches([batch async for batch in adapter.scan(plan)])
    numbers: list[Any] = table.column(BESIDE).to_pylist()
    assert [7 * number for number in numbers] == table.column("id").to_pylist()


async def test_an_unknown_field_beside_is_refused(adapter: Adapter) -> None:
    with pytest.raises(PlanError) as raised:
        await adapter.read(Plan((Column("id"),), beside="nowhere"), keep_only(set()))
    assert raised.value.pointer == "/beside"
