"""Searching the ledger over the API: who sees what, page by page, and that looking leaves an entry itself."""

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from exchange.audit.tasks import INDEX
from exchange.kernel.commitments import commitment
from exchange.kernel.database import arguments
from exchange.kernel.loops import Loops
from exchange.settings import Settings
from ledger.format import canonical, merkle
from tests.support.exchanges.exchange import Answer, Exchange, Key, Party
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.populated import DELIVERIES, PopulatedExchange

SEARCH = "/api/v1/audit/entries"


async def look(exchange: Exchange, key: Key, query: str = "limit=1000") -> Any:
    return await exchange.call_ok(key, "GET", f"{SEARCH}?{query}")


async def all_of(exchange: Exchange, key: Key, query: str = "") -> list[dict[str, Any]]:
    """All matching entries, read by small pages."""
    entries: list[dict[str, Any]] = []
    start = ""
    while True:
        page = await look(exchange, key, f"{query}&limit=7{start}")
        entries += page["entries"]
        if page["next"] is None:
            return entries
        start = f"&start={page['next']}"


class Two:
    """Two owners with the same kind of data, and a consumer of both."""

    def __init__(self, exchange: Exchange, parties: list[Party], datasets: list[Any], agreements: list[Any]) -> None:
        self.exchange = exchange
        self.first, self.second, self.consumer, self.stranger = parties
        self.datasets = datasets
        self.agreements = agreements

    async def ask(self, dataset: str, **more: Any) -> Answer:
        document = {"dataset": dataset, **more}
        return await self.exchange.call(self.consumer.system, "POST", DELIVERIES, document, purpose="talent-service")


@pytest.fixture
async def two(settings: Settings) -> AsyncIterator[Two]:
    async with start_filled(settings, fill) as two:
        yield two


async def fill(exchange: Exchange) -> Two:
    first, second = await exchange.admit("first"), await exchange.admit("second")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    stranger = await exchange.admit("stranger", kind="enterprise", level="none")
    datasets, agreements = [], []
    for owner in (first, second):
        source = await exchange.register_file(owner, b"id,city\n1,a\n2,b\n")
        dataset = await exchange.publish_dataset(owner, source, "towns")
        datasets.append(dataset)
        agreements.append(await exchange.conclude_agreement(consumer, owner, dataset))
    return Two(exchange, [first, second, consumer, stranger], datasets, agreements)


def names(document: Any) -> set[str]:
    """Every text in a document."""
    if isinstance(document, dict):
        return {name for value in document.values() for name in names(value)}
    if isinstance(document, list):
        return {name for value in document for name in names(value)}
    return {document} if isinstance(document, str) else set()


async def test_an_owner_never_sees_another_owners_entries(two: Two) -> None:
    for dataset in ("first/towns", "second/towns"):
        assert (await two.ask(dataset)).status == 200
        assert (await two.ask(dataset, fields=["salary"])).problem == "field-unknown"
    for owner, other, dataset in (
        (two.first, two.second, two.datasets[1]),
        (two.second, two.first, two.datasets[0]),
    ):
        before = len(await two.exchange.read_entries())
        visible = await all_of(two.exchange, owner.steward)
        entries = await two.exchange.read_entries()
        indexes = [entry["index"] for entry in visible]
        for entry in visible:
            assert entries[entry["index"]] == entry["body"]
            assert other.id not in names(entry["body"]), entry
            assert dataset["id"] not in names(entry["body"]), entry
        uses = [entry["body"]["type"] for entry in visible if entry["body"]["type"].startswith("delivery.")]
        assert uses == ["delivery.completed", "delivery.refused"]
        assert {index for index, body in enumerate(entries[:before]) if owner.id in names(body)} <= set(indexes)


async def test_who_may_only_consume_does_not_see_the_uses_of_its_organisation_s_data(two: Two) -> None:
    assert (await two.ask("first/towns")).status == 200
    visible = [entry["body"] for entry in await all_of(two.exchange, two.first.system)]
    assert {body["actor"].get("organisation") for body in visible} <= {two.first.id}
    assert not [body for body in visible if body["type"].startswith("delivery.")]
    assert [
        entry
        for entry in await all_of(two.exchange, two.first.steward)
        if entry["body"]["type"] == "delivery.completed"
    ]


