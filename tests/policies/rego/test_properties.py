"""Properties hold for every document: a lost fact never helps, and no grant exceeds that of any side."""

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from policies.decision.documents import Decision, DeliveryInput, Obligations
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
    """The policy's output for an unchecked document; a failure and an undefined result are denials."""
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
            # A field without its mask is another permission; masks, rates and filters have no facts below them.
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
    """Whether one set of obligations releases no more than another."""
    columns = {column["name"]: column.get("mask") for column in wide["columns"]}
    return (
        all(column["name"] in columns and column.get("mask") == columns[column["name"]] for column in narrow["columns"])
        and all(condition in narrow["row_filters"] for condition in wide["row_filters"])
        and all(rate in narrow["rates"] for rate in wide["rates"])
        and narrow["row_cap"] <= wide["row_cap"]
        and narrow["not_after"] <= wide["not_after"]
        and (
            "people" not in wide
            or {*narrow.get("people", {"consent": ["anybody"]})["consent"]} <= {*wide["people"]["consent"]}
        )
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
    assert not {reason.code for reason in decision.reasons} & {"policy-unavailable", "obligation-unknown"}


class Grant(NamedTuple):
    """An allowed document, its two sides, and what the decision obliges."""

    document: dict[str, Any]
    terms: dict[str, Any]
    agreement: dict[str, Any]
    obligations: Obligations


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    """A document that is allowed: about a third of any are, so one of forty is but for one time in ten million."""
    random = draw(st.randoms(use_true_random=False))
    for document in (any_document(random) for _ in range(40)):
        decision = decide(document)
        if decision.obligations is not None:
            [agreement] = [agreement for agreement in document["agreements"] if agreement["id"] == decision.agreement]
            return Grant(document, document["resource"]["terms"], agreement, decision.obligations)
    raise AssertionError("none of forty documents is allowed")


@given(grants())
def test_columns_are_those_that_all_sides_grant_in_the_datasets_order(grant: Grant):
    names = [column.name for column in grant.obligations.columns]
    fields = [field["name"] for field in grant.document["resource"]["fields"]]
    assert set(names) <= {*grant.terms["fields"]} & {*grant.agreement["fields"]} & {*fields}
    assert names == [name for name in fields if name in names]


@given(grants())
def test_columns_are_all_that_are_requested(grant: Grant):
    requested = grant.document["requested"]
    assert not requested or {column.name for column in grant.obligations.columns} == set(requested)


@given(grants())
def test_the_lower_cap_and_the_earlier_end_hold(grant: Grant):
    assert grant.obligations.row_cap == min(grant.terms["row_cap"], grant.agreement["row_cap"])
    assert grant.obligations.not_after == min(grant.terms["not_after"], grant.agreement["not_after"])
    assert grant.obligations.not_after > grant.document["now"]


@given(grants())
def test_the_rates_of_the_terms_and_the_filters_of_both_sides_hold(grant: Grant):
    assert [rate.model_dump() for rate in grant.obligations.rates] == grant.terms["rates"]
    assert list(grant.obligations.row_filters) == grant.terms["row_filters"] + grant.agreement["row_filters"]


@given(grants())
def test_a_mask_is_one_of_the_two_sides_or_null(grant: Grant):
    for column in grant.obligations.columns:
        offered = [
            side["masks"][column.name] for side in (grant.terms, grant.agreement) if column.name in side["masks"]
        ]
        assert column.mask in [*offered, {"kind": "null"}] if offered else column.mask is None


@given(grants())
def test_filters_are_on_fields_granted_without_a_mask(grant: Grant):
    for name in grant.document["filtered"]:
        assert name in {*grant.terms["fields"]} & {*grant.agreement["fields"]}
        assert name not in grant.terms["masks"].keys() | grant.agreement["masks"].keys()


@given(documents)
def test_a_wider_fact_never_narrows_and_a_narrower_one_never_widens(document: dict[str, Any]):
    narrower = copy.deepcopy(document)
    for agreement in narrower["agreements"]:
        agreement["row_cap"] //= 2
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
    assert "agreement-missing" in {reason.code for reason in decide(document).reasons}


@given(documents, st.sampled_from(["suspended", "terminated", "expired"]))
def test_no_agreement_in_force_no_delivery(document: dict[str, Any], state: str):
    for agreement in document["agreements"]:
        agreement["state"] = state
    assert not decide(document).allow


masks = st.fixed_dictionaries(
    {"kind": st.sampled_from(["hash", "partial", "null", "rot13", "", 1])}, optional={"keep_start": st.integers(-1, 1)}
)


@given(documents, masks)
def test_a_mask_is_carried_out_or_the_delivery_is_denied(document: dict[str, Any], mask: dict[str, Any]):
    terms = document["resource"]["terms"]
    terms["masks"]["region"] = mask
    for agreement in document["agreements"]:
        agreement["masks"].pop("region", None)
    decision = decide(document)
    if decision.allow:
        assert decision.obligations is not None
        for column in decision.obligations.columns:
            if column.name == "region":
                assert column.mask == mask
                check_mask(mask)
    elif {reason.code for reason in decision.reasons} == {"obligation-unknown"}:
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
    cache = DecisionCache(ENGINE, size=9_000)  # two to four decisions
    parsed = [DeliveryInput.model_validate_json(json.dumps(document)) for document in several]
    for document in random.choices(parsed, k=20):
        assert await cache.decide(document) == await ENGINE.decide(document)
        assert cache._decisions.currsize <= 9_000
