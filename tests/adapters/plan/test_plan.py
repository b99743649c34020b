"""Plans as values: which are valid, and that their JSON holds everything but keys."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from adapters.plan.condition import (
    All_,
    Any_,
    Comparison,
    Not_,
    PlanError,
    all_of,
    comparisons,
    condition_from_json,
    condition_to_json,
)
from adapters.plan.masks import (
    KINDS,
    Bucket,
    Constant,
    FieldType,
    Hash,
    Mask,
    Month,
    Null,
    Partial,
    Prefix,
    Year,
    mask_from_json,
    mask_to_json,
    mask_type,
)
from adapters.plan.plan import Column, Field, Plan, check, output_fields, plan_to_json
from tests.support.conditions import CONDITIONS

KEY = bytes(32)
LEAF = {"field": "a", "op": "eq", "value": 1}


def nested(depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = LEAF
    for _ in range(depth - 1):
        condition = {"not": condition}
    return condition


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (None, ""),
        ([], ""),
        ({}, ""),
        ({"all": [], "any": []}, ""),
        ({**LEAF, "more": 1}, ""),
        ({"field": "a", "op": "eq"}, ""),
        ({**LEAF, "field": 1}, "/field"),
        ({**LEAF, "op": "like"}, "/op"),
        ({**LEAF, "op": ["eq"]}, "/op"),
        ({**LEAF, "op": "in"}, "/value"),
        ({"all": LEAF}, "/all"),
        ({"all": [LEAF, {"any": [LEAF, 7]}]}, "/all/1/any/1"),
        ({"not": {"not": []}}, "/not/not"),
        (nested(9), "/not" * 8),
        ({"any": [LEAF] * 200}, "/any/199"),
        ({"all": [{"field": "a", "op": "in", "value": [1] * 501}] * 2}, "/all/1/value"),
    ],
)
def test_conditions_that_are_refused(value: Any, pointer: str) -> None:
    with pytest.raises(PlanError) as caught:
        condition_from_json(value)
    assert caught.value.pointer == pointer


def test_conditions_up_to_the_limits() -> None:
    for condition in (nested(8), {"any": [LEAF] * 199}, {"field": "a", "op": "in", "value": [1] * 1000}):
        assert condition_to_json(condition_from_json(condition)) == condition
    assert all_of() is None
    assert all_of(None, Comparison("a", "eq", 1)) == Comparison("a", "eq", 1)


@given(CONDITIONS)
def test_the_json_of_a_condition_reads_back(condition: Any) -> None:
    document = condition_to_json(condition)
    assert condition_to_json(condition_from_json(document)) == document
    assert [comparison.field for comparison in comparisons(condition_from_json(document))] == [
        comparison.field for comparison in comparisons(condition)
    ]


MASKS: list[Mask] = [
    Hash(KEY),
    Partial(1, 2),
    Prefix(3),
    Year(),
    Month(),
    Bucket(10),
    Constant("x"),
    Constant(True),
    Null(),
]


@pytest.mark.parametrize("mask", MASKS)
def test_the_json_of_a_mask_reads_back_without_its_key(mask: Mask) -> None:
    document = mask_to_json(mask)
    assert document["kind"] in KINDS
    assert mask_from_json(document, key=KEY) == mask
    assert "key" not in document
    assert KEY.hex() not in repr(mask)
    assert "\\x00" not in repr(mask)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "hash",
        {},
        {"kind": "rot13"},
        {"kind": ["hash"]},
        {"kind": "hash", "key": "x"},
        {"kind": "partial", "keep_start": 1},
        {"kind": "partial", "keep_start": -1, "keep_end": 0},
        {"kind": "partial", "keep_start": True, "keep_end": 0},
        {"kind": "partial", "keep_start": 1.0, "keep_end": 0},
        {"kind": "prefix", "length": 0},
        {"kind": "bucket", "size": 10**13},
        {"kind": "constant", "value": None},
        {"kind": "constant", "value": 1.5},
        {"kind": "constant", "value": "x" * 201},
        {"kind": "constant", "value": "\ud800"},
        {"kind": "constant", "value": 2**64},
    ],
)
def test_masks_that_are_refused(value: Any) -> None:
    with pytest.raises(PlanError):
        mask_from_json(value, key=KEY)


@pytest.mark.parametrize(
    ("mask", "source", "result"),
    [
        (Hash(KEY), "string", "string"),
        (Hash(KEY), "timestamp", "string"),
        (Hash(KEY), "number", None),
        (Partial(1, 1), "integer", "string"),
        (Partial(1, 1), "date", None),
        (Year(), "date", "integer"),
        (Year(), "string", None),
        (Month(), "timestamp", "string"),
        (Bucket(5), "integer", "string"),
        (Bucket(5), "decimal", None),
        (Constant(True), "number", "boolean"),
        (Constant(1), "number", "integer"),
        (Constant("x"), "number", "string"),
        (Null(), "number", "number"),
    ],
)
def test_the_type_of_a_masks_result(mask: Mask, source: FieldType, result: FieldType | None) -> None:
    if result is None:
        with pytest.raises(PlanError):
            mask_type(mask, source)
    else:
        assert mask_type(mask, source) == result
        assert output_fields(Plan((Column("a", mask),)), [Field("a", source, nullable=False)])[0].type == result


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", ["", "张"], [1, None, "x" * 4001, True]),
        ("integer", [0, -(2**63), 2**63 - 1], [1.0, "1", True, None, 2**63]),
        (
            "number",
            [1, 1.5, -1e308, "1.75", Decimal("0.5")],
            [True, "x", "NaN", "1" * 39, float("nan"), float("inf"), 10**400],
        ),
        (
            "decimal",
            [1, 1.5, "12.50", Decimal("1E-3")],
            [True, "x", "NaN", "Infinity", "1e99", "1" * 39, float("nan"), None],
        ),
        ("boolean", [True, False], [1, "true", None]),
        ("date", ["2024-02-29", date(1, 1, 1)], ["2023-02-29", "2024-1-1", 20240101, datetime.now(UTC), None]),
        (
            "timestamp",
            ["2024-01-31T08:00:00+08:00", "2024-01-31T00:00:00Z"],
            ["2024-01-31T08:00:00", "2024-01-31", 5, None],
        ),
    ],
)
def test_constants_have_the_type_of_their_field(kind: FieldType, good: list[Any], bad: list[Any]) -> None:
    fields = [Field("a", kind)]
    for value in good:
        plan = check(Plan((Column("a"),), Comparison("a", "eq", value)), fields)
        assert check(plan, fields) == plan
        check(Plan((Column("a"),), Comparison("a", "in", (value,))), fields)
    for value in bad:
        with pytest.raises(PlanError) as caught:
            check(Plan((Column("a"),), Not_(Any_((Comparison("a", "in", (good[0], value)),)))), fields)
        assert caught.value.pointer == "/where/not/any/0/value/1"


def test_operators_that_do_not_fit_a_field() -> None:
    for kind, op in [("integer", "prefix"), ("date", "prefix"), ("boolean", "lt")]:
        with pytest.raises(PlanError, match="fit"):
            check(Plan((Column("a"),), Comparison("a", op, "x")), [Field("a", kind)])  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="true or false"):
        check(Plan((Column("a"),), Comparison("a", "is_null", 1)), [Field("a", "string")])
    with pytest.raises(PlanError, match="negative"):
        check(Plan((Column("a"),), limit=-1), [Field("a", "string")])


def test_the_json_of_a_plan_holds_everything_but_keys_and_positions() -> None:
    fields = [Field("a", "string"), Field("t", "timestamp"), Field("m", "decimal"), Field("d", "date")]
    where = All_(
        (
            Comparison("t", "lt", "2024-01-31T08:00:00+08:00"),
            Comparison("m", "in", ("1.50",)),
            Comparison("d", "eq", "2024-01-01"),
        )
    )
    plan = check(Plan((Column("a", Hash(KEY)), Column("t")), where, limit=5, offset_after="7"), fields)
    assert plan_to_json(plan) == {
        "columns": [{"name": "a", "mask": {"kind": "hash"}}, {"name": "t"}],
        "where": {
            "all": [
                {"field": "t", "op": "lt", "value": "2024-01-31T00:00:00Z"},
                {"field": "m", "op": "in", "value": ["1.50"]},
                {"field": "d", "op": "eq", "value": "2024-01-01"},
            ]
        },
        "limit": 5,
        "order": [],
    }
