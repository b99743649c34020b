"""The contract: every kind of adapter answers a plan as plain Python does over the same rows."""

import hmac
from contextlib import aclosing
from dataclasses import replace
from typing import Any, get_args

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from adapters.contract import Adapter
from adapters.files import adapter as files_adapter
from adapters.plan.condition import All_, Comparison, Condition, Not_, PlanError
from adapters.plan.masks import Bucket, Constant, Hash, Mask, Month, Null, Partial, Prefix, Year
from adapters.plan.plan import Column, Plan
from adapters.postgresql.adapter import PostgresAdapter
from tests.support.adapter_rows import FIELDS, NAMES, ROWS
from tests.support.conditions import CASES, CONDITIONS, OPS, TYPES, constants_of
from tests.support.reference_plan import answer

KEY = bytes(range(32))
EVERYTHING = tuple(Column(name) for name in NAMES)


async def read_all(adapter: Adapter, plan: Plan) -> list[tuple[Any, ...]]:
    return (await adapter.read(plan)).rows


async def scan_all(adapter: Adapter, plan: Plan, batch_rows: int = 10) -> pa.Table:
    return pa.Table.from_batches([batch async for batch in adapter.scan(plan, batch_rows=batch_rows)])


def sorted_rows(rows: list[tuple[Any, ...]]) -> list[str]:
    return sorted(map(repr, rows))


def columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in dict.fromkeys(names))


@pytest.mark.parametrize("op", OPS)
async def test_every_operator_on_every_field(adapter: Adapter, op: str) -> None:
    for name in [name for name, case_op in CASES if case_op == op]:
        constants: list[Any] = constants_of(name)[:6]
        if op == "is_null":
            constants = [True, False]
        elif op in ("in", "not_in"):
            constants = [(), tuple(constants[:3]), tuple(constants)]
        elif op == "prefix":
            constants = ["", "张", "%", "0"]
        for index, constant in enumerate(constants):
            where: Condition = Comparison(name, op, constant)  # type: ignore[arg-type]
            plan = Plan(columns("id", name), Not_(where) if index % 2 else where)
            assert await read_all(adapter, plan) == answer(plan, FIELDS, ROWS), where


@pytest.mark.parametrize("constant", ["0.001", "-1.495", "100.1", "99999999999999999999.999", "-1e30", 5, 0.1])
async def test_decimals_compare_exactly_whatever_their_scale(adapter: Adapter, constant: Any) -> None:
    for op in ("eq", "ne", "lt", "lte", "gt", "gte"):
        plan = Plan((Column("id"),), Comparison("pay", op, constant))
        assert await read_all(adapter, plan) == answer(plan, FIELDS, ROWS), op
    plan = Plan((Column("id"),), Comparison("pay", "in", (constant, "100.10")))
    assert await read_all(adapter, plan) == answer(plan, FIELDS, ROWS)


MASKS: list[tuple[str, Mask]] = [
    *[(name, Hash(KEY)) for name, kind in TYPES.items() if kind != "number"],
    *[(name, Null()) for name in NAMES],
    *[(name, mask) for name in ("姓名", "Code", "count") for mask in (Partial(1, 0), Partial(1, 2), Partial(0, 0))],
    *[(name, Prefix(2)) for name in ("姓名", "code", "count")],
    *[(name, mask) for name in ("born", "seen") for mask in (Year(), Month())],
    *[("count", Bucket(size)) for size in (1, 10, 7, 10**12)],
    *[("姓名", Constant(value)) for value in ("***'\"", 7, True, "")],
]


def test_masks_of_every_kind_are_tried() -> None:
    assert {type(mask) for _, mask in MASKS} == set(get_args(Mask))


async def test_every_mask_is_the_same_in_rows_and_batches(adapter: Adapter) -> None:
    for name, mask in MASKS:
        plan = Plan((Column(name, mask), *columns(*{"id"} - {name})))
        expected = answer(plan, FIELDS, ROWS)
        assert await read_all(adapter, plan) == expected, (name, mask)
        table = await scan_all(adapter, plan)
        assert sorted_rows([tuple(row.values()) for row in table.to_pylist()]) == sorted_rows(expected), (name, mask)


