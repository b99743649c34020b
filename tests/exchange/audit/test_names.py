"""Searches by names: an empty answer means that nothing happened, never that a word was mistyped."""

import csv
import io
from typing import Any

from tests.support.exchanges.exchange import Exchange, Key, Party
from tests.support.exchanges.parties import admit_parties
from tests.support.exchanges.populated import DELIVERIES

SEARCH = "/api/v1/audit/entries"


async def find(exchange: Exchange, key: Key, query: str) -> list[str]:
    page = await exchange.call_ok(key, "GET", f"{SEARCH}?{query}&limit=1000")
    return [entry["body"]["type"] for entry in page["entries"]]


async def ask(exchange: Exchange, party: Party, document: Any) -> Any:
    return await exchange.call(party.system, "POST", DELIVERIES, document, purpose="talent-service")


async def test_names_find_what_ids_find(exchange: Exchange) -> None:
    owner, consumer, dataset = await admit_parties(exchange)
    await exchange.conclude_agreement(consumer, owner, dataset)
    assert (await ask(exchange, consumer, {"dataset": "owner/codes"})).status == 200
    auditor = exchange.keys["auditor"]
    for by_name, by_id in (
        ("dataset=owner/codes", f"dataset={dataset['id']}"),
        ("owner=owner&type=delivery", f"owner={owner.id}&type=delivery"),
        ("consumer=consumer&type=delivery", f"consumer={consumer.id}&type=delivery"),
        ("organisation=consumer&type=delivery", f"organisation={consumer.id}&type=delivery"),
        ("principal=consumer/service&type=delivery", f"principal={consumer.system_id}&type=delivery"),
    ):
        types = await find(exchange, auditor, by_name)
        assert "delivery.completed" in types
        assert types == await find(exchange, auditor, by_id)
    # A name stays searchable when its dataset is withdrawn, for the owner, the consumer and auditors.
    target = f"/api/v1/datasets/{dataset['id']}/withdrawal"
    await exchange.call_ok(owner.steward, "POST", target, {"reason": "x"})
    assert "dataset.withdrawn" in await find(exchange, auditor, "dataset=owner/codes")
    assert "dataset.withdrawn" in await find(exchange, owner.steward, "dataset=owner/codes")
    assert "delivery.completed" in await find(exchange, consumer.steward, "dataset=owner/codes")


UNKNOWN = (
    "dataset=owner/nothing",
    "dataset=nothing",
    "dataset=01930b2e-6f1a-7000-8000-000000000001",
    "organisation=nobody",
    "owner=01930b2e-6f1a-7000-8000-000000000001",
    "consumer=Owner",
    "principal=consumer/nobody",
    "principal=01930b2e-6f1a-7000-8000-000000000001",
    "agreement=01930b2e-6f1a-7000-8000-000000000001",
    "object=01930b2e-6f1a-7000-8000-000000000001",
    "object_kind=datasets",
    f"key={'A' * 43}",
    f"subject={'0' * 64}",
    "type=delivery.refuse",
    "type=deliveries",
    "type=nothing.*",
    "outcome=denied",
    "lane=goverment",
    "purpose=talent-servce",
    "problem=purpose-not-grnted",
    "until=2020-01-01T00:00:00Z&since=2020-01-02T00:00:00Z",
)


async def test_what_nothing_can_match_is_refused_by_its_parameter(exchange: Exchange) -> None:
    for query in UNKNOWN:
        name = query.partition("=")[0]
        for path in (SEARCH, f"{SEARCH}.csv"):
            answer = await exchange.call(exchange.keys["auditor"], "GET", f"{path}?{query}")
            assert (answer.status, answer.problem) == (422, "request-invalid"), query
            assert f"query/{name}" in {fault["at"] for fault in answer.json["errors"]}, query
    misspelt = await exchange.call(exchange.keys["auditor"], "GET", f"{SEARCH}?datasets=owner/nothing")
    assert misspelt.problem == "request-invalid"


async def test_what_is_known_and_did_not_happen_is_an_empty_answer(exchange: Exchange) -> None:
    owner, consumer, _ = await admit_parties(exchange)
    auditor = exchange.keys["auditor"]
    for query in ("type=erasure.executed", "problem=legal-hold", "purpose=statistics"):
        assert await find(exchange, auditor, query) == []
    assert await find(exchange, consumer.steward, "dataset=owner/codes") == []
    assert await find(exchange, owner.steward, "type=delivery&organisation=owner") == []


