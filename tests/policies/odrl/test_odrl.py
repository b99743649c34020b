"""Terms and agreements as ODRL and back: nothing is lost, and parts without an equivalent are refused with their place."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.odrl.reading import OdrlRefused, read_agreement, read_terms
from policies.odrl.writing import WITHHELD, write_agreement, write_offer
from tests.support.policy_samples import FILTERS, MASKS

DATASET, OWNER, CONSUMER = (f"0198c5a0-0000-7000-8000-00000000000{number}" for number in "123")
# The words of ODRL 2.2 (https://www.w3.org/TR/odrl-vocab/) that its JSON-LD context defines, as far as we say them, by place.
VOCABULARY = {
    "@type": {"Offer", "Agreement"},
    "members": {
        "uid",
        "profile",
        "conflict",
        "inheritFrom",
        "assigner",
        "assignee",
        "permission",
        "prohibition",
        "target",
        "action",
        "duty",
        "constraint",
        "leftOperand",
        "operator",
        "rightOperand",
        "unit",
        "or",
        "and",
    },
    "conflict": {"perm", "prohibit", "invalid"},
    "action": {"use", "distribute", "compensate", "obtainConsent"},
    "operator": {
        "eq",
        "gt",
        "gteq",
        "lt",
        "lteq",
        "neq",
        "isA",
        "hasPart",
        "isPartOf",
        "isAllOf",
        "isAnyOf",
        "isNoneOf",
    },
    "leftOperand": {"purpose", "dateTime", "recipient", "payAmount", "count"},
}
PROFILE = {
    "dx:recipientKind",
    "dx:recipientLevel",
    "dx:field",
    "dx:masks",
    "dx:rowFilter",
    "dx:rowsPerDelivery",
    "dx:groupSize",
    "dx:legalBasis",
    "dx:chargedPer",
}

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
moments = st.sampled_from(["2027-06-30T00:00:00+08:00", "2027-06-30T00:00:00Z"])
masks = st.dictionaries(names, st.sampled_from(MASKS), max_size=3)
filters = st.none() | st.sampled_from(FILTERS)
prices = st.none() | st.fixed_dictionaries(
    {
        "amount": st.sampled_from(["0", "12.50"]),
        "currency": st.sampled_from(["CNY", "EUR"]),
        "per": st.sampled_from(["agreement", "month", "delivery", "record"]),
    }
)
uuids = st.uuids().map(str)
groups = st.fixed_dictionaries(
    {
        "kinds": st.lists(st.sampled_from(["department", "enterprise"]), min_size=1, max_size=2),
        "levels": st.lists(st.sampled_from(["province", "city"]), max_size=2),
        "organisations": st.lists(uuids, max_size=2),
    }
)
terms = st.fixed_dictionaries(
    {
        "consumers": st.fixed_dictionaries(
            {
                "kinds": st.lists(st.sampled_from(["department", "enterprise", "institution"]), max_size=3),
                "levels": st.lists(st.sampled_from(["province", "city", "county", "none"]), max_size=3),
                "organisations": st.lists(uuids, max_size=3),
                "groups": st.lists(groups, max_size=3),
            }
        ),
        "purposes": st.lists(st.sampled_from(["talent-service", "statistics"]), min_size=1, max_size=3),
        "fields": st.lists(names, min_size=1, max_size=4),
        "masks": masks,
        "row_filter": filters,
        "not_after": st.none() | moments,
        "row_cap": st.integers(1, 10**9),
        "resharing": st.booleans(),
        "consent": st.booleans(),
        "basis": st.none() | st.sampled_from(["contract", "statutory-duty"]),
        "min_group": st.none() | st.integers(2, 1000),
        "rate": st.none()
        | st.fixed_dictionaries({"requests": st.integers(1, 10**9), "per": st.sampled_from(["hour", "day"])}),
        "price": prices,
    }
)
agreements = st.fixed_dictionaries(
    {
        "purpose": st.sampled_from(["talent-service", "statistics"]),
        "fields": st.lists(names, min_size=1, max_size=4),
        "masks": masks,
        "row_filter": filters,
        "row_cap": st.integers(1, 10**9),
        "not_before": moments,
        "not_after": moments,
        "resharing": st.booleans(),
        "price": prices,
    }
)
EMPTY: dict[str, Any] = {
    "masks": {},
    "row_filter": None,
    "not_after": None,
    "consent": False,
    "basis": None,
    "min_group": None,
    "rate": None,
    "price": None,
}


def as_offer(terms: dict[str, Any], **more: Any) -> dict[str, Any]:
    written = write_offer(terms, uid=f"https://exchange.example/{DATASET}", dataset=DATASET, owner=OWNER, **more)
    document: dict[str, Any] = json.loads(json.dumps(written))
    return document


def as_agreement(agreed: dict[str, Any]) -> dict[str, Any]:
    written = write_agreement(
        agreed, uid="https://exchange.example/a", dataset=DATASET, owner=OWNER, consumer=CONSUMER, inherits="urn:uuid:x"
    )
    document: dict[str, Any] = json.loads(json.dumps(written))
    return document


def read(document: Any) -> dict[str, Any]:
    read_back = read_terms(document, dataset=DATASET, owner=OWNER)
    open_: dict[str, Any] = {"kinds": [], "levels": [], "organisations": []}
    consumers = open_ | {"groups": []} | read_back["consumers"]
    return EMPTY | read_back | {"consumers": consumers | {"groups": [open_ | group for group in consumers["groups"]]}}


@given(terms)
def test_terms_come_back_as_they_were(terms: dict[str, Any]) -> None:
    assert read(as_offer(terms)) == terms


@given(terms)
def test_an_offer_comes_back_as_it_was(terms: dict[str, Any]) -> None:
    document = as_offer(terms)
    assert as_offer(read(document)) == document


@given(agreements)
def test_an_agreement_comes_back_as_it_was(agreed: dict[str, Any]) -> None:
    document = as_agreement(agreed)
    read_back = read_agreement(document, dataset=DATASET, owner=OWNER, consumer=CONSUMER)
    back = {"masks": {}, "row_filter": None, "price": None} | read_back
    assert back == agreed
    assert as_agreement(back) == document


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object that is not a literal's value."""
    if isinstance(node, dict):
        yield node
        for name, value in node.items():
            if name not in {"@context", "@value"}:
                yield from objects(value)
    elif isinstance(node, list):
        for element in node:
            yield from objects(element)


