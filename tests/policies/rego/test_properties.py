"""What holds for every document: no fact lost ever helps, nothing granted exceeds what any side grants."""

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from policies.decision.documents import Decision, DeliveryInput
from policies.decision.obligations import UnknownObligation, check_mask
from policies.engines.cache import DecisionCache
from policies.engines.embedded import EmbeddedEngine
from policies.rego.bundle import load_bundle
from tests.support.policy_samples import NOW, any_document

ENGINE = EmbeddedEngine(load_bundle())
# No deadline for one example: machines are busy, and slowness is the benchmarks' business.
documents = st.randoms(use_true_random=False).map(any_document)


def decide(document: dict[str, Any]) -> Decision:
    return ENGINE.decide_now(DeliveryInput.model_validate_json(json.dumps(document)))


def unchecked(document: Any) -> dict[str, Any]:
    """What the policy says to a document that the schema never saw; a failure and no answer are denials."""
    try:
        answer = json.loads(ENGINE.evaluate(json.dumps(document)))
    except Exception:  # noqa: BLE001 - every failure is a denial
        return {"allow": False}
    return answer if isinstance(answer, dict) and answer.get("allow") is True else {"allow": False}


# Lists that restrict: fewer of them is a wider permission, of which no loss of a fact can be told apart.
RESTRICTING = {
    "requested",
    "filtered",
    "rates",
    "row_filters",
    "kinds",
    "levels",
    "organisations",
    "groups",
    "agreements",
    "fields.resource",
}


