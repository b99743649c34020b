"""Fields that a question names: unknown ones are refused before a decision, and nothing that is kept grows with them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from exchange.delivery.facts import Facts
from exchange.settings import Settings
from tests.support.exchanges.exchange import document_for
from tests.support.exchanges.people import DATASET, PeopleExchange, start_people

EQUALS: dict[str, Any] = {"op": "eq", "value": "x"}


@pytest.fixture
async def people_exchange(settings: Settings) -> AsyncIterator[PeopleExchange]:
    async with start_people(settings) as exchange:
        yield exchange


async def count_inputs(exchange: PeopleExchange) -> int:
    [row] = await exchange.run_sql("SELECT count(*) FROM decision_inputs")
    return int(row["count"])


async def test_a_field_that_the_version_does_not_have_is_refused_and_not_kept(people_exchange: PeopleExchange) -> None:
    """A sender can make up any number of names: none is decided about, stored, or remembered."""
    exchange = people_exchange
    before = await count_inputs(exchange)
    for fields, filtered, places in (
        (["name", "salary"], "name", ["fields/1"]),
        ([f"{n}" * 50 for n in range(30)], "name", [f"fields/{n}" for n in range(20)]),
        (["name"], "wage", ["filters/0/field"]),
    ):
        answer = await exchange.fetch({"field": filtered, **EQUALS}, fields=fields)
        assert (answer.status, answer.problem) == (422, "field-unknown"), answer.content.decode()
        assert [error["at"] for error in answer.json["errors"]] == places
        entry = await exchange.entry_of(answer)
        assert (entry["type"], entry["problem"], "decision" in entry) == ("delivery.refused", "field-unknown", False)
        assert entry["dataset"] == exchange.dataset["id"]
    assert await count_inputs(exchange) == before
    question = {"system": exchange.consumer.system_id, "dataset": DATASET, "purpose": "talent-service", "fields": ["x"]}
    explained = await exchange.call(exchange.owner.steward, "POST", "/api/v1/policy/explanations", question)
    assert (explained.status, explained.problem) == (422, "field-unknown")


async def test_refusals_of_one_sender_share_their_inputs(people_exchange: PeopleExchange) -> None:
    """A sender without an agreement is refused for every field, filter and purpose, and leaves one decision input."""
    exchange = people_exchange
    stranger = await exchange.admit("stranger", kind="institution", level="none")
    before = await count_inputs(exchange)
    names = ["person_id", "name", "score"]
    for fields in ([], names, names[:1], names[1:], names[::-1]):
        for purpose in ("talent-service", "made-up", "made-up-too"):
            question = {"dataset": DATASET} | ({"fields": fields} if fields else {})
            answer = await exchange.call(stranger.system, "POST", "/api/v1/deliveries", question, purpose=purpose)
            assert answer.status == 403
            assert answer.problem == ("agreement-missing" if purpose == "talent-service" else "purpose-not-granted")
    assert await count_inputs(exchange) == before + 1


async def test_rulings_are_weighed_and_not_counted(people_exchange: PeopleExchange) -> None:
    facts = people_exchange.runtime[Facts]
    await people_exchange.fetch(fields=["name"])
    few = facts._rulings.currsize
    assert few > 0
    await people_exchange.fetch(fields=["name", "score"])
    assert few < facts._rulings.currsize <= facts._rulings.maxsize


async def test_a_refusal_tells_a_field_that_was_never_granted_from_one_that_the_terms_withdrew(
    people_exchange: PeopleExchange,
) -> None:
    """Applying helps for the first and cannot help for the second; both are named in the text."""
    exchange = people_exchange
    other = await exchange.admit("other", kind="institution", level="none")
    agreement = await exchange.conclude_agreement(other, exchange.owner, exchange.dataset, fields=["person_id", "name"])
    assert agreement["fields"] == ["person_id", "name"]
    fields = exchange.dataset["document"]["fields"]
    source = {"source": await source_of(exchange), "handle": "people"}
    document = document_for(fields, terms={"fields": ["person_id", "score"]})
    target = f"/api/v1/datasets/{exchange.dataset['id']}"
    await exchange.call_ok(exchange.owner.steward, "PUT", f"{target}/draft", {**source, "document": document})
    await exchange.call_ok(exchange.owner.steward, "POST", f"{target}/publication")
    question = {"dataset": DATASET, "fields": ["person_id", "name", "score"]}
    answer = await exchange.call(other.system, "POST", "/api/v1/deliveries", question, purpose="talent-service")
    assert answer.problem == "field-not-granted"
    remedies = {reason["ref"]: reason["remedy"] for reason in answer.json["reasons"]}
    assert "applying cannot help" in remedies["name"]
    assert "apply" in remedies["score"].lower() or "application" in remedies["score"]
    assert '"name": ' in answer.json["detail"]
    assert '"score": ' in answer.json["detail"]


async def source_of(exchange: PeopleExchange) -> str:
    [row] = await exchange.run_sql("SELECT source_id FROM dataset_versions")
    return str(row["source_id"])


@pytest.mark.parametrize("count", [1, 2])
async def test_a_filter_that_does_not_fit_has_its_place_however_many_there_are(
    people_exchange: PeopleExchange, count: int
) -> None:
    filters = [{"field": "score", "op": "eq", "value": "many"}] * count
    answer = await people_exchange.fetch(*filters)
    assert answer.problem == "filter-invalid"
    assert [error["at"] for error in answer.json["errors"]] == [f"filters/{index}/value" for index in range(count)]
    assert all('field "score"' in error["error"] for error in answer.json["errors"])