@given(terms, agreements)
def test_every_word_is_odrls_or_the_profiles(terms: dict[str, Any], agreed: dict[str, Any]) -> None:
    for document in (as_offer(terms), as_agreement(agreed)):
        assert document["@context"][0] == "http://www.w3.org/ns/odrl.jsonld"
        for node in objects(document):
            assert node.keys() <= VOCABULARY["members"] | {"@context", "@type", "@id", "@value", "@list"}
            assert node.get("action", "use") in VOCABULARY["action"]
            assert node.get("operator", "eq") in VOCABULARY["operator"]
            assert node.get("conflict", "prohibit") in VOCABULARY["conflict"]
            assert node.get("leftOperand", "purpose") in VOCABULARY["leftOperand"] | PROFILE
        assert document["@type"] in VOCABULARY["@type"]
        assert document["permission"]


GROUP = {"kinds": ["department"], "levels": ["city"], "organisations": [CONSUMER]}
FULL: dict[str, Any] = {
    "consumers": {"kinds": ["department"], "levels": ["city"], "organisations": [CONSUMER], "groups": [GROUP]},
    "purposes": ["talent-service"],
    "basis": "contract",
    "fields": ["name", "city"],
    "masks": {"name": {"kind": "hash"}},
    "row_filter": {"field": "city", "op": "eq", "value": "330100"},
    "not_after": "2027-06-30T00:00:00Z",
    "row_cap": 1000,
    "resharing": False,
    "consent": True,
    "min_group": 5,
    "rate": {"requests": 100, "per": "day"},
    "price": {"amount": "12.50", "currency": "CNY", "per": "month"},
}


def places(node: Any, pointer: str = "") -> Iterator[str]:
    """The pointer of every object outside literals."""
    if isinstance(node, dict):
        yield pointer
        for name, value in node.items():
            if name not in {"@context", "@value"}:
                yield from places(value, f"{pointer}/{name}")
    elif isinstance(node, list):
        for index, element in enumerate(node):
            yield from places(element, f"{pointer}/{index}")


