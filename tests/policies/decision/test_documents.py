"""Only documents of exactly the right shape go in, only decisions of exactly the right shape come out."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.plan.condition import PlanError, condition_from_json, condition_to_json
from adapters.plan.masks import KINDS, mask_from_json, mask_schema, mask_to_json
from policies.decision.documents import NEVER, Decision, DeliveryInput, Reason, deny, schemas
from policies.decision.explanations import explain
from policies.decision.obligations import MASK_KINDS, OPERATORS, UnknownObligation, check_condition, check_mask
from policies.decision.reasons import REASON_CODES
from tests.support.policy_samples import MASKS, allowed, any_document


def parse(document: Any) -> DeliveryInput:
    return DeliveryInput.model_validate_json(json.dumps(document))


def change(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *parents, last = path.split("/")
    node: Any = document
    for part in parents:
        node = node[int(part)] if part.isdigit() else node[part]
    node[int(last) if last.isdigit() else last] = value
    return document


@given(st.randoms(use_true_random=False).map(any_document))
def test_what_is_written_is_what_was_read(document: dict[str, Any]):
    assert json.loads(parse(document).to_json()) == document
    assert json.loads(parse(document).facts()) == {key: document[key] for key in document if key != "now"}


def test_an_end_that_is_left_out_is_written_as_never():
    document = allowed()
    del document["resource"]["terms"]["not_after"]
    assert json.loads(parse(document).to_json())["resource"]["terms"]["not_after"] == NEVER


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema", 2),
        ("action", "read"),
        ("lane", "other"),
        ("now", "1800000000"),
        ("now", 1.5),
        ("now", True),
        ("now", -1),
        ("now", NEVER + 1),
        ("purpose", ""),
        ("purpose", "a\nb"),
        ("purpose", None),
        ("requested", None),
        ("requested", "id"),
        ("requested", [1]),
        ("extra", 1),
        ("rbac/allow", 1),
        ("rbac/allow", "true"),
        ("subject/kind", "person"),
        ("subject/organisation", "a b"),
        ("subject/organisation", "x" * 129),
        ("subject/principal_state", "Active"),
        ("resource/version", 0),
        ("resource/level", "G5"),
        ("resource/sharing", "NOT_SHARED"),
        ("resource/fields/0/personal", 0),
        ("resource/fields/0/level", None),
        ("resource/terms/masks/id", "hash"),
        ("resource/terms/row_filters", [[]]),
        ("resource/terms/row_cap", -1),
        ("resource/terms/row_cap", 2**53),
        ("resource/terms/not_after", None),
        ("agreements/0/state", "over"),
        ("agreements/0/not_before", 1e9),
        ("agreements", [allowed()["agreements"][0]] * 11),
    ],
)
def test_another_shape_is_refused(path: str, value: Any):
    with pytest.raises(ValidationError):
        parse(change(allowed(), path, value))


def test_no_fact_may_be_missing():
    document = allowed()
    required = [(document, key) for key in document if key not in {"schema", "action"}]
    for part in (document["subject"], document["rbac"], document["resource"], document["agreements"][0]):
        required += [(part, key) for key in part]
    optional = {"not_after", "basis"}
    terms = document["resource"]["terms"]
    required += [(terms, key) for key in terms if key not in optional]
    for part, key in required:
        removed = part.pop(key)
        with pytest.raises(ValidationError):
            parse(document)
        part[key] = removed
    parse(document)


def test_a_decision_cannot_be_changed():
    decision = deny("role-missing", rule="test", revision="1")
    with pytest.raises(ValidationError):
        decision.allow = True  # type: ignore[misc]


GRANT: dict[str, Any] = {
    "allow": True,
    "reasons": [],
    "agreement": "a",
    "obligations": {"columns": [{"name": "id"}], "row_filters": [], "row_cap": 1, "rates": [], "not_after": 1},
    "revision": "r",
}
REASON = {"code": "role-missing", "rule": "r", "ref": "x"}


@pytest.mark.parametrize(
    "changes",
    [
        {"reasons": [REASON]},
        {"agreement": None},
        {"obligations": None},
        {"allow": False},
        {"allow": False, "agreement": None, "obligations": None},
        {"allow": False, "obligations": None, "reasons": [REASON]},
        {"allow": "true"},
        {"revision": None},
        {"advice": []},
        {"obligations": {**GRANT["obligations"], "watermark": True}},
        {"obligations": {**GRANT["obligations"], "columns": []}},
        {
            "obligations": {
                **GRANT["obligations"],
                "columns": [{"name": "id"}, {"name": "id", "mask": {"kind": "null"}}],
            }
        },
        {"obligations": {**GRANT["obligations"], "row_cap": "1"}},
        {"allow": False, "agreement": None, "obligations": None, "reasons": [{**REASON, "code": "other"}]},
    ],
)
def test_an_answer_that_is_no_decision_is_refused(changes: dict[str, Any]):
    Decision.model_validate_json(json.dumps(GRANT))
    with pytest.raises(ValidationError):
        Decision.model_validate_json(json.dumps({**GRANT, **changes}))


def test_reasons_come_in_one_order():
    reasons = [{"code": code, "rule": "r", "ref": ref} for ref in "ba" for code in reversed(REASON_CODES)]
    decision = Decision.model_validate_json(json.dumps({"allow": False, "reasons": reasons, "revision": "r"}))
    assert [(reason.code, reason.ref) for reason in decision.reasons] == [
        (code, ref) for code in REASON_CODES for ref in "ab"
    ]


def test_every_reason_is_explained_in_both_languages():
    for code in REASON_CODES:
        english, chinese = (explain(Reason(code=code, rule="r"), language=language) for language in ("en", "zh"))
        assert english.title
        assert english.remedy.endswith(".")
        assert chinese.title
        assert chinese.remedy.endswith("。")


def test_the_schemas_describe_the_documents():
    documented = schemas()
    assert set(documented["input"]["required"]) == set(allowed()) - {"schema", "action"}
    assert documented["input"]["additionalProperties"] is False
    assert documented["decision"]["properties"].keys() == GRANT.keys() | {"schema"}


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
integers = st.integers(-(2**53) + 1, 2**53 - 1)
scalars = st.one_of(texts, integers, st.booleans())
MASK_SCHEMA = jsonschema_rs.Draft202012Validator(mask_schema())
VALID_MASKS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "hash": st.just({"kind": "hash"}),
    "partial": st.fixed_dictionaries(
        {"kind": st.just("partial"), "keep_start": st.integers(0, 1000), "keep_end": st.integers(0, 1000)}
    ),
    "year": st.just({"kind": "year"}),
    "month": st.just({"kind": "month"}),
    "prefix": st.fixed_dictionaries({"kind": st.just("prefix"), "length": st.integers(1, 1000)}),
    "bucket": st.fixed_dictionaries({"kind": st.just("bucket"), "size": st.integers(1, 10**12)}),
    "constant": st.fixed_dictionaries(
        {"kind": st.just("constant"), "value": st.one_of(scalars, st.integers(0, 200).map("界".__mul__))}
    ),
    "null": st.just({"kind": "null"}),
}
VALUES: tuple[tuple[set[str], st.SearchStrategy[Any]], ...] = (
    ({"eq", "ne", "lt", "lte", "gt", "gte"}, scalars),
    ({"in", "not_in"}, st.lists(scalars, max_size=3)),
    ({"prefix"}, texts),
    ({"is_null"}, st.booleans()),
)
comparisons = st.one_of(
    [
        st.fixed_dictionaries({"field": st.text(max_size=3), "op": st.sampled_from(sorted(operators)), "value": value})
        for operators, value in VALUES
    ]
)


def valid_conditions(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions of at most so many levels: with two parts each, far below the most comparisons."""
    if depth == 1:
        return st.one_of(comparisons, st.sampled_from([{"all": []}, {"any": []}]))
    inner = valid_conditions(depth - 1)
    return st.one_of(
        comparisons,
        st.fixed_dictionaries({"not": inner}),
        *(st.fixed_dictionaries({word: st.lists(inner, max_size=2)}) for word in ("all", "any")),
    )