async def test_a_search_tells_nobody_what_it_may_not_see(exchange: Exchange) -> None:
    owner, consumer, dataset = await admit_parties(exchange)
    draft = {"source": (await exchange.call_ok(owner.steward, "GET", "/api/v1/sources"))[0]["id"], "handle": "secret"}
    drafted = await exchange.call_ok(
        owner.steward, "POST", "/api/v1/datasets", draft | {"document": dataset["document"]}
    )
    answers = [
        (await exchange.call(consumer.steward, "GET", f"{SEARCH}?dataset={reference}")).json
        for reference in ("owner/secret", "owner/nothing", drafted["id"], "01930b2e-6f1a-7000-8000-000000000001")
    ]
    assert len({str(answer | {"entry": 0}) for answer in answers}) == 1
    assert answers[0]["type"] == "/problems/request-invalid"
    assert await find(exchange, owner.steward, "dataset=owner/secret") == ["dataset.drafted"]


async def test_a_search_is_exported_as_a_table(exchange: Exchange) -> None:
    owner, consumer, dataset = await admit_parties(exchange)
    await exchange.conclude_agreement(consumer, owner, dataset)
    for _ in range(3):
        await ask(exchange, consumer, {"dataset": "owner/codes"})
    query = "dataset=owner/codes&type=delivery&limit=2"
    answer = await exchange.call(exchange.keys["auditor"], "GET", f"{SEARCH}.csv?{query}")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    page = await exchange.call_ok(exchange.keys["auditor"], "GET", f"{SEARCH}?{query}")
    assert [(int(row["index"]), row["hash"], row["at"]) for row in rows] == [
        (entry["index"], entry["hash"], entry["body"]["at"]) for entry in page["entries"]
    ]
    assert {(row["type"], row["organisation"], row["rows"]) for row in rows} == {
        ("delivery.completed", consumer.id, "2")
    }
    assert {(row["organisation_name"], row["dataset_name"], row["object_name"]) for row in rows} == {
        ("consumer", "owner/codes", "owner/codes")
    }
    assert int(answer.headers["exchange-next"]) == page["next"]
    assert '"exchange-next"' in answer.headers["signature-input"]


async def test_a_search_names_what_the_reader_may_see(exchange: Exchange) -> None:
    """Handles of organisations and of datasets in the entries, and of members and systems of one's own organisation."""
    owner, consumer, dataset = await admit_parties(exchange)
    await exchange.conclude_agreement(consumer, owner, dataset)
    await ask(exchange, consumer, {"dataset": "owner/codes"})
    public = {consumer.id: "consumer", dataset["id"]: "owner/codes"}
    system = {consumer.system_id: "consumer/service"}
    for key, names in (
        (exchange.keys["auditor"], public | system),
        (consumer.steward, public | system),
        (owner.steward, public),
    ):
        page = await exchange.call_ok(key, "GET", f"{SEARCH}?type=delivery")
        assert page["names"] == names


async def test_an_owner_learns_who_received_a_persons_data(exchange: Exchange) -> None:
    """The body has the identifier; the answer lists who asked about the person and who received rows that may include it."""
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_file(owner, b"person_id,city\n7,a\n8,b\n")
    dataset = await exchange.publish_dataset(owner, source, "people")
    await exchange.conclude_agreement(consumer, owner, dataset)
    about = {"dataset": "owner/people", "filters": [{"field": "person_id", "op": "eq", "value": "7"}]}
    assert (await ask(exchange, consumer, about)).status == 200
    assert (await ask(exchange, consumer, {"dataset": "owner/people"})).status == 200
    question = {"dataset": "owner/people", "value": "7"}
    for key in (owner.steward, exchange.keys["auditor"]):
        report = await exchange.call_ok(key, "POST", "/api/v1/audit/people", question)
        [named], [possible] = report["named"], report["possible"]
        assert (named["handle"], named["purpose"], named["deliveries"]) == ("consumer", "talent-service", 1)
        assert (possible["handle"], possible["deliveries"], report["is_complete"]) == ("consumer", 1, True)
        entries = await exchange.read_entries()
        assert report["subject"] in entries[named["entries"][0]]["subjects"]
    last = (await exchange.read_entries())[-1]
    assert (last["type"], last["object"]) == ("audit.read", {"kind": "subject", "id": report["subject"]})
    other = await exchange.call_ok(owner.steward, "POST", "/api/v1/audit/people", question | {"value": "8"})
    assert (other["subject"], other["named"], len(other["possible"])) == (None, [], 1)
    for key in (consumer.steward, exchange.keys["security"]):
        assert (await exchange.call(key, "POST", "/api/v1/audit/people", question)).problem == "not-found"