async def test_a_hash_is_hmac_sha_256_of_the_text_and_needs_its_key(adapter: Adapter) -> None:
    plan = Plan((Column("姓名", Hash(KEY)),), Comparison("id", "eq", 0))
    assert await read_all(adapter, plan) == [(hmac.new(KEY, "张三".encode(), "sha256").hexdigest(),)]
    for key in (None, bytes(15), bytes(65)):
        with pytest.raises(PlanError, match="key"):
            await adapter.read(Plan((Column("姓名", Hash(key)),)))


async def test_unmasked_rows_are_unchanged(adapter: Adapter) -> None:
    assert await read_all(adapter, Plan(EVERYTHING)) == [tuple(row.values()) for row in ROWS]
    table = await scan_all(adapter, Plan(EVERYTHING))
    assert sorted(table.to_pylist(), key=lambda row: row["id"]) == ROWS
    assert [str(kind) for kind in table.schema.types] == [
        *["int64", "string", "string", "string", "decimal128(12, 2)", "double"],
        *["bool", "date32[day]", "timestamp[us, tz=UTC]", "int64"],
    ]


async def test_describes_fields_rows_and_key(adapter: Adapter) -> None:
    description = await adapter.describe()
    assert [(field.name, field.type) for field in description.fields] == [
        (expected.name, expected.type) for expected in FIELDS
    ]
    assert description.rows == len(ROWS)
    assert description.key in (("id",), ())
    assert len(description.digest) == 64
    assert (await adapter.describe()).digest == description.digest
    assert (await adapter.sample(3)).to_pylist() == ROWS[:3]
    assert (await adapter.health()).is_healthy


@pytest.mark.parametrize("is_sorted", [False, True])
async def test_pages_follow_one_another_without_gap_or_overlap(adapter: Adapter, *, is_sorted: bool) -> None:
    key = (await adapter.describe()).key
    if not key:
        pytest.skip("a view has no key")
    if not is_sorted and isinstance(adapter, PostgresAdapter):
        page = await adapter.read(Plan((Column("id"),), limit=5))
        assert (len(page.rows), page.next, page.is_cut) == (5, None, True)
        return
    plan = Plan(
        (Column("姓名"), Column("id", Null())), Comparison("count", "ne", 9), limit=5, order=key if is_sorted else ()
    )
    expected = answer(replace(plan, limit=None), FIELDS, ROWS)
    pages = []
    while True:
        page = await adapter.read(plan)
        pages.append(page.rows)
        if page.next is None:
            break
        plan = replace(plan, offset_after=page.next)
    assert [row for rows in pages for row in rows] == expected
    assert {len(rows) for rows in pages[:-1]} == {5}


@pytest.mark.parametrize("where", [None, Comparison("count", "ne", 9)])
async def test_shuffled_rows_follow_from_a_key_and_not_from_the_source(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch, where: Condition | None
) -> None:
    """Every row once, in an order of the key's own: the same in pages and streams, and another under another key."""
    monkeypatch.setattr(files_adapter, "SHUFFLED_ROWS", 5)
    orders = []
    for key in (KEY, KEY[::-1]):
        plan = Plan((Column("id"), Column("姓名", Hash(KEY))), where, shuffle=key)
        rows = await read_all(adapter, plan)
        table = await scan_all(adapter, plan)
        assert rows == [tuple(row.values()) for row in table.to_pylist()]
        assert sorted_rows(rows) == sorted_rows(answer(replace(plan, shuffle=None), FIELDS, ROWS))
        orders.append([row[0] for row in rows])
        few = await scan_all(adapter, replace(plan, limit=7))
        assert few.column("id").to_pylist() == orders[-1][:7]
        position, pages = None, []
        while True:
            page = await adapter.read(replace(plan, limit=9, offset_after=position))
            pages += [row[0] for row in page.rows]
            position = page.next
            if position is None:
                break
        assert pages == orders[-1][: len(pages)]
        assert page.is_cut or pages == orders[-1]
    source = sorted(orders[0])
    for first, second in ((orders[0], orders[1]), (orders[0], source), (orders[1], source)):
        assert sum(a == b for a, b in zip(first, second, strict=True)) < len(source) / 4


