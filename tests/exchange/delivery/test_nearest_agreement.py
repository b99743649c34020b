"""A refusal gives the reasons of the agreement that is nearest to the request, and what that agreement grants."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange, Party
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.parties import Pair, admit_pair
from tests.support.exchanges.people import CSV, DATASET

Dataset = dict[str, Any]


@pytest.fixture
async def pair(settings: Settings) -> AsyncIterator[Pair]:
    async with start_filled(settings, admit_pair) as pair:
        yield pair


@pytest.fixture
def exchange(pair: Pair) -> Exchange:
    return pair.exchange


@pytest.fixture
def owner(pair: Pair) -> Party:
    return pair.owner


@pytest.fixture
def consumer(pair: Pair) -> Party:
    return pair.consumer


@pytest.fixture
async def dataset(exchange: Exchange, owner: Party) -> Dataset:
    source = await exchange.register_file(owner, CSV.encode())
    terms = {"masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}}}
    return await exchange.publish_dataset(owner, source, "people", terms=terms)


async def grant(exchange: Exchange, consumer: Party, owner: Party, dataset: Dataset, **asked: Any) -> str:
    application = await exchange.apply(consumer, dataset, **asked)
    target = f"/api/v1/applications/{application['id']}/approval"
    approved = await exchange.call_ok(owner.steward, "POST", target, {})
    return str(approved["agreement"]["id"])


async def act(exchange: Exchange, owner: Party, agreement: str, verb: str) -> None:
    target = f"/api/v1/agreements/{agreement}/{verb}"
    await exchange.call_ok(owner.steward, "POST", target, {"reason": "a check"})


async def ask(exchange: Exchange, consumer: Party, purpose: str, **question: Any) -> Answer:
    document = {"dataset": DATASET, **question}
    return await exchange.call(consumer.system, "POST", "/api/v1/deliveries", document, purpose=purpose)


async def test_reasons_are_those_of_the_agreement_for_the_purpose(
    exchange: Exchange, owner: Party, consumer: Party, dataset: Dataset
) -> None:
    """Of one suspended agreement for each purpose, the one for the purpose of the request explains the refusal."""
    talent = await grant(exchange, consumer, owner, dataset)
    figures = await grant(exchange, consumer, owner, dataset, purpose="statistics")
    for agreement in (talent, figures):
        await act(exchange, owner, agreement, "suspension")
    for purpose, near, other in (("talent-service", talent, figures), ("statistics", figures, talent)):
        answer = await ask(exchange, consumer, purpose)
        assert answer.problem == "agreement-suspended"
        assert [(reason["code"], reason["ref"]) for reason in answer.json["reasons"]] == [("agreement-suspended", near)]
        assert answer.json["other_agreements"] == [other]
        assert "granted" not in answer.json
    [*_, entry] = await exchange.read_entries()
    assert len(entry["decision"]["reasons"]) == 3, "the ledger has the reasons of all"


async def test_a_purpose_that_is_not_granted_names_those_that_are(
    exchange: Exchange, owner: Party, consumer: Party, dataset: Dataset
) -> None:
    agreement = await grant(exchange, consumer, owner, dataset)
    for purpose in ("statistics", "made-up"):
        answer = await ask(exchange, consumer, purpose)
        assert answer.problem == "purpose-not-granted"
        assert answer.json["granted"]["purposes"] == ["talent-service"]
        assert answer.json["granted"]["agreement"] == agreement
        assert '"talent-service"' in answer.json["detail"]
        assert "other_agreements" not in answer.json


async def test_a_field_that_is_not_granted_names_those_that_are(
    exchange: Exchange, owner: Party, consumer: Party, dataset: Dataset
) -> None:
    narrow = await grant(exchange, consumer, owner, dataset, fields=["person_id", "name"])
    answer = await ask(exchange, consumer, "talent-service", fields=["name", "score"])
    assert answer.problem == "field-not-granted"
    assert answer.json["granted"] == {
        "agreement": narrow,
        "purposes": ["talent-service"],
        "fields": ["person_id", "name"],
        "masked": ["name"],
    }
    assert 'Granted fields: "person_id", "name".' in answer.json["detail"]
    condition = {"field": "name", "op": "eq", "value": "x"}
    answer = await ask(exchange, consumer, "talent-service", filters=[condition])
    assert answer.problem == "filter-not-granted"
    assert 'Granted fields without a mask: "person_id".' in answer.json["detail"]


async def test_an_organisation_without_an_agreement_learns_no_grants(
    exchange: Exchange, owner: Party, consumer: Party, dataset: Dataset
) -> None:
    await grant(exchange, consumer, owner, dataset)
    stranger = await exchange.admit("stranger", kind="institution", level="none")
    for purpose in ("statistics", "made-up"):
        answer = await ask(exchange, stranger, purpose, fields=["score"])
        assert answer.problem in {"agreement-missing", "purpose-not-granted"}
        assert answer.json.keys().isdisjoint({"granted", "other_agreements"})