async def test_a_consumer_sees_its_own_and_nothing_of_what_others_do(two: Two) -> None:
    await two.ask("first/towns")
    await two.exchange.call_ok(
        two.first.steward, "POST", f"/api/v1/agreements/{two.agreements[0]['id']}/suspension", {"reason": "核查"}
    )
    assert (await two.ask("first/towns")).problem == "agreement-suspended"
    visible = [entry["body"] for entry in await all_of(two.exchange, two.consumer.system)]
    assert visible
    for body in visible:
        parties = {body["actor"].get("organisation"), body.get("consumer")}
        assert two.consumer.id in parties or body["type"].startswith("application."), body
    types = {body["type"] for body in visible}
    assert {"application.submitted", "agreement.concluded", "agreement.suspended", "delivery.refused"} <= types
    assert not types & {"dataset.published", "source.registered"}


async def test_a_stranger_sees_its_own_only_and_the_nameless_nothing(two: Two) -> None:
    await two.ask("first/towns")
    steward = await two.exchange.find_principal(two.stranger.steward)
    for entry in await all_of(two.exchange, two.stranger.steward):
        assert names(entry["body"]) & {two.stranger.id, steward, two.stranger.system_id}
    anonymous = await two.exchange.send("GET", SEARCH, {})
    assert (anonymous.status, anonymous.problem) == (401, "signature-missing")
    assert (await two.exchange.call(two.exchange.keys["operator"], "GET", SEARCH)).problem == "role-missing"
    assert (await two.exchange.call(two.exchange.keys["security"], "GET", SEARCH)).problem == "role-missing"


async def test_an_auditor_sees_what_it_was_given(two: Two) -> None:
    await two.ask("first/towns")
    all_entries = await all_of(two.exchange, two.exchange.keys["auditor"])
    entries = await two.exchange.read_entries()
    assert [entry["index"] for entry in all_entries] == list(range(all_entries[-1]["index"] + 1))
    assert [entry["body"] for entry in all_entries] == entries[: len(all_entries)]
    inspector = Key()
    document = {
        "kind": "member",
        "handle": "inspector",
        "title": "Inspector",
        **two.exchange.registration(inspector, two.first.handle, "inspector"),
        "roles": ["auditor"],
    }
    await two.exchange.call_ok(two.first.steward, "POST", f"/api/v1/organisations/{two.first.id}/principals", document)
    visible = await all_of(two.exchange, inspector)
    assert "delivery.completed" in {entry["body"]["type"] for entry in visible}
    assert all(two.second.id not in names(entry["body"]) for entry in visible)


async def test_filters_work_together(two: Two) -> None:
    exchange, auditor = two.exchange, two.exchange.keys["auditor"]
    await two.ask("first/towns")
    await two.ask("second/towns", fields=["salary"])
    [dataset, _] = two.datasets

    async def types(query: str) -> list[str]:
        return [entry["body"]["type"] for entry in (await look(exchange, auditor, query))["entries"]]

    completed = ["delivery.completed"]
    assert await types(f"dataset={dataset['id']}&type=delivery&outcome=allowed") == completed
    assert await types(f"owner={two.first.id}&type=delivery.completed&purpose=talent-service") == completed
    assert await types(f"organisation={two.consumer.id}&type=delivery.*&lane=operation&order=newest") == [
        "delivery.refused",
        "delivery.completed",
    ]
    assert await types("problem=field-unknown") == ["delivery.refused"]
    assert await types(f"agreement={two.agreements[0]['id']}") == ["agreement.concluded", "delivery.completed"]
    assert await types(f"key={two.consumer.system.keyid}&outcome=refused") == ["delivery.refused"]
    assert await types(f"principal={two.consumer.system_id}&type=delivery.completed") == completed
    assert await types(f"consumer={two.consumer.id}&type=agreement.concluded") == ["agreement.concluded"] * 2
    assert await types(f"object_kind=dataset&object={dataset['id']}&type=dataset") == [
        "dataset.drafted",
        "dataset.published",
    ]
    assert await types("since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z") == []
    assert len(await types("since=2020-01-01T00:00:00%2B08:00&type=delivery")) == 2
    assert [entry["index"] for entry in (await look(exchange, auditor, "start=3&limit=2"))["entries"]] == [3, 4]
    assert [entry["index"] for entry in (await look(exchange, auditor, "start=3&limit=9&order=newest"))["entries"]] == [
        3,
        2,
        1,
        0,
    ]


async def test_pages_stay_while_the_ledger_grows(two: Two) -> None:
    auditor = two.exchange.keys["auditor"]
    newest = await look(two.exchange, auditor, "order=newest&limit=5")
    begin = newest["entries"][0]["index"]
    indexes = [entry["index"] for entry in newest["entries"]]
    while newest["next"] is not None:
        await two.ask("first/towns")  # as does every page that is read
        newest = await look(two.exchange, auditor, f"order=newest&limit=5&start={newest['next']}")
        indexes += [entry["index"] for entry in newest["entries"]]
    assert indexes == list(range(begin, -1, -1))
    assert newest["size"] > begin


