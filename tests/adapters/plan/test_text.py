"""Conditions as text: they print and read back, and all other text is refused with a position."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.plan.condition import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_VALUES,
    All_,
    Any_,
    Comparison,
    Not_,
    PlanError,
    condition_from_json,
    condition_to_json,
)
from adapters.plan.masks import FieldType
from adapters.plan.plan import check_condition
from adapters.plan.text import MAX_LENGTH, ConditionTextError, condition_from_text, condition_to_text

TYPES: dict[str, FieldType] = {
    "city_code": "string",
    "year": "integer",
    "status": "string",
    "score": "decimal",
    "rate": "number",
    "ok": "boolean",
    "day": "date",
    "at": "timestamp",
    "姓名": "string",
    "and": "string",
    'a"b': "string",
}


def read(text: str) -> Any:
    return condition_to_json(condition_from_text(text))


def test_what_an_owner_writes() -> None:
    text = "city_code = '330100' and year >= 2020 and not (status in ('x','y'))"
    assert read(text) == {
        "all": [
            {"field": "city_code", "op": "eq", "value": "330100"},
            {"field": "year", "op": "gte", "value": 2020},
            {"not": {"field": "status", "op": "in", "value": ["x", "y"]}},
        ]
    }
    assert condition_to_text(condition_from_text(text)) == (
        "city_code = '330100' and year >= 2020 and not status in ('x', 'y')"
    )


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (
            "a=1 or b=2 and c=3",
            Any_((Comparison("a", "eq", 1), All_((Comparison("b", "eq", 2), Comparison("c", "eq", 3))))),
        ),
        ("NOT a IS NULL", Not_(Comparison("a", "is_null", True))),
        ("a is not null", Comparison("a", "is_null", False)),
        ("a starts with 'x'", Comparison("a", "prefix", "x")),
        ("a not in ()", Comparison("a", "not_in", ())),
        ("a in (-1, 2.50, true, 'it''s')", Comparison("a", "in", (-1, Decimal("2.50"), True, "it's"))),
        ("((a != 1))", Comparison("a", "ne", 1)),
        ("all()", All_(())),
        ("any(all(a = 1), b = 2)", Any_((All_((Comparison("a", "eq", 1),)), Comparison("b", "eq", 2)))),
        ("\"姓名\" < '陈'", Comparison("姓名", "lt", "陈")),
        (r"a = '\\\u{202e}'", Comparison("a", "eq", "\\\u202e")),
    ],
)
def test_the_language(text: str, condition: Any) -> None:
    assert condition_from_text(text) == condition


names = st.one_of(
    st.sampled_from(
        ["city_code", "and", "Null", "", 'a"b', "a'b", "姓名", "a b", "с", "a\\u{41}", "x\u202ey", "1a", "a;--"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
scalars = st.one_of(texts, st.booleans(), st.integers(-(2**63), 2**63 - 1))
leaves = st.one_of(
    st.builds(Comparison, names, st.sampled_from(["eq", "ne", "lt", "lte", "gt", "gte"]), scalars),
    st.builds(Comparison, names, st.sampled_from(["in", "not_in"]), st.lists(scalars, max_size=4).map(tuple)),
    st.builds(Comparison, names, st.just("prefix"), texts),
    st.builds(Comparison, names, st.just("is_null"), st.booleans()),
)
conditions = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.builds(Not_, parts),
        st.builds(All_, st.lists(parts, max_size=3).map(tuple)),
        st.builds(Any_, st.lists(parts, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


def is_within_limits(condition: Any) -> bool:
    try:
        condition_from_json(condition_to_json(condition))
    except PlanError:
        return False
    return True


@given(conditions.filter(is_within_limits))
def test_a_printed_condition_reads_back(condition: Any) -> None:
    text = condition_to_text(condition)
    assert condition_from_text(text) == condition
    assert condition_to_text(condition_from_text(text)) == text
    assert text.isascii() or '"' in text or "'" in text


@given(st.text(st.sampled_from(list("ab1 .,()=<>!'\"\\u{}notinadr\n陈\u202e\0-")), max_size=30))
def test_any_text_is_a_condition_or_is_refused_with_its_position(text: str) -> None:
    try:
        condition = condition_from_text(text)
    except ConditionTextError as error:
        condition, position = None, error.position
    if condition is None:
        assert 1 <= position <= len(text) + 1
        return
    assert condition_from_text(condition_to_text(condition)) == condition


def test_values_have_the_type_of_their_field() -> None:
    text = "score = 1.50 and rate < 1 and day >= '2024-03-31' and at < '2024-03-31T08:00:00+08:00' and ok = true"
    typed = condition_from_text(text, TYPES)
    assert typed == check_condition(condition_from_text(text), TYPES)
    assert isinstance(typed, All_)
    assert [condition.value for condition in typed.conditions if isinstance(condition, Comparison)] == [
        Decimal("1.50"),
        1.0,
        date(2024, 3, 31),
        datetime(2024, 3, 31, tzinfo=UTC),
        True,
    ]
    assert condition_from_text(condition_to_text(typed), TYPES) == typed


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        ("year", 5),
        ("year >", 7),
        ("year = 2020 year = 2021", 13),
        ("year = 2020 and", 16),
        ("(year = 2020", 13),
        ("year = 2020)", 12),
        ("year == 2020", 7),
        ("year = 02020", 8),
        ("year = -0", 8),
        ("year = 1e9", 8),
        ("year = 2020; drop table people", 12),
        ("year = 2020 -- all", 13),
        ("year = 99999999999999999999", 8),
        ("score = 0." + "1" * 40, 9),
        ("year = '2020'", 8),
        ("year = year", 8),
        ("year = null", 8),
        ("'330100' = city_code", 1),
        ("city_code = 330100", 13),
        ("city_code = '330100", 13),
        ('city_code = "330100"', 13),
        ("city_code = ‘330100’", 13),
        ("city_code ＝ '330100'", 11),
        ("cіty_code = '330100'", 2),
        ("\"cіty_code\" = '330100'", 1),
        ("city_code = '33\u200b0100'", 16),
        ("city_code = '33\u202e0100'", 16),
        ("city_code = '33\n0100'", 16),
        ("city_code\u00a0= '330100'", 10),
        ("city_code = '\\x41'", 14),
        ("city_code = '\\u{d800}'", 14),
        ("city_code = '\\u{0}'", 14),
        ("city_code = '\\u{110000}'", 14),
        ("city_code in '330100'", 14),
        ("city_code in ('330100'", 23),
        ("city_code in ('330100',)", 24),
        ("city_code in ('330100', 5)", 25),
        ("city_code starts with 33", 23),
        ("year starts with '20'", 6),
        ("ok < true", 4),
        ("day = '2024-02-30'", 7),
        ("at = '2024-02-28T00:00:00'", 6),
        ("nothing = 1", 1),
        ("and = 'x'", 1),
        ("all(year = 1", 13),
        ("any year = 1", 5),
        ("not not", 8),
        ("year is 5", 9),
        ("\0", 1),
    ],
)
def test_wrong_text_is_refused_with_its_position(text: str, position: int) -> None:
    with pytest.raises(ConditionTextError) as refused:
        condition_from_text(text, TYPES)
    assert refused.value.position == position, refused.value
    assert "330100" not in str(refused.value)


def nested(levels: int) -> str:
    return "not " * (levels - 1) + "year = 1"


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        (nested(MAX_DEPTH), True),
        (nested(MAX_DEPTH + 1), False),
        ("(" * 20 + "year = 1" + ")" * 20, True),
        ("(" * 10_000 + "year = 1" + ")" * 10_000, False),
        ("not " * 4_000 + "year = 1", False),
        ("all(" * 3_000 + ")" * 3_000, False),
        (" and ".join(["year = 1"] * (MAX_NODES - 1)), True),
        (" and ".join(["year = 1"] * MAX_NODES), False),
        (f"year in ({','.join(['1'] * MAX_VALUES)})", True),
        (f"year in ({','.join(['1'] * (MAX_VALUES + 1))})", False),
        (" " * (MAX_LENGTH - 8) + "year = 1", True),
        (" " * (MAX_LENGTH - 7) + "year = 1", False),
    ],
)
def test_the_limits_are_those_of_conditions(text: str, is_read: bool) -> None:  # noqa: FBT001
    if is_read:
        condition_from_json(condition_to_json(condition_from_text(text, TYPES)))
    else:
        with pytest.raises(ConditionTextError):
            condition_from_text(text, TYPES)


@pytest.mark.parametrize("text", ["(" * 1_000_000, "'" * 1_000_001, "year = 1 or " * 90_000, "陈" * 1_000_000])
def test_a_megabyte_is_refused_for_its_length_alone(text: str) -> None:
    with pytest.raises(ConditionTextError) as refused:
        condition_from_text(text, TYPES)
    assert refused.value.position == MAX_LENGTH + 1
