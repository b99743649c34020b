"""One check covers published, requested and granted terms: the policy can decide by them, and sources apply them."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange, Party, document_for
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.parties import Pair, admit_pair

CSV = "id,name,city,score\n" + "".join(f"{n:04d},陈{n},C{n % 4},{n / 4}\n" for n in range(1, 41))


def nested(levels: int) -> dict[str, Any]:
    """A condition so many levels deep that holds for every row."""
    condition: dict[str, Any] = {"field": "city", "op": "is_null", "value": False}
    for _ in range(levels - 1):
        condition = {"all": [condition]}
    return condition


class Filled(NamedTuple):
    pair: Pair
    source: dict[str, Any]


@pytest.fixture
async def filled(settings: Settings) -> AsyncIterator[Filled]:
    async with start_filled(settings, fill) as filled:
        yield filled


async def fill(exchange: Exchange) -> Filled:
    pair = await admit_pair(exchange)
    return Filled(pair, await exchange.register_file(pair.owner, CSV.encode()))


@pytest.fixture
def exchange(filled: Filled) -> Exchange:
    return filled.pair.exchange


@pytest.fixture
def owner(filled: Filled) -> Party:
    return filled.pair.owner


@pytest.fixture
def consumer(filled: Filled) -> Party:
    return filled.pair.consumer


@pytest.fixture
def source(filled: Filled) -> dict[str, Any]:
    return filled.source


async def ask(exchange: Exchange, party: Party, **question: Any) -> Answer:
    document = {"dataset": "owner/people", **question}
    return await exchange.call(party.system, "POST", "/api/v1/deliveries", document, purpose="talent-service")


async def approve(exchange: Exchange, owner: Party, application: dict[str, Any], **approval: Any) -> Answer:
    return await exchange.call(owner.steward, "POST", f"/api/v1/applications/{application['id']}/approval", approval)


def places(answer: Answer) -> set[str]:
    return {error["at"] for error in answer.json["errors"]}


async def test_a_fraction_is_agreed_on_as_text_and_delivered(
    exchange: Exchange, owner: Party, consumer: Party, source: dict[str, Any]
) -> None:
    dataset = await exchange.publish_dataset(owner, source, "people")
    plain = exchange.draft_application(dataset)
    refused = await exchange.call(
        consumer.steward,
        "POST",
        "/api/v1/applications",
        plain | {"row_filter": {"field": "score", "op": "gt", "value": 1.75}},
    )
    assert (refused.problem, places(refused)) == ("outside-terms", {"row_filter"})
    assert "fraction" in refused.content.decode()

    application = await exchange.apply(consumer, dataset, row_filter={"field": "score", "op": "gt", "value": "1.75"})
    assert (await approve(exchange, owner, application)).status == 201

    answer = await ask(exchange, consumer)
    assert answer.status == 200, answer.content.decode()
    assert [row["score"] for row in answer.json["rows"]] == [n / 4 for n in range(8, 41)]


OF_ONE_MASTER: list[tuple[str, dict[str, Any]]] = [
    ("row_filter", {"row_filter": {"field": "score", "op": "in", "value": [1, 2**53]}}),
    ("row_filter", {"row_filter": {"field": "score", "op": "lt", "value": 2**53}}),
    ("row_filter", {"row_filter": {"field": "score", "op": "lt", "value": 0.5}}),
    ("masks", {"masks": {"city": {"kind": "constant", "value": 2**53}}}),
    ("masks", {"masks": {"city": {"kind": "constant", "value": 0.5}}}),
]


async def test_what_only_one_master_knows_is_refused_when_drafted_and_when_granted(
    exchange: Exchange, owner: Party, consumer: Party, source: dict[str, Any], subtests: pytest.Subtests
) -> None:
    application = await exchange.apply(consumer, await exchange.publish_dataset(owner, source, "people"))
    for part, document in OF_ONE_MASTER:
        draft = document_for(source["description"]["fields"], terms=document)
        drafted = await exchange.call(
            owner.steward, "POST", "/api/v1/datasets", {"source": source["id"], "handle": "other", "document": draft}
        )
        granted = await approve(exchange, owner, application, **document)
        with subtests.test(str(document)):
            assert drafted.problem == "dataset-invalid"
            assert all(at.startswith(f"terms/{part}") for at in places(drafted))
            assert granted.problem == "outside-terms"
            assert all(at.startswith(part) for at in places(granted))


async def test_two_filters_are_held_to_the_limits_together(
    exchange: Exchange, owner: Party, consumer: Party, source: dict[str, Any]
) -> None:
    dataset = await exchange.publish_dataset(owner, source, "people")
    application = await exchange.apply(consumer, dataset, row_filter=nested(8))

    refused = await approve(exchange, owner, application, row_filter=nested(1))
    assert (refused.problem, places(refused)) == ("outside-terms", {"row_filter" + "/all/0" * 8})

    assert (await approve(exchange, owner, application)).status == 201
    assert (await ask(exchange, consumer)).status == 200


@pytest.mark.parametrize(
    ("at", "terms"),
    [
        ("dataset", {"consumers": {"kinds": ["department"]}}),
        ("purpose", {"purposes": ["statistics"]}),
        ("row_filter", {"masks": {"city": {"kind": "prefix", "length": 1}}}),
        ("row_filter", {"fields": ["id", "name"]}),
    ],
)
async def test_an_approval_holds_against_the_terms_of_today(
    exchange: Exchange, owner: Party, consumer: Party, source: dict[str, Any], at: str, terms: dict[str, Any]
) -> None:
    dataset = await exchange.publish_dataset(owner, source, "people")
    application = await exchange.apply(
        consumer, dataset, fields=["id", "name"], row_filter={"field": "city", "op": "eq", "value": "C1"}
    )
    document = document_for(source["description"]["fields"], terms=terms)
    draft = {"source": source["id"], "handle": "people", "document": document}
    await exchange.call_ok(owner.steward, "PUT", f"/api/v1/datasets/{dataset['id']}/draft", draft)
    await exchange.call_ok(owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")

    refused = await approve(exchange, owner, application)
    assert (refused.problem, places(refused)) == ("outside-terms", {at})


@pytest.mark.parametrize("field", ["name", "city"])
async def test_a_consumer_filters_on_what_the_terms_offer_clear(
    exchange: Exchange, owner: Party, consumer: Party, source: dict[str, Any], field: str
) -> None:
    terms = {"fields": ["id", "name", "score"], "masks": {"name": {"kind": "hash"}}}
    dataset = await exchange.publish_dataset(owner, source, "people", terms=terms)
    for condition in (
        {"field": field, "op": "eq", "value": "陈7"},
        {"not": {"any": [{"field": field, "op": "is_null", "value": True}]}},
    ):
        refused = await exchange.call(
            consumer.steward,
            "POST",
            "/api/v1/applications",
            exchange.draft_application(dataset) | {"row_filter": condition},
        )
        assert (refused.problem, places(refused)) == ("outside-terms", {"row_filter"})

    # The owner may narrow by any field.
    application = await exchange.apply(consumer, dataset, row_filter={"field": "id", "op": "lt", "value": "0011"})
    granted = await approve(exchange, owner, application, row_filter={"field": "city", "op": "eq", "value": "C1"})
    assert granted.status == 201, granted.content.decode()
    assert [row["id"] for row in (await ask(exchange, consumer)).json["rows"]] == ["0001", "0005", "0009"]


async def test_lists_no_decision_could_hold_are_refused_when_drafted(
    exchange: Exchange, owner: Party, source: dict[str, Any]
) -> None:
    consumers = {"organisations": [f"01930b2e-6f1a-7000-8000-{n:012d}" for n in range(1001)]}
    document = document_for(source["description"]["fields"], terms={"consumers": consumers})
    drafted = await exchange.call(
        owner.steward, "POST", "/api/v1/datasets", {"source": source["id"], "handle": "x", "document": document}
    )
    assert drafted.problem == "request-invalid"


async def test_what_the_terms_keep_to_themselves_is_the_owners_to_see(
    exchange: Exchange, owner: Party, consumer: Party, source: dict[str, Any]
) -> None:
    row_filter = {"field": "name", "op": "ne", "value": "陈7"}
    terms = {"row_filter": row_filter, "consumers": {"organisations": [consumer.id]}}
    dataset = await exchange.publish_dataset(owner, source, "people", terms=terms)
    assert dataset["document"]["terms"]["row_filter"] == row_filter
    assert (dataset["withheld"], len(dataset["salt"])) == ([], 32)

    for target in (dataset["id"], "by-handle/owner/people"):
        current = await exchange.call_ok(consumer.steward, "GET", f"/api/v1/datasets/{target}")
        assert current["document"]["terms"]["row_filter"] is None
        assert current["document"]["terms"]["consumers"]["organisations"] == []
        assert current["withheld"] == ["terms/row_filter", "terms/consumers/organisations"]
        assert (current["salt"], current["digest"]) == (None, dataset["digest"])
    listed = await exchange.call(consumer.steward, "GET", "/api/v1/datasets")
    assert "陈7" not in listed.content.decode()

    await exchange.conclude_agreement(consumer, owner, dataset)
    answer = await ask(exchange, consumer)
    assert len(answer.json["rows"]) == 39


async def test_an_agreement_that_has_expired_stays_so_for_a_clock_set_back(
    exchange: Exchange, owner: Party, consumer: Party, source: dict[str, Any]
) -> None:
    agreement = await exchange.conclude_agreement(
        consumer, owner, await exchange.publish_dataset(owner, source, "people")
    )
    async with exchange.runtime.database.pool.acquire() as connection:
        await connection.execute("UPDATE agreements SET state = 'expired' WHERE id = $1", agreement["id"])

    refused = await ask(exchange, consumer)
    assert refused.problem == "agreement-expired"


@pytest.mark.parametrize("condition", ["ctiy = 'C1'", {"field": "ctiy", "op": "eq", "value": "C1"}])
async def test_a_row_filter_on_no_field_names_it_and_the_nearest(
    exchange: Exchange, owner: Party, source: dict[str, Any], condition: Any
) -> None:
    document = document_for(source["description"]["fields"], terms={"row_filter": condition})
    body = {"source": source["id"], "handle": "people", "document": document}
    answer = await exchange.call(owner.steward, "POST", "/api/v1/datasets", body)
    assert answer.status == 422
    [fault] = answer.json["errors"]
    assert 'no field "ctiy"; the nearest: city' in fault["error"]


async def test_a_row_filter_may_be_written_as_text(
    exchange: Exchange, owner: Party, consumer: Party, source: dict[str, Any]
) -> None:
    dataset = await exchange.publish_dataset(
        owner, source, "people", terms={"row_filter": "city = 'C1' and not score < 5.5"}
    )
    assert dataset["document"]["terms"]["row_filter"] == {
        "all": [
            {"field": "city", "op": "eq", "value": "C1"},
            {"not": {"field": "score", "op": "lt", "value": "5.5"}},
        ]
    }
    application = await exchange.apply(consumer, dataset, row_filter="city = 'C1'")
    assert application["row_filter"] == {"field": "city", "op": "eq", "value": "C1"}
    assert (await approve(exchange, owner, application, row_filter="score <= 7.25")).status == 201
    answer = await ask(exchange, consumer)
    assert [row["score"] for row in answer.json["rows"]] == [6.25, 7.25]


NO_ROW_FILTERS = [
    ("city == 'C1'", "request-invalid", 7),
    ("city = ‘C1’", "request-invalid", 8),
    ("city = 'C1'; drop table people", "request-invalid", 12),
    ("(" * 1_000_000, "request-invalid", 20_001),
    ("city = 5", "dataset-invalid", 8),
    ("cіty = 'C1'", "request-invalid", 2),
    ("\"cіty\" = 'C1'", "dataset-invalid", 1),
]


async def test_text_that_is_no_row_filter_is_refused_with_the_place(
    exchange: Exchange, owner: Party, source: dict[str, Any], subtests: pytest.Subtests
) -> None:
    for text, problem, character in NO_ROW_FILTERS:
        document = document_for(source["description"]["fields"], terms={"row_filter": text})
        draft = {"source": source["id"], "handle": "people", "document": document}
        answer = await exchange.call(owner.steward, "POST", "/api/v1/datasets", draft)
        with subtests.test(text[:40]):
            assert answer.problem == problem
            [error] = answer.json["errors"]
            assert error["at"].endswith("terms/row_filter")
            assert f"character {character}:" in error["error"]
            assert "C1" not in error["error"]
