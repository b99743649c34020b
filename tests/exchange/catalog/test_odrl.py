"""Terms and agreements as ODRL over the API: an owner's own offer comes back as the terms it was, others see less."""

import copy
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from exchange.settings import Settings
from policies.odrl.reading import read_agreement
from policies.odrl.writing import MEDIA_TYPE, WITHHELD
from tests.support.exchanges.exchange import Exchange, Party, assessment
from tests.support.exchanges.filled import start_filled

CSV = b"name,city\n\xe9\x99\x88,C1\n\xe6\x9d\x8e,C2\n"
TERMS = {
    "masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
    "row_filter": "city = 'C1'",
    "row_cap": 10,
    "rate": {"requests": 1000, "per": "day"},
    "price": {"amount": "12.50", "currency": "CNY", "per": "month"},
}


class Filled(NamedTuple):
    exchange: Exchange
    owner: Party
    dataset: dict[str, Any]


@pytest.fixture
async def filled(settings: Settings) -> AsyncIterator[Filled]:
    async with start_filled(settings, fill) as filled:
        yield filled


async def fill(exchange: Exchange) -> Filled:
    owner = await exchange.admit("owner")
    return Filled(
        exchange,
        owner,
        await exchange.publish_dataset(owner, await exchange.register_file(owner, CSV), "people", terms=TERMS),
    )


@pytest.fixture
def exchange(filled: Filled) -> Exchange:
    return filled.exchange


@pytest.fixture
def owner(filled: Filled) -> Party:
    return filled.owner


@pytest.fixture
def dataset(filled: Filled) -> dict[str, Any]:
    return filled.dataset


def operands(policy: dict[str, Any]) -> dict[str, Any]:
    return {
        constraint["leftOperand"]: constraint["rightOperand"] for constraint in policy["permission"][0]["constraint"]
    }


async def test_an_offer_is_read_and_put_back_as_the_same_terms(
    exchange: Exchange, owner: Party, dataset: dict[str, Any]
) -> None:
    target = f"/api/v1/datasets/{dataset['id']}"
    answer = await exchange.call(owner.steward, "GET", f"{target}/odrl")
    assert answer.headers["content-type"] == MEDIA_TYPE
    policy = answer.json
    drafted = await exchange.call_ok(owner.steward, "PUT", f"{target}/draft/odrl", policy)
    assert drafted["draft"] == dataset["document"]
    assert drafted["document"] == dataset["document"]
    published = await exchange.call_ok(owner.steward, "POST", f"{target}/publication")
    assert published["document"] == dataset["document"]


async def test_an_offer_changes_the_terms_and_nothing_else(
    exchange: Exchange, owner: Party, dataset: dict[str, Any]
) -> None:
    target = f"/api/v1/datasets/{dataset['id']}"
    policy = await exchange.call_ok(owner.steward, "GET", f"{target}/odrl")
    narrower = copy.deepcopy(policy)
    for constraint in narrower["permission"][0]["constraint"]:
        if constraint["leftOperand"] == "dx:rowsPerDelivery":
            constraint["rightOperand"] = 3
    del narrower["prohibition"]
    drafted = await exchange.call_ok(owner.steward, "PUT", f"{target}/draft/odrl", narrower)
    terms = dataset["document"]["terms"] | {"row_cap": 3, "resharing": True}
    assert drafted["draft"] == dataset["document"] | {"terms": terms}


UNSAYABLE: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("permission", 0, "refinement"), [], "/permission/0/refinement"),
    (("assigner",), "urn:uuid:01930b2e-6f1a-7000-8000-000000000001", "/assigner"),
    (("permission", 0, "constraint", 0, "leftOperand"), "spatial", "/permission/0/constraint/0/leftOperand"),
    (("permission", 0, "constraint", 0, "rightOperand"), ["NOT A PURPOSE"], "terms/purposes"),
    (("permission", 0, "constraint", 2, "rightOperand"), ["nothing"], "terms/fields/0"),
]


