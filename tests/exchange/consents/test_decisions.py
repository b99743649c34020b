"""What people decide: recorded with proof, never edited, in force at once, and ended as easily as given."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from exchange.consents import queries
from exchange.kernel.clock import SettableClock
from exchange.settings import Settings
from exchange.subjects import numbers
from exchange.subjects.identity import Identity, SubjectKey, scheme_of
from ledger.format import canonical
from tests.support.exchanges.people import DATASET, PeopleExchange, start_people
from tests.support.people.consenting import PROOF, ago, decide, decide_ok, publish_notice

PERSON = "P00001"
GUARDIAN = {"name": "陈父", "relation": "parent", "verified_by": "户口簿"}


@pytest.fixture
async def people(empty_database: str, tmp_path: Any) -> AsyncIterator[PeopleExchange]:
    settings = Settings(data=tmp_path, database_url=empty_database, checkpoint_interval=0.1, retention_days=0)
    clock = SettableClock(datetime.now(UTC).replace(microsecond=0))
    async with start_people(settings, clock=clock) as people:
        yield people


async def deliverable(people: PeopleExchange, notice: dict[str, Any], value: str) -> bool:
    """Whether a delivery under the notice's scope may hold the person now, by each of the three ways to ask."""
    lookup = Identity(scheme_of(UUID(people.owner.id), SubjectKey("person_id", "string")), value).lookup(
        people.runtime.seal
    )
    async with people.runtime.database.pool.acquire() as connection:
        number = (await numbers.find(connection, [lookup])).get(lookup)
        covering = await queries.scopes_covering(
            connection,
            dataset=UUID(people.dataset["id"]),
            consumer=UUID(people.consumer.id),
            purpose="talent-service",
            fields=["name"],
        )
        scopes = [scope.scope for scope in covering if str(scope.notice) == notice["id"]]
        assert len(scopes) == 1
        if number is None:
            return False
        answer = await queries.is_consented(connection, scopes=scopes, subject=number, now=people.now)
        bits = await queries.bitmap_of(connection, scope=scopes[0], now=people.now)
        assert answer == (number // 8 < len(bits) and bool(bits[number // 8] >> number % 8 & 1))
        assert answer == bool(
            await queries.consented(connection, scopes=scopes, subjects=[number, 10**6], now=people.now)
        )
        return answer


def later(people: PeopleExchange, **span: float) -> None:
    clock = people.runtime.clock
    assert isinstance(clock, SettableClock)
    clock.move(timedelta(**span))


async def test_a_consent_is_given_renewed_and_withdrawn(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    assert not await deliverable(people, notice, PERSON)
    given = await decide_ok(people, people.owner, notice, PERSON, at=ago(people, days=2))
    assert (given["state"], given["proof"], given["method"]) == ("given", PROOF, "window")
    assert datetime.fromisoformat(given["until"]) - datetime.fromisoformat(given["decided_at"]) == timedelta(days=730)
    assert await deliverable(people, notice, PERSON)
    assert not await deliverable(people, notice, "P00002")
    renewed = await decide_ok(people, people.owner, notice, PERSON, at=ago(people, days=1))
    assert (renewed["id"], renewed["state"]) == (given["id"], "renewed")
    answer = await decide(people, people.owner, notice, PERSON, "withdrawn")
    assert answer.json["state"] == "withdrawn"
    assert not await deliverable(people, notice, PERSON)
    bodies = [body for body in await people.read_entries() if body["type"].startswith("consent.")]
    assert [body["type"] for body in bodies] == ["consent.given", "consent.renewed", "consent.withdrawn"]
    assert [body.get("epoch") for body in bodies] == [None, None, 1]
    assert all(body["object"] == {"kind": "consent", "id": given["id"]} for body in bodies)
    assert not any({"consumer", "subjects"} & body.keys() for body in bodies), (
        "who consents is not the recipient's to see"
    )
    later(people, seconds=1)
    again = await decide_ok(people, people.owner, notice, PERSON)
    assert again["id"] != given["id"], "a withdrawn record is never edited"
    assert await deliverable(people, notice, PERSON)


async def test_statements_open_the_entries(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    answer = await decide(people, people.owner, notice, PERSON)
    [event] = await people.run_sql("SELECT statement::text, salt FROM consent_events")
    statement = json.loads(event["statement"])
    digest = hashlib.sha256(bytes.fromhex(event["salt"]) + canonical.dumps(statement)).hexdigest()
    assert (await people.entry_of(answer))["statement"] == digest
    assert statement["notice_digest"] == notice["digest"]
    with pytest.raises(asyncpg.PostgresError):
        await people.run_sql("UPDATE consent_events SET number = 7")


async def test_a_consent_that_would_not_be_valid_is_not_recorded(people: PeopleExchange) -> None:
    lacking: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({}, {"method": ..., "proof": ...}, "PIPL 69"),
        ({"term_days": 36_000}, {"at": datetime(2019, 12, 31, tzinfo=UTC)}, "PIPL 14, 17"),
        ({"term_days": 1}, {"at": ago(people, days=2)}, "Decree 790, 22(4)"),
        ({"written": True}, {}, "PIPL 29"),
        ({}, {"under_14": True, "guardian": GUARDIAN}, "PIPL 31; Decree 790, 22"),
    ]
    for changes, more, article in lacking:
        notice = await publish_notice(people, people.owner, DATASET, "consumer", **changes)
        answer = await decide(people, people.owner, notice, PERSON, **more)
        assert (answer.status, answer.problem) == (422, "consent-invalid")
        [fault] = answer.json["errors"]
        assert article in fault["error"]
        assert not await deliverable(people, notice, PERSON)
    assert await people.run_sql("SELECT FROM consents") == []


async def test_a_child_without_a_guardian_does_not_consent(people: PeopleExchange) -> None:
    """T13: for a person under 14, no consent is valid without a guardian (PIPL Article 31)."""
    rules = {"children_rules": "专门规则", "necessity_and_impact": "必要性与影响"}
    notice = await publish_notice(people, people.owner, DATASET, "consumer", **rules)
    for is_stated in (True, False):
        answer = await decide(people, people.owner, notice, PERSON, under_14=is_stated)
        assert answer.problem == "consent-invalid"
        assert "PIPL 31" in answer.json["errors"][0]["error"]
    assert not await deliverable(people, notice, PERSON)
    given = await decide_ok(people, people.owner, notice, PERSON, under_14=True, guardian=GUARDIAN)
    assert given["has_guardian"]
    assert await deliverable(people, notice, PERSON)
    held = await people.run_sql("SELECT c::text AS row, e::text AS event FROM consents c JOIN consent_events e ON true")
    assert not any(GUARDIAN["name"] in row["row"] + row["event"] for row in held)


async def test_who_refused_is_not_asked_again_for_a_while(people: PeopleExchange) -> None:
    """Decree 790, Article 22(5)."""
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    request = {"notice": notice["id"], "value": PERSON}
    asked = await people.call_ok(people.owner.steward, "POST", "/api/v1/consents/requests", request)
    assert asked["state"] == "requested"
    again = await people.call(people.owner.steward, "POST", "/api/v1/consents/requests", request)
    assert (again.problem, again.json["state"]) == ("conflict", "requested")
    deferred = await decide_ok(people, people.owner, notice, PERSON, "deferred", at=ago(people, hours=2))
    refused = await decide_ok(people, people.owner, notice, PERSON, "refused", at=ago(people, hours=1))
    assert asked["id"] == deferred["id"] == refused["id"]
    soon = await people.call(people.owner.steward, "POST", "/api/v1/consents/requests", request)
    assert (soon.status, soon.problem) == (409, "consent-asked-too-soon")
    assert soon.json["until"] > people.now.isoformat()
    assert (await decide_ok(people, people.owner, notice, PERSON))["state"] == "given", "the person may at any time"


async def test_older_decisions_change_nothing(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    first, second = ago(people, days=3), ago(people, days=2)
    given = await decide_ok(people, people.owner, notice, PERSON, at=first)
    assert await decide_ok(people, people.owner, notice, PERSON, at=first) == given
    await decide_ok(people, people.owner, notice, PERSON, "withdrawn", at=second)
    size = len(await people.read_entries())
    for decision, at in (("given", first), ("given", second), ("withdrawn", first)):
        answer = await decide(people, people.owner, notice, PERSON, decision, at=at)
        assert answer.problem == "consent-decision-outdated", answer.content
    assert not await deliverable(people, notice, PERSON)
    assert [body["type"] for body in (await people.read_entries())[size:]] == ["request.refused"] * 3


async def test_withdrawals_at_once_end_one_consent_once(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    await decide_ok(people, people.owner, notice, PERSON, at=ago(people, days=1))
    answers = await asyncio.gather(*(decide(people, people.owner, notice, PERSON, "withdrawn") for _ in range(4)))
    assert [answer.status for answer in answers] == [200] * 4  # the same decision of the same time
    assert [body["type"] for body in await people.read_entries()].count("consent.withdrawn") == 1
    async with people.runtime.database.pool.acquire() as connection:
        [scope] = await connection.fetch("SELECT scope FROM consent_scopes")
        epoch, ended = await queries.withdrawn_since(connection, scope=scope["scope"], epoch=0)
        assert (epoch, len(ended)) == (1, 1)
        assert await queries.withdrawn_since(connection, scope=scope["scope"], epoch=1) == (1, [])


async def test_an_owner_ends_what_should_not_hold(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    for value, act, state in (("P00003", "revocation", "revoked"), ("P00004", "invalidation", "invalidated")):
        given = await decide_ok(people, people.owner, notice, value)
        target = f"/api/v1/consents/{given['id']}/{act}"
        assert (await people.call(people.consumer.steward, "POST", target, {"reason": "x"})).problem == "not-found"
        ended = await people.call_ok(people.owner.steward, "POST", target, {"reason": "目的已实现"})
        assert ended["state"] == state
        assert not await deliverable(people, notice, value)
        assert (await people.call(people.owner.steward, "POST", target, {"reason": "x"})).problem == "conflict"


async def test_a_term_that_ends_ends_the_consent(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer", term_days=1)
    await decide_ok(people, people.owner, notice, PERSON)
    assert await deliverable(people, notice, PERSON)
    later(people, days=1)
    assert not await deliverable(people, notice, PERSON)


async def test_an_erasure_ends_the_consents_of_the_person(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    given = await decide_ok(people, people.owner, notice, PERSON)
    other = await decide_ok(people, people.owner, notice, "P00002")
    answer = await people.erase(dataset=DATASET, value=PERSON)
    assert answer.json["outcome"] == "executed"
    assert (await people.entry_of(answer))["type"] == "erasure.executed"
    assert not await deliverable(people, notice, PERSON)
    assert await deliverable(people, notice, "P00002")
    states = {row["id"]: row["state"] for row in await people.call_ok(people.owner.steward, "GET", "/api/v1/consents")}
    assert states == {given["id"]: "invalidated", other["id"]: "given"}
    body = next(body for body in await people.read_entries() if body["type"] == "consent.invalidated")
    assert body["object"]["id"] == given["id"]
    request = {"notice": notice["id"], "value": PERSON}
    assert await people.call_ok(people.owner.steward, "POST", "/api/v1/consents/search", request) == []


async def test_no_row_and_no_entry_has_an_identifier(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    await decide_ok(people, people.owner, notice, "P00042")
    await decide(people, people.owner, notice, "P00042", "withdrawn")
    text = str(await people.read_entries())
    for table in ("consents", "consent_events", "consent_now", "consent_withdrawn", "subject_numbers"):
        text += str([row["t"] for row in await people.run_sql(f"SELECT t::text AS t FROM {table} t")])
    assert "P00042" not in text
