"""What a recipient has to delete after a consent ended: ordered at once, evidenced in time, or its agreements suspended."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from exchange.calendar.counting import day_of, end_of
from exchange.calendar.tasks import SWEEP
from exchange.consents import tasks
from exchange.kernel.clock import SettableClock
from exchange.kernel.loops import Loops
from exchange.settings import Settings
from tests.support.exchanges.people import DATASET, PeopleExchange, start_people
from tests.support.people.consenting import ago, decide, decide_ok, publish_notice

DELETIONS = "/api/v1/deletions"
EVIDENCE = {"method": "覆盖删除", "deleted_at": "2026-03-02T10:00:00+08:00"}
LATER_YEARS = (
    "INSERT INTO work_calendar (day, is_workday, nth, source, loaded_at) SELECT day, extract(isodow FROM day) < 6, "
    "(SELECT max(nth) FROM work_calendar) + count(*) FILTER (WHERE extract(isodow FROM day) < 6) OVER (ORDER BY day), "
    "'a made-up notice', now() FROM generate_series(date '2027-01-01', date '2046-12-31', interval '1 day') AS years (day)"
)
"""Days of years whose notices do not exist yet, since the database's own clock decides which signatures are too old."""


@pytest.fixture
async def people(empty_database: str, tmp_path: Any) -> AsyncIterator[PeopleExchange]:
    settings = Settings(data=tmp_path, database_url=empty_database, checkpoint_interval=0.1, retention_days=0)
    async with start_people(settings, clock=SettableClock(datetime.now(UTC).replace(microsecond=0))) as people:
        await people.run_sql(LATER_YEARS)
        yield people


async def withdraw(people: PeopleExchange, value: str = "P00001", **changes: Any) -> dict[str, Any]:
    """Give and withdraw one person's consent: the only deletion that is open then."""
    notice = await publish_notice(people, people.owner, DATASET, "consumer", **changes)
    await decide_ok(people, people.owner, notice, value, at=ago(people, days=1))
    await decide_ok(people, people.owner, notice, value, "withdrawn")
    [deletion] = await people.call_ok(people.consumer.steward, "GET", f"{DELETIONS}?state=ordered")
    return dict(deletion)


async def bodies_of(people: PeopleExchange, family: str) -> list[dict[str, Any]]:
    return [body for body in await people.read_entries() if body["type"].startswith(family)]


async def test_a_withdrawal_orders_the_deletion(people: PeopleExchange) -> None:
    deletion = await withdraw(people)
    assert (deletion["cause"], deletion["people"], deletion["state"]) == ("withdrawn", 1, "ordered")
    worked = "SELECT count(*) FROM work_calendar WHERE is_workday AND day > $1 AND day <= $2"
    [row] = await people.run_sql(worked, day_of(people.now), date.fromisoformat(deletion["due"]))
    assert row["count"] == 15, "working days, from the day after"
    [body] = await bodies_of(people, "deletion.")
    assert body["type"] == "deletion.ordered"
    assert (body["consumer"], body["due"]) == (people.consumer.id, deletion["due"])
    assert await people.call_ok(people.owner.steward, "GET", f"{DELETIONS}/{deletion['id']}") == deletion
    [message] = await people.call_ok(people.consumer.steward, "GET", "/api/v1/messages")
    assert (message["kind"], message["matter"]["id"], message["day"]) == (
        "consent.ended",
        deletion["id"],
        deletion["due"],
    )
    assert "P00001" not in str(message)
    stranger = await people.admit("stranger")
    assert (await people.call(stranger.steward, "GET", f"{DELETIONS}/{deletion['id']}")).problem == "not-found"