async def test_what_terms_cannot_say_is_refused_with_its_place(
    exchange: Exchange, owner: Party, dataset: dict[str, Any], subtests: pytest.Subtests
) -> None:
    target = f"/api/v1/datasets/{dataset['id']}"
    offer = await exchange.call_ok(owner.steward, "GET", f"{target}/odrl")
    for place, wrong, at in UNSAYABLE:
        policy = copy.deepcopy(offer)
        node = policy
        for step in place[:-1]:
            node = node[step]
        node[place[-1]] = wrong
        answer = await exchange.call(owner.steward, "PUT", f"{target}/draft/odrl", policy)
        with subtests.test(at):
            assert (answer.status, answer.problem) == (422, "dataset-invalid")
            assert at in {error["at"] for error in answer.json["errors"]}
            assert (await exchange.call_ok(owner.steward, "GET", target))["draft"] is None


async def test_others_see_that_something_is_withheld(exchange: Exchange, owner: Party, dataset: dict[str, Any]) -> None:
    stranger = await exchange.admit("stranger")
    current = await exchange.call_ok(stranger.steward, "GET", f"/api/v1/datasets/{dataset['id']}/odrl")
    assert operands(current)["dx:rowFilter"] == WITHHELD
    assert "C1" not in str(current)
    own = await exchange.call_ok(owner.steward, "GET", f"/api/v1/datasets/{dataset['id']}/odrl")
    assert operands(own)["dx:rowFilter"]["@value"] == {"field": "city", "op": "eq", "value": "C1"}


async def test_an_agreement_carries_what_the_terms_say_of_passing_on_and_price(
    exchange: Exchange, owner: Party, dataset: dict[str, Any]
) -> None:
    platform = await exchange.admit("platform", kind="institution", level="none")
    agreed = await exchange.conclude_agreement(platform, owner, dataset)
    assert (agreed["resharing"], agreed["price"]) == (False, TERMS["price"])
    target = f"/api/v1/agreements/{agreed['id']}/odrl"
    policy = await exchange.call_ok(platform.steward, "GET", target)
    assert policy == await exchange.call_ok(owner.steward, "GET", target)
    assert policy["inheritFrom"] == [f"{exchange.url}/api/v1/datasets/{dataset['id']}/odrl"]
    assert policy["prohibition"] == [{"target": f"urn:uuid:{dataset['id']}", "action": "distribute"}]
    grant = read_agreement(policy, dataset=dataset["id"], owner=owner.id, consumer=platform.id)
    # The masks that the terms had are part of the agreement.
    expected = agreed | {"masks": agreed["in_force"]["masks"]}
    assert grant == {name: expected[name] for name in grant}


async def test_departments_pay_each_other_nothing(exchange: Exchange, owner: Party, dataset: dict[str, Any]) -> None:
    agreed = await exchange.conclude_agreement(await exchange.admit("other"), owner, dataset)
    assert agreed["price"] is None


@pytest.mark.parametrize(
    ("terms", "problem"), [({"consent": True}, "consent-missing"), ({"min_group": 5}, "aggregates-only")]
)
async def test_what_cannot_be_fulfilled_denies(
    exchange: Exchange, owner: Party, terms: dict[str, Any], problem: str
) -> None:
    other = await exchange.admit("other")
    source = await exchange.register_file(owner, CSV)
    impact = {"impact": assessment()}
    dataset = await exchange.publish_dataset(owner, source, "withheld", terms=terms, assessments=impact)
    await exchange.conclude_agreement(other, owner, dataset)
    answer = await exchange.call(
        other.system, "POST", "/api/v1/deliveries", {"dataset": "owner/withheld"}, purpose="talent-service"
    )
    assert (answer.status, answer.problem) == (403, problem)
    assert answer.json["reasons"][0]["remedy"]