def test_policies_and_adapters_know_the_same_masks_and_all_are_tried():
    assert MASK_KINDS == set(KINDS) == VALID_MASKS.keys() == {mask["kind"] for mask in MASKS}


@pytest.mark.parametrize("kind", VALID_MASKS)
@given(data=st.data())
def test_every_known_mask_is_one_that_adapters_carry_out(kind: str, data: st.DataObject):
    mask = data.draw(VALID_MASKS[kind])
    check_mask(mask)
    assert mask_to_json(mask_from_json(mask)) == mask
    assert MASK_SCHEMA.is_valid(mask)  # as the API's description states it
    assert not MASK_SCHEMA.is_valid(mask | {"more": 1})


wrong: st.SearchStrategy[Any] = st.sampled_from([None, -1, 0.5, 2**53, "", "a", [], {}, True])


@pytest.mark.parametrize("kind", VALID_MASKS)
@given(data=st.data())
def test_a_mask_with_one_member_changed_is_refused_by_both_or_by_neither(kind: str, data: st.DataObject):
    mask = data.draw(VALID_MASKS[kind])
    member = data.draw(st.sampled_from([*mask, "other"]))
    changed = data.draw(st.one_of(wrong.map(lambda value: {**mask, member: value}), st.just({**mask, "kind": "blur"})))
    try:
        check_mask(changed)
    except UnknownObligation:
        event("refused")
        return
    event("still a mask")
    mask_from_json(changed)


@given(st.one_of(valid_conditions(6), valid_conditions(6).map(lambda condition: {"not": {"not": condition}})))
def test_every_known_condition_is_one_that_adapters_carry_out(condition: Any):
    check_condition(condition)
    event(f"{'connective' if 'field' not in condition else condition['op']}")
    assert condition_to_json(condition_from_json(condition)) == condition


def test_there_are_valid_comparisons_of_every_operator():
    assert set().union(*(operators for operators, _ in VALUES)) == OPERATORS


@pytest.mark.parametrize("value", ["界" * 201, "a\0", "\ud800", 2**53, -(2**53), 1.5, None, [], {}])
def test_a_constant_that_adapters_refuse_is_unknown(value: Any):
    with pytest.raises(UnknownObligation):
        check_mask({"kind": "constant", "value": value})


@pytest.mark.parametrize("mask", MASKS)
def test_the_masks_are_known(mask: dict[str, Any]):
    check_mask(mask)


def nested(depth: int) -> Any:
    condition: Any = {"field": "a", "op": "eq", "value": 1}
    for _ in range(depth - 1):
        condition = {"not": condition}
    return condition


@pytest.mark.parametrize(
    ("fits", "too_much"),
    [
        (nested(8), nested(9)),
        ({"all": [nested(1)] * 199}, {"all": [nested(1)] * 200}),
        (
            {"field": "a", "op": "in", "value": [1] * 1000},
            {"any": [{"field": "a", "op": "in", "value": [1] * 500}, {"field": "a", "op": "in", "value": [1] * 501}]},
        ),
    ],
    ids=["depth", "nodes", "values"],
)
def test_the_limits_of_conditions_are_those_of_the_adapters(fits: Any, too_much: Any):
    check_condition(fits)
    condition_from_json(fits)
    with pytest.raises(UnknownObligation):
        check_condition(too_much)
    with pytest.raises(PlanError):
        condition_from_json(too_much)