async def test_looking_is_on_the_ledger(two: Two) -> None:
    query = f"owner={two.first.id}&type=delivery.*&since=2026-01-01T08:00:00%2B08:00"
    answer = await two.exchange.call(two.first.steward, "GET", f"{SEARCH}?{query}")
    result = answer.json
    read = (await two.exchange.read_entries())[int(answer.headers["exchange-entry"])]
    assert read["type"] == "audit.read"
    assert (read["found"], read["scope"]) == (len(result["entries"]), "organisation")
    assert read["query"] == commitment(result["query"], salt=result["salt"])
    assert result["query"] == {
        "owner": two.first.id,
        "type": "delivery.*",
        "since": "2026-01-01T00:00:00.000000Z",
        "order": "oldest",
        "limit": 100,
    }
    repeated = await two.exchange.call(two.first.steward, "GET", f"{SEARCH}?{query}")
    assert repeated.json["salt"] != result["salt"]
    base = read["request"]["base"]
    assert two.exchange.runtime.seal.salt(f"audit.read/{base}") == result["salt"]
    by_auditor = await look(two.exchange, two.exchange.keys["auditor"], "type=audit.read")
    steward = await two.exchange.find_principal(two.first.steward)
    assert {entry["body"]["actor"]["principal"] for entry in by_auditor["entries"]} == {steward}


async def test_results_are_read_from_the_bytes_that_were_hashed(two: Two) -> None:
    exchange, auditor = two.exchange, two.exchange.keys["auditor"]
    await two.ask("first/towns")
    for entry in (await look(exchange, auditor))["entries"]:
        bytes_of = (await exchange.send("GET", f"/ledger/entries/{entry['index']}", {})).content
        assert merkle.leaf_hash(bytes_of).hex() == entry["hash"]
        assert json.loads(bytes_of)["body"] == entry["body"]
        assert json.loads(bytes_of)["prev"] == entry["prev"]
    index = (await look(exchange, auditor, "type=delivery.completed"))["entries"][0]["index"]
    await exchange.client.get(f"/ledger/receipts/{index}", headers={"prefer": "wait=5"})
    owner = await asyncpg.connect(**arguments(exchange.runtime.database.url))
    await owner.execute("SET session_replication_role = replica")
    leaf = await owner.fetchval("SELECT leaf FROM ledger_entry WHERE seq = $1", index)
    body = canonical.loads(leaf)
    assert isinstance(body, dict)
    body["body"]["result"]["rows"] = 0
    altered = canonical.dumps(body)
    statement = "UPDATE ledger_entry SET leaf = $2, leaf_hash = $3 WHERE seq = $1"
    # First the bytes alone, then with a hash that fits them: the tree still has the one that was signed.
    for hashed in (merkle.leaf_hash(leaf), merkle.leaf_hash(altered)):
        await owner.execute(statement, index, altered, hashed)
        answer = await exchange.call(auditor, "GET", f"{SEARCH}?type=delivery.completed")
        assert (answer.status, answer.problem, answer.json["index"]) == (500, "entry-altered", index)
    await owner.execute(statement, index, leaf, merkle.leaf_hash(leaf))
    await owner.close()
    assert len((await look(exchange, auditor, "type=delivery.completed"))["entries"]) == 1


async def test_an_index_far_behind_is_said(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.audit.tasks._BATCH", 1)
    monkeypatch.setattr("exchange.audit.tasks._MOST_FOR_A_SEARCH", 2)
    await exchange.runtime[Loops][INDEX].stop()
    owner = await asyncpg.connect(**arguments(exchange.runtime.database.url))
    await owner.execute("DELETE FROM ledger_index")
    await owner.close()
    answer = await exchange.call(exchange.keys["auditor"], "GET", SEARCH)
    assert (answer.status, answer.problem) == (503, "index-behind")
    assert answer.headers["retry-after"]


async def test_denials_of_every_kind_are_found(populated_exchange: PopulatedExchange) -> None:
    await populated_exchange.fetch({"fields": ["salary"]})
    await populated_exchange.call_as(
        "stranger",
        "POST",
        "/sources",
        {"organisation": populated_exchange.owner.id, "source": {"kind": "file", "title": "x"}},
    )
    refusals = await all_of(populated_exchange, populated_exchange.keys["auditor"], "outcome=refused")
    assert {refusal["body"]["type"] for refusal in refusals} == {"delivery.refused", "request.refused"}
    assert all(refusal["body"]["problem"] for refusal in refusals)
    entries = await populated_exchange.read_entries()
    assert len(refusals) == sum("problem" in body for body in entries)
