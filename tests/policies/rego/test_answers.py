"""The policy on answers: granted by name in terms and agreement, instead of columns, with the demands on rows."""

from typing import Any

import pytest

from policies.decision.documents import Decision, DeliveryInput
from policies.engines.embedded import EmbeddedEngine
from policies.owner_rules.narrowing import Narrowing, narrow
from policies.rego.bundle import load_bundle
from tests.support.policy_samples import allowed

ENGINE = EmbeddedEngine(load_bundle())
WHERE = {"field": "degree", "op": "eq", "value": "硕士"}
OFFER = {"name": "holds-masters-degree", "where": WHERE, "fields": ["degree"]}


def document(**changes: Any) -> dict[str, Any]:
    """A request for one answer over a field that the terms do not offer; its agreement grants no field."""
    sample = allowed() | {"filtered": [], "answers": ["holds-masters-degree"]}
    sample["resource"]["terms"]["answers"] = [OFFER]
    sample["agreements"][0] |= {"answers": ["holds-masters-degree"], "fields": []}
    return sample | changes


def decide(sample: dict[str, Any]) -> Decision:
    return ENGINE.decide_document(DeliveryInput.model_validate(sample, strict=False).to_json())


def reasons(sample: dict[str, Any]) -> list[tuple[str, str | None]]:
    decision = decide(sample)
    assert not decision.allow
    return [(reason.code, reason.ref) for reason in decision.reasons]


def test_an_answer_is_obliged_instead_of_columns_and_keeps_the_row_filters() -> None:
    decision = decide(document())
    assert decision.obligations is not None
    assert decision.obligations.columns == ()
    assert [(answer.name, answer.where) for answer in decision.obligations.answers] == [("holds-masters-degree", WHERE)]
    assert len(decision.obligations.row_filters) == 2


def test_a_decision_about_rows_never_has_answers() -> None:
    sample = document(answers=[])
    sample["agreements"][0]["fields"] = ["region"]
    decision = decide(sample)
    assert decision.obligations is not None
    assert [column.name for column in decision.obligations.columns] == ["region"]
    assert decision.obligations.answers == ()


@pytest.mark.parametrize("side", ["terms", "agreement"])
def test_an_answer_that_one_side_lacks_is_refused(side: str) -> None:
    sample = document()
    owner = sample["resource"]["terms"] if side == "terms" else sample["agreements"][0]
    owner["answers"] = []
    assert reasons(sample) == [("answer-not-granted", "holds-masters-degree")]


@pytest.mark.parametrize("more", [{"requested": ["region"]}, {"filtered": ["region"]}])
def test_answers_and_rows_are_not_asked_for_together(more: dict[str, Any]) -> None:
    sample = document(**more)
    assert not decide(sample).allow


def test_an_answer_about_personal_fields_needs_an_impact_assessment() -> None:
    sample = document()
    sample["resource"]["assessments"] = []
    assert reasons(sample) == [("impact-assessment-missing", "first")]


def test_a_notice_covers_an_answer_by_the_fields_of_its_condition() -> None:
    sample = document()
    sample["resource"]["terms"] |= {"consent": True}
    assert reasons(sample) == [("consent-missing", "people")]
    sample["consent"] = {"scopes": [{"scope": 7, "fields": ["id"]}, {"scope": 8, "fields": ["id", "degree"]}]}
    decision = decide(sample)
    assert decision.obligations is not None
    assert decision.obligations.people is not None
    assert decision.obligations.people.consent == (8,)


@pytest.mark.parametrize(
    "narrowing", [Narrowing(drop=("degree",)), Narrowing(masks={"degree": {"kind": "null"}})], ids=["drop", "mask"]
)
def test_a_module_that_hides_a_field_refuses_the_answers_over_it(narrowing: Narrowing) -> None:
    sample = DeliveryInput.model_validate(document(), strict=False)
    narrowed = narrow(decide(document()), narrowing, sample, rule="module.x")
    assert [(reason.code, reason.ref) for reason in narrowed.reasons] == [
        ("answer-not-granted", "holds-masters-degree")
    ]


def test_a_module_adds_row_filters_to_an_answer() -> None:
    sample = DeliveryInput.model_validate(document(), strict=False)
    condition = {"field": "region", "op": "eq", "value": "1"}
    narrowed = narrow(decide(document()), Narrowing(row_filters=(condition,)), sample, rule="module.x")
    assert narrowed.obligations is not None
    assert narrowed.obligations.row_filters[-1] == condition
    assert len(narrowed.obligations.answers) == 1