async def test_the_recipient_reads_whom_to_delete_and_gives_evidence(people: PeopleExchange) -> None:
    deletion = await withdraw(people)
    target = f"{DELETIONS}/{deletion['id']}"
    assert (await people.call(people.owner.steward, "POST", f"{target}/person")).problem == "not-found"
    person = await people.call_ok(people.consumer.steward, "POST", f"{target}/person")
    assert person == {"field": "person_id", "value": "P00001", "values": ["P00001"]}
    assert (await people.read_entries())[-1]["type"] == "details.disclosed"
    early = EVIDENCE | {"deleted_at": "2999-01-01T00:00:00+08:00"}
    assert (
        await people.call(people.consumer.steward, "POST", f"{target}/evidence", early)
    ).problem == "request-invalid"
    done = await people.call_ok(people.consumer.steward, "POST", f"{target}/evidence", EVIDENCE)
    assert done["state"] == "evidenced"
    assert (await people.read_entries())[-1]["type"] == "deletion.evidenced"
    again = await people.call(people.consumer.steward, "POST", f"{target}/evidence", EVIDENCE)
    assert (again.problem, again.json["state"]) == ("conflict", "evidenced")
    person = await people.call_ok(people.consumer.steward, "POST", f"{target}/person")
    assert person["value"] is None, "the identifier ends with the evidence"
    move(people, days=60)
    await people.runtime[Loops][SWEEP].tick()
    assert await bodies_of(people, "deletion.overdue") == []


async def test_who_never_got_identifiers_is_not_given_one(people: PeopleExchange) -> None:
    deletion = await withdraw(people, fields=["name"])
    person = await people.call_ok(people.consumer.steward, "POST", f"{DELETIONS}/{deletion['id']}/person")
    assert person["value"] is None


async def test_a_late_deletion_suspends_the_agreements_once(people: PeopleExchange) -> None:
    deletion = await withdraw(people)
    last = end_of(date.fromisoformat(deletion["due"])) - people.now
    move(people, seconds=last.total_seconds() - 1)
    await people.runtime[Loops][SWEEP].tick()
    assert await bodies_of(people, "deletion.overdue") == [], "the last day is not over"
    move(people, seconds=2)
    for _ in range(2):
        await people.runtime[Loops][SWEEP].tick()
    [late] = await bodies_of(people, "deletion.overdue")
    assert late["object"]["id"] == deletion["id"]
    [suspended] = await bodies_of(people, "agreement.suspended")
    assert suspended["consumer"] == people.consumer.id
    [agreement] = await people.call_ok(people.consumer.steward, "GET", "/api/v1/agreements")
    assert agreement["state"] == "suspended"
    statements = await people.call_ok(
        people.consumer.steward, "GET", f"/api/v1/agreements/{agreement['id']}/statements"
    )
    assert deletion["id"] in statements[-1]["reason"]
    assert (await people.fetch()).status == 403
    target = f"{DELETIONS}/{deletion['id']}/evidence"
    assert (await people.call_ok(people.consumer.steward, "POST", target, EVIDENCE))["state"] == "evidenced"


async def test_terms_that_end_become_expired_in_one_entry(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer", term_days=10)
    ids = {(await decide_ok(people, people.owner, notice, f"P0000{n}"))["id"] for n in range(1, 6)}
    move(people, days=9)
    await decide_ok(people, people.owner, notice, "P00005")  # renewed
    await people.runtime[Loops][tasks.EXPIRY].tick()
    assert await bodies_of(people, "consents.") == []
    move(people, days=1)
    for _ in range(2):
        await people.runtime[Loops][tasks.EXPIRY].tick()
    [expired] = await bodies_of(people, "consents.expired")
    assert (expired["count"], expired["epoch"]) == (4, 1)
    records = await people.call_ok(people.owner.steward, "GET", "/api/v1/consents")
    assert {record["id"] for record in records} == ids
    assert sorted(record["state"] for record in records) == ["expired"] * 4 + ["renewed"]
    [deletion] = await people.call_ok(people.consumer.steward, "GET", DELETIONS)
    assert (deletion["people"], deletion["cause"], deletion["consent_id"]) == (4, "expired", None)
    again = await decide(people, people.owner, notice, "P00001")
    assert again.json["state"] == "given", "a person whose term is over consents anew"


async def test_a_recipient_that_never_had_an_agreement_has_nothing_to_delete(people: PeopleExchange) -> None:
    await people.admit("other", kind="enterprise", level="none")
    notice = await publish_notice(people, people.owner, DATASET, "other")
    await decide_ok(people, people.owner, notice, "P00001", at=ago(people, days=1))
    await decide_ok(people, people.owner, notice, "P00001", "withdrawn")
    assert await bodies_of(people, "deletion.") == []


def move(people: PeopleExchange, **span: float) -> None:
    clock = people.runtime.clock
    assert isinstance(clock, SettableClock)
    clock.move(timedelta(**span))
