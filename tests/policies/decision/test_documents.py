"""Only documents of exactly the right shape go in, only decisions of exactly the right shape come out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.plan.condition import PlanError, condition_from_json
from adapters.plan.masks import mask_from_json
from policies.decision.documents import NEVER, REASON_CODES, Decision, DeliveryInput, Reason, deny, schemas
from policies.decision.explanations import explain
from policies.decision.obligations import MASK_KINDS, OPERATORS, UnknownObligation, check_condition, check_mask
from tests.support.policy_samples import FILTERS, MASKS, allowed, any_document


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
    required += [(document["resource"]["terms"], key) for key in document["resource"]["terms"] if key != "not_after"]
    for part, key in required:
        kept = part.pop(key)
        with pytest.raises(ValidationError):
            parse(document)
        part[key] = kept
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
    assert [(why.code, why.ref) for why in decision.reasons] == [(code, ref) for code in REASON_CODES for ref in "ab"]


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


scalars = st.one_of(st.text(max_size=5), st.integers(-(2**54), 2**54), st.booleans(), st.floats(), st.none())
words = st.sampled_from([*sorted(MASK_KINDS), "unknown"])
numbers = st.one_of(st.integers(-1, 3), st.sampled_from([1000, 1001, 10**12, 10**12 + 1]), scalars)
masks: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.sampled_from(MASKS),
    st.fixed_dictionaries(
        {"kind": st.one_of(words, scalars)},
        optional=dict.fromkeys(("keep_start", "keep_end", "length", "size", "value", "other"), numbers),
    ),
    st.just({}),
)
comparisons = st.fixed_dictionaries(
    {
        "field": st.one_of(st.text(max_size=3), st.none()),
        "op": st.sampled_from([*sorted(OPERATORS), "like"]),
        "value": st.one_of(scalars, st.lists(scalars, max_size=3)),
    }
)
conditions = st.recursive(
    st.one_of(st.sampled_from(FILTERS), comparisons, st.just({}), st.none()),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"not": inner}),
        *(st.fixed_dictionaries({word: st.lists(inner, max_size=3)}) for word in ("all", "any", "none")),
        st.fixed_dictionaries({"all": st.lists(inner, max_size=1), "any": st.just([])}),
    ),
    max_leaves=8,
)


@given(masks)
def test_every_known_mask_is_one_that_adapters_carry_out(mask: dict[str, Any]):
    try:
        check_mask(mask)
    except UnknownObligation:
        return
    mask_from_json(mask)


@given(conditions)
def test_every_known_condition_is_one_that_adapters_carry_out(condition: Any):
    try:
        check_condition(condition)
    except UnknownObligation:
        return
    condition_from_json(condition)


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
