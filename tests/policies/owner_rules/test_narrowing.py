"""An owner's module only narrows a decision, whatever its output."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.decision.documents import NEVER, Decision, DeliveryInput, Obligations
from policies.decision.obligations import hides, stricter
from policies.engines.cache import find_validity
from policies.engines.embedded import EmbeddedEngine
from policies.owner_rules.narrowing import (
    InvalidNarrowing,
    Narrowing,
    build_calendar,
    build_question,
    narrow,
    read_narrowing,
)
from policies.rego.bundle import Bundle
from tests.support.policy_samples import FIELDS, FILTERS, MASKS, NOW, allowed, any_document

RULE = "module.0"
LITERALS = ("code", "other-code", "Ask the owner.")


def document(**changes: Any) -> DeliveryInput:
    return DeliveryInput.model_validate_json(json.dumps(allowed() | {"filtered": []} | changes))


def base(engine: EmbeddedEngine, of: DeliveryInput) -> Decision:
    decision = engine.decide_now(of)
    assert decision.allow
    return decision


fields = st.sampled_from(FIELDS)
narrowings = st.builds(
    Narrowing,
    deny=st.just(()) | st.just(({"code": "code"},)),
    drop=st.lists(fields, max_size=4).map(tuple),
    masks=st.dictionaries(fields, st.sampled_from(MASKS), max_size=4),
    row_filters=st.lists(st.sampled_from(FILTERS), max_size=3).map(tuple),
    row_cap=st.none() | st.integers(0, 2**53 - 1),
)


def is_within(narrow_one: Obligations, wide_one: Obligations) -> bool:
    """Whether the first obligations release nothing that the second withhold."""
    wide = {column.name: column.mask for column in wide_one.columns}
    order = [
        column.name for column in wide_one.columns if column.name in {column.name for column in narrow_one.columns}
    ]
    return (
        [column.name for column in narrow_one.columns] == order
        and all(
            wide[column.name] is None or (column.mask is not None and hides(column.mask, wide[column.name] or {}))
            for column in narrow_one.columns
        )
        and all(condition in narrow_one.row_filters for condition in wide_one.row_filters)
        and narrow_one.row_cap <= wide_one.row_cap
        and narrow_one.rates == wide_one.rates
        and narrow_one.not_after == wide_one.not_after
    )


@pytest.fixture(scope="module")
def lasting(own_bundle: Bundle) -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(own_bundle)) as engine:
        yield engine


@given(narrowing=narrowings, seed=st.integers(0, 10_000))
def test_it_never_widens(lasting: EmbeddedEngine, narrowing: Narrowing, seed: int):
    random = Random(seed)
    for _ in range(5):
        question = DeliveryInput.model_validate_json(json.dumps(any_document(random)))
        before = lasting.decide_now(question)
        check_narrower(before, narrow(before, narrowing, question, rule=RULE), narrowing, question)


def check_narrower(before: Decision, after: Decision, narrowing: Narrowing, question: DeliveryInput) -> None:
    if not before.allow:
        assert after == before
    elif after.allow:
        assert before.obligations is not None
        assert after.obligations is not None
        assert not narrowing.deny
        assert is_within(after.obligations, before.obligations)
        assert not {column.name for column in after.obligations.columns} & {*narrowing.drop}
        hidden = {column.name for column in after.obligations.columns if column.mask is not None}
        assert {column.name for column in after.obligations.columns} & narrowing.masks.keys() <= hidden
        assert not {*question.filtered} & ({*narrowing.drop} | narrowing.masks.keys())
        assert (after.agreement, after.revision) == (before.agreement, before.revision)
        assert all(condition in after.obligations.row_filters for condition in narrowing.row_filters)
    else:
        assert {reason.rule for reason in after.reasons} == {RULE}
    Decision.model_validate_json(after.model_dump_json())


def test_the_stricter_mask_is_that_of_the_policy(engine: EmbeddedEngine):
    masks = [*MASKS, {"kind": "partial", "keep_start": 0, "keep_end": 0}, {"kind": "prefix", "length": 2}]
    masks += [{"kind": "bucket", "size": 5_000}, {"kind": "constant", "value": 0}, {"kind": "constant", "value": True}]
    for terms in masks:
        for other in masks:
            question = allowed()
            question["filtered"] = []
            question["resource"]["terms"]["masks"] = {"id": terms}
            question["agreements"][0]["masks"] = {"id": other}
            decision = base(engine, DeliveryInput.model_validate_json(json.dumps(question)))
            assert decision.obligations is not None
            [mask] = [column.mask for column in decision.obligations.columns if column.name == "id"]
            assert json.dumps(stricter(terms, other), sort_keys=True) == json.dumps(mask, sort_keys=True)


def test_a_module_that_says_nothing_changes_nothing(engine: EmbeddedEngine):
    question = document()
    decision = base(engine, question)
    assert narrow(decision, read_narrowing({}, literals=()), question, rule=RULE) == decision


def test_its_denials_are_told_in_its_words(engine: EmbeddedEngine):
    question = document()
    value = {"deny": [{"code": "other-code"}, {"code": "code", "message": "Ask the owner."}], "row_cap": 1}
    denied = narrow(base(engine, question), read_narrowing(value, literals=LITERALS), question, rule=RULE)
    assert [(reason.code, reason.rule, reason.ref, reason.message) for reason in denied.reasons] == [
        ("owner-denied", RULE, "code", "Ask the owner."),
        ("owner-denied", RULE, "other-code", None),
    ]


@pytest.mark.parametrize(
    ("value", "is_unknown"),
    [
        ({"deny": ["code"]}, False),
        ({"deny": [{"code": "Code"}]}, False),
        ({"deny": [{"message": "Ask the owner."}]}, False),
        ({"deny": [{"code": "code", "allow": True}]}, False),
        ({"deny": [{"code": "talent-service"}]}, False),  # not a word of the module
        ({"deny": [{"code": "code", "message": "姓名"}]}, False),
        ({"deny": {"code": "code"}}, False),
        ({"deny": [{"code": "code"}] * 6}, False),
        ({"drop": "name"}, False),
        ({"drop": [1]}, False),
        ({"masks": {"id": {"kind": "blur"}}}, True),
        ({"masks": {"id": {"kind": "year", "x": 1}}}, True),
        ({"masks": {"id": None}}, False),
        ({"masks": ["id"]}, False),
        ({"row_filters": [{"field": "id", "op": "like", "value": "%"}]}, True),
        ({"row_filters": [{"field": "id", "op": "eq", "value": 0.5}]}, True),
        ({"row_filters": [True]}, False),
        ({"row_cap": -1}, False),
        ({"row_cap": 1.5}, False),
        ({"row_cap": 2**53}, False),
        ({"row_cap": True}, False),
        ({"row_cap": "1"}, False),
        ({"row_cap": None}, False),
        ({"row_cap": None, "allow": True}, False),
        ([], False),
        (None, False),
        (True, False),
    ],
)
def test_what_has_another_form_is_not_listened_to(value: Any, *, is_unknown: bool):
    with pytest.raises(InvalidNarrowing) as problem:
        read_narrowing(value, literals=LITERALS)
    assert problem.value.is_unknown == is_unknown
    assert "talent" not in str(problem.value)
    assert "姓名" not in str(problem.value)


@pytest.mark.parametrize(
    ("changes", "value", "reasons"),
    [
        ({}, {"drop": ["salaries"]}, [("obligation-unknown", None)]),
        ({}, {"masks": {"salaries": {"kind": "null"}}}, [("obligation-unknown", None)]),
        ({}, {"row_filters": [{"not": {"any": [FILTERS[0], {"field": "x", "op": "eq", "value": 1}]}}]},
         [("obligation-unknown", None)]),
        ({}, {"drop": list(FIELDS)}, [("nothing-granted", "first")]),
        ({"requested": ["id", "salary"]}, {"drop": ["salary"]}, [("field-not-granted", "salary")]),
        ({"filtered": ["id"]}, {"masks": {"id": {"kind": "hash"}}}, [("filter-not-granted", "id")]),
        ({"filtered": ["id"], "requested": ["id"]}, {"drop": ["id"]},
         [("field-not-granted", "id"), ("filter-not-granted", "id")]),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_out_denies(
    engine: EmbeddedEngine, changes: dict[str, Any], value: Any, reasons: list[tuple[str, str | None]]
):
    question = document(**changes)
    after = narrow(base(engine, question), read_narrowing(value, literals=LITERALS), question, rule=RULE)
    assert [(reason.code, reason.ref) for reason in after.reasons] == reasons


def test_conditions_have_one_order_whatever_engine_said_them(engine: EmbeddedEngine):
    question = document()
    decision = base(engine, question)
    narrowing = read_narrowing({"row_filters": list(FILTERS)}, literals=())
    other = read_narrowing({"row_filters": list(reversed(FILTERS))}, literals=())
    assert narrow(decision, narrowing, question, rule=RULE) == narrow(decision, other, question, rule=RULE)


# The question ----------------------------------------------------------------------------------------------------------


def test_the_question_has_the_calendar_and_no_clock():
    question = build_question(document(), agreement="first")
    assert "now" not in question
    assert question["agreement"] == "first"
    assert question["calendar"] == {"date": "2027-01-15", "weekday": 5, "hour": 16, "minute": 0}


@given(st.integers(0, NEVER - 86_400))
def test_the_calendar_is_what_chinas_clocks_show(now: int):
    moment = datetime.fromtimestamp(now, timezone(timedelta(hours=8)))
    assert build_calendar(now) == {
        "date": f"{moment:%Y-%m-%d}".rjust(10, "0"),
        "weekday": (moment.weekday() + 1),
        "hour": moment.hour,
        "minute": moment.minute,
    }


def test_there_is_a_calendar_at_the_end_of_time():
    assert build_calendar(NEVER)["date"].startswith("9999-12")


@given(st.integers(NOW - 5000, NOW + 5000))
def test_a_decision_is_remembered_for_the_minute_that_a_module_sees(now: int):
    plain = document(now=now)
    terms = plain.resource.terms.model_copy(update={"module": "0" * 64})
    question = plain.model_copy(update={"resource": plain.resource.model_copy(update={"terms": terms})})
    begin, end = find_validity(question)
    assert begin <= now < end <= begin + 60
    assert build_calendar(begin) == build_calendar(now) == build_calendar(end - 1)
    assert find_validity(plain)[0] <= begin
    assert end <= find_validity(plain)[1]


def test_documents_without_a_module_are_as_they_were():
    assert b"module" not in document().facts()
    assert b'"type"' not in document().facts()