def losses(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of every fact whose loss must not help: members of objects, and elements of lists that grant."""
    if isinstance(node, dict):
        for key, value in node.items():
            # Without its mask a field is another permission, and below masks, rates and filters there are no facts.
            if path[-1:] != ("masks",):
                yield (*path, key)
                if key not in {"masks", "rates", "row_filters"}:
                    yield from losses(value, (*path, key))
    elif isinstance(node, list):
        name = "fields.resource" if path == ("resource", "fields") else path[-1]
        for index, value in enumerate(node):
            if name not in RESTRICTING:
                yield (*path, index)
            yield from losses(value, (*path, index))


def without(document: Any, path: tuple[str | int, ...]) -> Any:
    changed = copy.deepcopy(document)
    node = changed
    for part in path[:-1]:
        node = node[part]
    del node[path[-1]]
    return changed


def is_within(narrow: dict[str, Any], wide: dict[str, Any]) -> bool:
    """Whether one set of obligations lets out no more than another."""
    columns = {column["name"]: column.get("mask") for column in wide["columns"]}
    return (
        all(one["name"] in columns and one.get("mask") == columns[one["name"]] for one in narrow["columns"])
        and all(condition in narrow["row_filters"] for condition in wide["row_filters"])
        and all(rate in narrow["rates"] for rate in wide["rates"])
        and narrow["row_cap"] <= wide["row_cap"]
        and narrow["not_after"] <= wide["not_after"]
    )


@given(documents, st.randoms(use_true_random=False))
def test_a_lost_fact_never_helps(document: dict[str, Any], random: Random):
    # One agreement: with several, losing the first makes the next one the first, which may be wider.
    document["agreements"] = document["agreements"][:1]
    before = unchecked(document)
    places = list(losses(document))
    for path in random.sample(places, min(40, len(places))):
        after = unchecked(without(document, path))
        if after["allow"]:
            assert before["allow"], path
            assert is_within(after["obligations"], before["obligations"]), path


@given(documents)
def test_a_denial_has_a_reason_of_the_policy(document: dict[str, Any]):
    decision = decide(document)
    assert decision.allow != bool(decision.reasons)
    assert not {why.code for why in decision.reasons} & {"policy-unavailable", "obligation-unknown"}


@given(documents)
def test_nothing_exceeds_what_any_side_grants(document: dict[str, Any]):
    decision = decide(document)
    assume(decision.allow)
    assert decision.obligations is not None
    terms = document["resource"]["terms"]
    (agreement,) = (one for one in document["agreements"] if one["id"] == decision.agreement)
    obligations = decision.obligations
    names = [column.name for column in obligations.columns]
    assert set(names) <= {*terms["fields"]} & {*agreement["fields"]} & {
        one["name"] for one in document["resource"]["fields"]
    }
    assert not document["requested"] or set(names) == set(document["requested"])
    assert names == [one["name"] for one in document["resource"]["fields"] if one["name"] in names]
    assert obligations.row_cap == min(terms["row_cap"], agreement["row_cap"])
    assert obligations.not_after == min(terms["not_after"], agreement["not_after"]) > document["now"]
    assert [rate.model_dump() for rate in obligations.rates] == terms["rates"]
    assert list(obligations.row_filters) == terms["row_filters"] + agreement["row_filters"]
    for column in obligations.columns:
        offered = [side["masks"][column.name] for side in (terms, agreement) if column.name in side["masks"]]
        assert column.mask in [*offered, {"kind": "null"}] if offered else column.mask is None
    for name in document["filtered"]:
        assert name in {*terms["fields"]} & {*agreement["fields"]}
        assert name not in terms["masks"].keys() | agreement["masks"].keys()


@given(documents)
def test_a_wider_fact_never_narrows_and_a_narrower_one_never_widens(document: dict[str, Any]):
    narrower = copy.deepcopy(document)
    for one in narrower["agreements"]:
        one["row_cap"] //= 2
    narrower["resource"]["terms"]["row_filters"] = [
        *document["resource"]["terms"]["row_filters"],
        {"field": "id", "op": "ne", "value": "x"},
    ]
    before, after = unchecked(document), unchecked(narrower)
    assert before["allow"] == after["allow"]
    if after["allow"]:
        assert is_within(after["obligations"], before["obligations"])


@given(documents)
def test_another_organisation_gets_nothing_out_of_an_agreement(document: dict[str, Any]):
    document["subject"]["organisation"] = "stranger"
    assert "agreement-missing" in {why.code for why in decide(document).reasons}


@given(documents, st.sampled_from(["suspended", "terminated", "expired"]))
def test_no_agreement_in_force_no_delivery(document: dict[str, Any], state: str):
    for one in document["agreements"]:
        one["state"] = state
    assert not decide(document).allow


masks = st.fixed_dictionaries(
    {"kind": st.sampled_from(["hash", "partial", "null", "rot13", "", 1])}, optional={"keep_start": st.integers(-1, 1)}
)


@given(documents, masks)
def test_a_mask_is_carried_out_or_the_delivery_is_denied(document: dict[str, Any], mask: dict[str, Any]):
    terms = document["resource"]["terms"]
    terms["masks"]["region"] = mask
    for one in document["agreements"]:
        one["masks"].pop("region", None)
    decision = decide(document)
    if decision.allow:
        assert decision.obligations is not None
        for column in decision.obligations.columns:
            if column.name == "region":
                assert column.mask == mask
                check_mask(mask)
    elif {why.code for why in decision.reasons} == {"obligation-unknown"}:
        try:
            check_mask(mask)
        except UnknownObligation:
            return
        raise AssertionError("a known mask was refused")


moments = st.lists(st.sampled_from([-1001, -1000, -1, 0, 1, 499, 500, 999, 1000, 3999, 4000, 9999, 10_000]), min_size=1)


@given(documents, moments)
async def test_a_remembered_decision_is_the_decision(document: dict[str, Any], moments: list[int]):
    cache = DecisionCache(ENGINE)
    for moment in moments:
        now = DeliveryInput.model_validate_json(json.dumps({**document, "now": NOW + moment}))
        assert await cache.decide(now) == await ENGINE.decide(now)


@given(st.lists(documents, min_size=2, max_size=8), st.randoms(use_true_random=False))
async def test_a_small_memory_is_still_right(several: list[dict[str, Any]], random: Random):
    cache = DecisionCache(ENGINE, size=2)
    parsed = [DeliveryInput.model_validate_json(json.dumps(document)) for document in several]
    for document in random.choices(parsed, k=20):
        assert await cache.decide(document) == await ENGINE.decide(document)
        assert len(cache._decisions) <= 2