def at(document: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        document = document[int(part) if isinstance(document, list) else part]
    return document


@pytest.mark.parametrize("place", list(places(as_offer(FULL))))
def test_what_is_added_anywhere_is_refused_there(place: str) -> None:
    for name in ("remedy", "refinement", "dx:other", "a/b~c"):
        document = as_offer(FULL)
        at(document, place)[name] = []
        with pytest.raises(OdrlRefused) as refused:
            read_terms(document, dataset=DATASET, owner=OWNER)
        assert refused.value.pointer == f"{place}/{name.replace('~', '~0').replace('/', '~1')}"


def everything(node: Any, pointer: str = "") -> Iterator[str]:
    """The pointer of everything below the document, outside what JSON literals hold."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in items:
        yield f"{pointer}/{name}"
        if name not in {"@context", "@value"}:
            yield from everything(value, f"{pointer}/{name}")


# No term of ours states these members, so another value of them means the same.
FREE = {"/uid"}


@pytest.mark.parametrize("place", [pointer for pointer in everything(as_offer(FULL)) if pointer not in FREE])
@pytest.mark.parametrize("wrong", [None, "other", 7.5, True, [], {}, ["x", {}], {"@id": "urn:other:x"}])
def test_what_is_replaced_is_refused_or_said_by_the_terms(place: str, wrong: Any) -> None:
    document = as_offer(FULL)
    parent, _, name = place.rpartition("/")
    holder = at(document, parent)
    holder[int(name) if isinstance(holder, list) else name] = copy.deepcopy(wrong)
    try:
        read_back = read(document)
    except OdrlRefused as error:
        refusal: OdrlRefused | None = error
    else:
        refusal = None
    if refusal is None:
        # The terms say it: written out, they are the document again, but for a list that may be left out when empty.
        written = as_offer(read_back)
        assert {k: v for k, v in written.items() if v} == {k: v for k, v in document.items() if v} or wrong == []
    else:
        assert '"other"' not in refusal.reason


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (lambda d: d.update({"@type": "Set"}), "/@type"),
        (lambda d: d.update({"@context": "http://www.w3.org/ns/odrl.jsonld"}), "/@context"),
        (lambda d: d.update(assigner=f"urn:uuid:{CONSUMER}"), "/assigner"),
        (lambda d: d["permission"][0].update(target=f"urn:uuid:{CONSUMER}"), "/permission/0/target"),
        (lambda d: d["permission"][0].update(action="sell"), "/permission/0/action"),
        (lambda d: d["permission"].append(d["permission"][0]), "/permission"),
        (lambda d: d["prohibition"][0].update(action="transfer"), "/prohibition/0/action"),
        (lambda d: d.update(conflict="perm"), "/conflict"),
        (lambda d: d.pop("profile"), ""),
        (lambda d: d["permission"][0]["constraint"][0].update(leftOperand="spatial"), "/permission/0/constraint/0/leftOperand"),
        (lambda d: d["permission"][0]["constraint"][0].update(operator="isNoneOf"), "/permission/0/constraint/0/operator"),
        (lambda d: d["permission"][0]["constraint"][0].update(rightOperand=[]), "/permission/0/constraint/0/rightOperand"),
        (lambda d: d["permission"][0]["constraint"].append(d["permission"][0]["constraint"][0]), "/permission/0/constraint/13"),
        (lambda d: d["permission"][0]["constraint"].pop(0), "/permission/0/constraint"),
        (lambda d: d["permission"][0]["duty"].append({"action": "inform"}), "/permission/0/duty/2/action"),
        (lambda d: d["permission"][0]["duty"][1]["constraint"].pop(), "/permission/0/duty/1/constraint"),
        (lambda d: d["permission"][0]["duty"][1]["constraint"][0].update(unit="x"), "/permission/0/duty/1/constraint/0/unit"),
    ],
)  # fmt: skip
def test_what_terms_cannot_say_is_refused_with_its_place(change: Any, pointer: str) -> None:
    document = as_offer(FULL)
    change(document)
    with pytest.raises(OdrlRefused) as refused:
        read_terms(document, dataset=DATASET, owner=OWNER)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize("document", [None, [], "Offer", 5, {}, {"@graph": []}])
def test_what_is_no_policy_is_refused(document: Any) -> None:
    with pytest.raises(OdrlRefused):
        read_terms(document, dataset=DATASET, owner=OWNER)


def test_one_rule_may_stand_without_a_list() -> None:
    document = as_offer(FULL)
    document["permission"] = document["permission"][0]
    document["prohibition"] = document["prohibition"][0]
    assert read(document) == EMPTY | FULL


def test_offered_answers_come_back_and_stand_without_fields() -> None:
    answer = {"name": "in-city", "title": "是否在杭州", "title_en": "Lives in Hangzhou", "where": FULL["row_filter"]}
    offered = EMPTY | FULL | {"answers": [answer], "fields": [], "masks": {}}
    assert read(as_offer(offered)) == offered


def test_what_is_withheld_is_said_to_be_and_is_not_taken() -> None:
    public = FULL | {"row_filter": None, "consumers": FULL["consumers"] | {"organisations": [], "groups": []}}
    document = as_offer(
        public, withheld=["terms/row_filter", "terms/consumers/organisations", "terms/consumers/groups"]
    )
    values = {
        constraint["leftOperand"]: constraint["rightOperand"]
        for constraint in document["permission"][0]["constraint"]
        if "or" not in constraint
    }
    assert {"or": {"@list": [WITHHELD]}} in document["permission"][0]["constraint"]
    assert values["recipient"] == values["dx:rowFilter"] == {"@id": "dx:withheld"}
    with pytest.raises(OdrlRefused, match="withheld"):
        read_terms(document, dataset=DATASET, owner=OWNER)


def test_an_agreement_is_between_its_parties() -> None:
    agreed = {
        name: FULL[name] for name in ("fields", "masks", "row_filter", "row_cap", "not_after", "resharing", "price")
    }
    document = as_agreement(agreed | {"purpose": "statistics", "not_before": "2026-06-30T00:00:00Z"})
    with pytest.raises(OdrlRefused) as refused:
        read_agreement(document, dataset=DATASET, owner=OWNER, consumer=OWNER)
    assert refused.value.pointer == "/assignee"
    for place in ("purpose", "dateTime"):
        lacking = copy.deepcopy(document)
        lacking["permission"][0]["constraint"] = [
            constraint for constraint in document["permission"][0]["constraint"] if constraint["leftOperand"] != place
        ]
        with pytest.raises(OdrlRefused):
            read_agreement(lacking, dataset=DATASET, owner=OWNER, consumer=CONSUMER)
