"""Obligations of two sides intersect: what the mask of both shows follows from what either mask shows."""

import copy
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.plan.applied import apply_mask
from adapters.plan.masks import Hash, mask_from_json
from policies.decision.documents import DeliveryInput
from policies.engines.embedded import EmbeddedEngine
from policies.rego.bundle import load_bundle
from tests.support.policy_samples import allowed

ENGINE = EmbeddedEngine(load_bundle())
KEY = bytes(32)

ends = st.integers(0, 3)
withholding = [st.just({"kind": "null"}), st.just({"kind": "constant", "value": "x"})]
of_texts = st.one_of(
    *withholding,
    st.just({"kind": "hash"}),
    st.builds(lambda start, end: {"kind": "partial", "keep_start": start, "keep_end": end}, ends, ends),
    st.builds(lambda length: {"kind": "prefix", "length": length}, st.integers(1, 4)),
)
of_integers = st.one_of(
    *withholding,
    st.just({"kind": "hash"}),
    st.builds(lambda size: {"kind": "bucket", "size": size}, st.integers(1, 12)),
)
of_dates = st.one_of(*withholding, *(st.just({"kind": kind}) for kind in ("year", "month", "hash")))
KINDS = {
    "texts": (of_texts, st.none() | st.text("ab", max_size=6)),
    "integers": (of_integers, st.none() | st.integers(-30, 30)),
    "dates": (of_dates, st.none() | st.dates(date(2023, 11, 1), date(2024, 2, 29))),
}


def together(terms: dict[str, Any], agreement: dict[str, Any]) -> dict[str, Any]:
    """The mask under which a field leaves that both sides mask."""
    document = copy.deepcopy(allowed())
    document["filtered"] = []
    document["resource"]["terms"]["masks"] = {"region": terms}
    document["agreements"][0]["masks"] = {"region": agreement}
    decision = ENGINE.decide_now(DeliveryInput.model_validate_json(json.dumps(document)))
    assert decision.obligations is not None
    [mask] = [column.mask for column in decision.obligations.columns if column.name == "region"]
    assert mask is not None
    return mask


def shown(mask: dict[str, Any], value: Any) -> Any:
    read = mask_from_json(mask, key=KEY if mask["kind"] == "hash" else None)
    assert not isinstance(read, Hash) or read.key
    return apply_mask(read, value)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_the_mask_of_both_shows_no_more_than_either(kind: str, data: st.DataObject) -> None:
    masks, values = KINDS[kind]
    terms, agreement = data.draw(masks), data.draw(masks)
    both = together(terms, agreement)
    assert both == together(agreement, terms) or {terms["kind"], agreement["kind"]} <= {"null", "constant"}
    for _ in range(10):
        value, other = data.draw(values), data.draw(values)
        for side in (terms, agreement):
            if shown(side, value) == shown(side, other):
                assert shown(both, value) == shown(both, other), (terms, agreement, both)
