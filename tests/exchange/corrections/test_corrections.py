"""Corrections: filed by who has the data, answered by its owner, told to every user, about people whom nobody else sees."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from exchange.corrections.lifecycle import CORRECTION
from exchange.messages.service import TITLES
from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange, Party
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.people import CSV

CORRECTIONS = "/api/v1/corrections"
PERSON = "P00001"


@dataclass
class Sharing:
    """A file about people, shared with two consumers."""

    exchange: Exchange
    owner: Party
    consumer: Party
    other: Party
    source: dict[str, Any]
    dataset: dict[str, Any]
    agreement: dict[str, Any]

    async def file(self, **changes: Any) -> Answer:
        document = {
            "agreement": self.agreement["id"],
            "fault": "inaccurate",
            "fields": ["score"],
            "people": [PERSON],
            "statement": "分数与证书不一致",
        }
        return await self.exchange.call(self.consumer.steward, "POST", CORRECTIONS, document | changes)

    async def file_ok(self, **changes: Any) -> dict[str, Any]:
        answer = await self.file(**changes)
        assert answer.status == 201, answer.content.decode()
        correction: dict[str, Any] = answer.json
        return correction

    async def act(self, party: Party, correction: dict[str, Any], act: str) -> Answer:
        target = f"{CORRECTIONS}/{correction['id']}/{act}"
        return await self.exchange.call(party.steward, "POST", target, {"statement": "按档案"})

    async def read(self, party: Party, correction: dict[str, Any]) -> Answer:
        return await self.exchange.call(party.steward, "GET", f"{CORRECTIONS}/{correction['id']}")

    async def upload(self) -> None:
        target = f"/api/v1/sources/{self.source['id']}/content?filename=people.csv"
        await self.exchange.call_ok(self.owner.steward, "PUT", target, CSV.replace("P00009", "P10009").encode())

    async def messages(self, party: Party) -> list[str]:
        messages = await self.exchange.call_ok(party.steward, "GET", "/api/v1/messages")
        return [message["kind"] for message in messages]


@pytest.fixture
async def sharing(settings: Settings) -> AsyncIterator[Sharing]:
    async with start_filled(settings, fill) as sharing:
        yield sharing


async def fill(exchange: Exchange) -> Sharing:
    owner, consumer, other = [await exchange.admit(name) for name in ("owner", "consumer", "other")]
    source = await exchange.register_file(owner, CSV.encode())
    dataset = await exchange.publish_dataset(owner, source, "people")
    agreement = await exchange.conclude_agreement(consumer, owner, dataset)
    await exchange.conclude_agreement(other, owner, dataset)
    return Sharing(exchange, owner, consumer, other, source, dataset, agreement)


async def test_a_correction_is_told_to_every_user(sharing: Sharing) -> None:
    correction = await sharing.file_ok()
    assert (correction["state"], correction["check"]["article"][-7:]) == ("filed", "Art. 26")
    assert await sharing.messages(sharing.owner) == ["correction.filed"]
    early = await sharing.act(sharing.owner, correction, "correction")
    assert (early.status, early.problem) == (422, "correction-invalid")
    assert early.json["errors"][0]["at"] == "dataset/content_version"
    await sharing.upload()
    corrected = await sharing.act(sharing.owner, correction, "correction")
    assert (corrected.json["state"], corrected.json["corrected_version"]) == (
        "corrected",
        correction["content_version"] + 1,
    )
    assert corrected.json["check"]["outcome"] == "corrected"
    for party in (sharing.consumer, sharing.other):
        assert await sharing.messages(party) == ["correction.corrected"]
    entry = next(body for body in await sharing.exchange.read_entries() if body["type"] == "correction.corrected")
    assert entry["told"] == 2
    settled = await sharing.act(sharing.consumer, correction, "settlement")
    assert (settled.json["state"], settled.json["verbs"]) == ("settled", [])
    assert (await sharing.read(sharing.owner, correction)).json["people"] == []


async def test_what_is_confirmed_is_disputed(sharing: Sharing) -> None:
    correction = await sharing.file_ok(people=[])
    assert (await sharing.act(sharing.consumer, correction, "confirmation")).problem == "role-missing"
    assert (await sharing.act(sharing.owner, correction, "settlement")).problem == "role-missing"
    assert (await sharing.act(sharing.consumer, correction, "dispute")).problem == "conflict"
    confirmed = await sharing.act(sharing.owner, correction, "confirmation")
    assert (confirmed.json["state"], confirmed.json["verbs"]) == ("confirmed_accurate", ["settle", "dispute"])
    assert await sharing.messages(sharing.other) == []
    assert (await sharing.act(sharing.owner, correction, "correction")).problem == "conflict"
    assert (await sharing.act(sharing.consumer, correction, "dispute")).json["state"] == "disputed"


async def test_a_disputed_correction_goes_to_the_authority_which_reads_it_without_people(sharing: Sharing) -> None:
    exchange = sharing.exchange
    bureau = await exchange.admit("bureau")
    principal = await exchange.find_principal(bureau.steward)
    role = {"role": "authority", "domain": "exchange"}
    await exchange.call_ok(exchange.keys["security"], "POST", f"/api/v1/principals/{principal}/roles", role)
    correction = await sharing.file_ok()
    await sharing.act(sharing.owner, correction, "confirmation")
    assert (await sharing.read(bureau, correction)).problem == "not-found"
    disputed = (await sharing.act(sharing.consumer, correction, "dispute")).json
    steps = f"/api/v1/disputes/{disputed['dispute']}"
    dispute = await exchange.call_ok(bureau.steward, "GET", steps)
    assert (dispute["matter_kind"], dispute["matter_id"]) == ("correction", correction["id"])
    assert disputed["verbs"] == ["resolve"]
    assert (await sharing.act(sharing.consumer, correction, "settlement")).json["errors"][0][
        "at"
    ] == "correction/dispute"
    seen = (await sharing.read(bureau, correction)).json
    assert (seen["state"], seen["people"]) == ("disputed", None)
    assert (await sharing.read(sharing.owner, correction)).json["people"] == [PERSON]
    for party, verb in ((sharing.consumer, "apply"), (bureau, "coordinate"), (bureau, "agree")):
        await exchange.call_ok(party.steward, "POST", f"{steps}/steps", {"verb": verb, "statement": "x"})
    ended = (await sharing.read(sharing.consumer, correction)).json
    assert (ended["state"], ended["people"], ended["answers"][-1]["type"]) == ("settled", [], "correction.settled")
    assert "correction.resolved" in await sharing.messages(sharing.owner)
    types = [body["type"] for body in await exchange.read_entries()]
    assert types[-2:] == ["dispute.agreed", "correction.settled"]
    assert (await sharing.read(sharing.other, correction)).problem == "not-found"


async def test_a_correction_disputed_without_an_authority_is_settled_and_its_people_deleted(sharing: Sharing) -> None:
    exchange = sharing.exchange
    company = await exchange.admit("company", kind="enterprise")
    dataset = await exchange.publish_dataset(company, await exchange.register_file(company, CSV.encode()), "staff")
    agreement = await exchange.conclude_agreement(sharing.consumer, company, dataset)
    correction = await sharing.file_ok(agreement=agreement["id"])
    await sharing.act(company, correction, "confirmation")
    disputed = (await sharing.act(sharing.consumer, correction, "dispute")).json
    assert (disputed["state"], disputed["dispute"], disputed["verbs"]) == ("disputed", None, ["settle"])
    assert (await sharing.act(company, correction, "settlement")).problem == "role-missing"
    assert (await sharing.act(sharing.consumer, correction, "settlement")).json["state"] == "settled"
    assert (await sharing.read(company, correction)).json["people"] == []


async def test_only_who_has_the_fields_files(sharing: Sharing) -> None:
    assert (await sharing.file(fields=["salary"])).problem == "correction-invalid"
    document = {"agreement": sharing.agreement["id"], "fault": "incomplete", "fields": ["score"], "statement": "x"}
    assert (await sharing.exchange.call(sharing.other.steward, "POST", CORRECTIONS, document)).problem == "not-found"
    target = f"/api/v1/agreements/{sharing.agreement['id']}/termination"
    await sharing.exchange.call_ok(sharing.owner.steward, "POST", target, {"reason": "x", "consultation": "x"})
    assert (await sharing.file()).problem == "conflict"


async def test_what_is_refused_gives_nobody_a_number(sharing: Sharing) -> None:
    count = "SELECT count(*) FROM subject_numbers"
    before = await sharing.exchange.runtime.database.pool.fetchval(count)
    assert (await sharing.file(fields=["salary"], people=["P77777"])).problem == "correction-invalid"
    assert (await sharing.file(people=["P77777"], statement="")).status == 422
    target = f"/api/v1/agreements/{sharing.agreement['id']}/termination"
    await sharing.exchange.call_ok(sharing.owner.steward, "POST", target, {"reason": "x", "consultation": "x"})
    assert (await sharing.file(people=["P77777"])).problem == "conflict"
    assert await sharing.exchange.runtime.database.pool.fetchval(count) == before


def test_every_message_about_a_correction_has_a_title() -> None:
    assert {step.entry for step in CORRECTION.steps} <= TITLES.keys()


async def test_people_are_seen_by_both_sides_only_and_end_with_their_erasure(sharing: Sharing) -> None:
    correction = await sharing.file_ok(people=[PERSON, "P00002"])
    assert correction["people"] is None
    for party in (sharing.owner, sharing.consumer):
        assert (await sharing.read(party, correction)).json["people"] == [PERSON, "P00002"]
    assert (await sharing.read(sharing.other, correction)).problem == "not-found"
    text = str(await sharing.exchange.read_entries())
    for table in ("corrections", "correction_people", "deadlines", "messages"):
        rows = await sharing.exchange.runtime.database.pool.fetch(f"SELECT t::text AS t FROM {table} t")
        text += str([row["t"] for row in rows])
    assert PERSON not in text
    erasure = {"dataset": "owner/people", "value": PERSON, "basis": "other-law"}
    erased = await sharing.exchange.call(sharing.exchange.keys["operator"], "POST", "/api/v1/subjects/erasure", erasure)
    assert erased.status == 200, erased.content.decode()
    assert (await sharing.read(sharing.owner, correction)).json["people"] == ["P00002"]


async def test_answers_at_once_give_one(sharing: Sharing) -> None:
    correction = await sharing.file_ok()
    await sharing.upload()
    answers = await asyncio.gather(
        sharing.act(sharing.owner, correction, "correction"),
        sharing.act(sharing.owner, correction, "confirmation"),
        sharing.act(sharing.consumer, correction, "withdrawal"),
    )
    assert [answer.status for answer in answers].count(200) == 1
    assert [answer.problem for answer in answers].count("conflict") == 2