async def test_an_order_and_a_shuffle_exclude_each_other(adapter: Adapter) -> None:
    for plan in (Plan((Column("id"),), order=("id",), shuffle=KEY), Plan((Column("id"),), shuffle=b"short")):
        with pytest.raises(PlanError) as caught:
            await adapter.read(plan)
        assert caught.value.pointer == "/shuffle"


async def test_an_invalid_position_is_refused(adapter: Adapter) -> None:
    for position in ("", "x", "[]", '["1","2"]', "[1]", "{}", "-1"):
        with pytest.raises(PlanError) as caught:
            await adapter.read(Plan((Column("id"),), offset_after=position))
        assert caught.value.pointer == "/offset_after"


async def test_limits(adapter: Adapter) -> None:
    assert await read_all(adapter, Plan((Column("id"),), limit=0)) == []
    assert len(await read_all(adapter, Plan((Column("id"),), limit=7))) == 7
    assert (await scan_all(adapter, Plan((Column("id"),), limit=7))).num_rows == 7
    page = await adapter.read(Plan((Column("id"),), limit=len(ROWS)))
    assert (len(page.rows), page.next) == (len(ROWS), None)


async def test_an_answer_without_rows_still_has_columns(adapter: Adapter) -> None:
    plan = Plan((Column("born", Year()), Column("pay")), Comparison("id", "lt", 0))
    batches = [batch async for batch in adapter.scan(plan)]
    assert [batch.num_rows for batch in batches] == [0]
    assert batches[0].schema.names == ["born", "pay"]
    assert (await adapter.read(plan)).names == ("born", "pay")


async def test_a_stream_can_be_closed_early_and_the_source_still_answers(adapter: Adapter) -> None:
    for _ in range(20):
        async with aclosing(adapter.scan(Plan(EVERYTHING), batch_rows=3)) as batches:
            first = await anext(batches)
            assert first.num_rows > 0
    assert (await adapter.health()).is_healthy


async def test_an_invalid_plan_is_refused_with_a_pointer(adapter: Adapter) -> None:
    for plan, pointer in [
        (Plan(()), "/columns"),
        (Plan((Column("nobody"),)), "/columns/0/name"),
        (Plan((Column("id"), Column("id"))), "/columns/1/name"),
        (Plan((Column("id", Year()),)), "/columns/0/mask"),
        (Plan((Column("id"),), Comparison("id", "eq", "1")), "/where/value"),
        (Plan((Column("id"),), Comparison("id", "eq", 2**63)), "/where/value"),
        (Plan((Column("id"),), All_((Comparison("姓名", "eq", "a\0"),))), "/where/all/0/value"),
        (Plan((Column("id"),), Comparison("姓名", "eq", "\ud800")), "/where/value"),
        (Plan((Column("id"),), Not_(Comparison("seen", "lt", "2024-01-01T00:00:00"))), "/where/not/value"),
        (Plan((Column("id"),), order=("姓名",)), "/order"),
    ]:
        with pytest.raises(PlanError) as caught:
            await adapter.read(plan)
        assert caught.value.pointer == pointer
        with pytest.raises(PlanError):
            await scan_all(adapter, plan)


@given(condition=CONDITIONS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_condition_selects_the_rows_that_python_selects(adapter: Adapter, condition: Condition) -> None:
    plan = Plan((Column("id"),), condition)
    assert await read_all(adapter, plan) == answer(plan, FIELDS, ROWS)
