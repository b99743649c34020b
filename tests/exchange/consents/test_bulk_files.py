"""Withdrawals and guardians in files, and every row that was not taken."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from exchange.consents import queries as consents
from exchange.consents.loading import queries, tasks
from exchange.consents.loading.merging import Load, merge, sealed_name
from exchange.kernel.loops import Loops
from exchange.settings import Settings
from ledger.verification.consents import ConsentUnproven, check
from tests.support.exchanges.people import DATASET, PeopleExchange, start_people
from tests.support.people.consenting import ago, decide, decide_ok, publish_notice

PROOF = "cd" * 32
HEAD = "person,decision,at,method,proof\n"
CHILDREN = {"children_rules": "专门规则", "necessity_and_impact": "必要性与影响"}
GUARDED = "person,decision,at,method,proof,guardian_name,guardian_relation,guardian_verified_by\n"


@pytest.fixture
async def people(settings: Settings) -> AsyncIterator[PeopleExchange]:
    async with start_people(settings) as people:
        yield people


def line(person: str, decision: str, at: Any) -> str:
    obtained = f"paper-signature,{PROOF}" if decision == "given" else ","
    return f"{person},{decision},{at.isoformat()},{obtained}\n"


async def send(people: PeopleExchange, notice: dict[str, Any], text: str) -> dict[str, Any]:
    target = f"/api/v1/consent-notices/{notice['id']}/decisions?format=csv"
    answer = await people.call(people.owner.steward, "PUT", target, text.encode())
    assert answer.status == 200, answer.content.decode()
    load: dict[str, Any] = answer.json
    return load


async def load(people: PeopleExchange, notice: dict[str, Any], text: str) -> dict[str, Any]:
    sent = await send(people, notice, text)
    await people.runtime[Loops][tasks.MERGING].tick()
    row: dict[str, Any] = await people.call_ok(people.owner.steward, "GET", f"/api/v1/consent-loads/{sent['id']}")
    assert row["state"] == "merged"
    return row


async def deliverable(people: PeopleExchange) -> int:
    async with people.runtime.database.pool.acquire() as connection:
        scope = await connection.fetchval("SELECT max(scope) FROM consent_scopes")
        return sum(octet.bit_count() for octet in await consents.bitmap_of(connection, scope=scope, now=people.now))


async def epoch_of(people: PeopleExchange) -> int:
    [row] = await people.run_sql("SELECT epoch FROM consent_scopes")
    return int(row["epoch"])


async def test_withdrawals_end_consents_with_one_entry_and_one_deletion(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    given = "".join(line(f"P{n:05d}", "given", ago(people, days=9)) for n in range(1, 11))
    await load(people, notice, HEAD + given)
    await decide_ok(people, people.owner, notice, "P00011", at=ago(people, days=9))
    before = len(await people.read_entries())
    withdrawn = [f"P{n:05d}" for n in (1, 2, 3, 11)]
    row = await load(people, notice, HEAD + "".join(line(who, "withdrawn", ago(people, days=1)) for who in withdrawn))
    assert (row["withdrawn"], row["conflicting"], await deliverable(people)) == (4, 0, 7)
    assert await epoch_of(people) == 1, "the epoch advances once for a batch"
    [*_, loaded, ended, ordered] = (await people.read_entries())[before:]
    assert (loaded["type"], ended["type"], ordered["type"]) == (
        "consents.loaded", "consents.withdrawn", "deletion.ordered",
    )  # fmt: skip
    assert (ended["count"], ended["epoch"], ended["load"], ordered["people"]) == (4, 1, row["id"], 4)
    [deletion] = await people.call_ok(people.consumer.steward, "GET", "/api/v1/deletions")
    whom = await people.call_ok(people.consumer.steward, "POST", f"/api/v1/deletions/{deletion['id']}/person")
    assert (whom["field"], whom["value"], sorted(whom["values"])) == ("person_id", None, withdrawn)
    assert (await people.read_entries())[-1]["found"] == 4


async def test_a_withdrawal_of_a_file_is_proved_with_the_consent_before_it(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    await load(people, notice, HEAD + line("P00001", "given", ago(people, days=9)))
    await load(people, notice, HEAD + line("P00001", "withdrawn", ago(people, days=1)))
    [record] = await people.call_ok(people.owner.steward, "GET", "/api/v1/consents")
    receipt = await people.call_ok(people.owner.steward, "GET", f"/api/v1/consents/{record['id']}/record")
    assert [step["type"] for step in receipt["evidence"]["steps"]] == ["consent.given", "consent.withdrawn"]
    bodies = await people.read_entries()
    check(receipt, bodies)
    receipt["evidence"]["steps"].pop()
    with pytest.raises(ConsentUnproven):
        check(receipt, bodies)


async def test_a_withdrawal_is_kept_where_no_consent_holds_and_no_older_file_brings_one(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    both = line("P00001", "given", ago(people, days=9)) + line("P00001", "withdrawn", ago(people, days=1))
    row = await load(people, notice, HEAD + both + line("P00002", "withdrawn", ago(people, days=1)))
    assert (row["withdrawn"], row["repeated"], await epoch_of(people)) == (2, 1, 0), "nobody could be delivered"
    late = "".join(line(who, "given", ago(people, days=5)) for who in ("P00001", "P00002"))
    row = await load(people, notice, HEAD + late)
    assert (row["outdated"], await deliverable(people)) == (2, 0)
    assert (await decide(people, people.owner, notice, "P00002")).status == 200, "who withdrew may consent again"


async def test_a_merge_that_is_killed_ends_nothing_and_goes_on(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    everybody = [f"P{n:05d}" for n in range(1, 31)]
    await load(people, notice, HEAD + "".join(line(who, "given", ago(people, days=9)) for who in everybody))
    await people.runtime[Loops][tasks.MERGING].stop()
    sent = await send(people, notice, HEAD + "".join(line(who, "withdrawn", ago(people, days=1)) for who in everybody))
    identifier = UUID(sent["id"])
    async with people.runtime.database.pool.acquire() as connection:
        [(_, _, _, scope, term)] = await queries.waiting(connection)
        transaction = connection.transaction()
        await transaction.start()
        await queries.lock(connection, identifier, scope)
        await queries.merge_batch(
            connection, identifier, begin=0, end=20, scope=scope, epoch=0, term=timedelta(days=term), now=people.now
        )
        await transaction.rollback()  # as after a kill before the commit
    assert (await deliverable(people), await epoch_of(people)) == (30, 0)
    one = Load(identifier, scope, timedelta(days=term))
    await merge(people.runtime, one, begin=0, end=20)
    await merge(people.runtime, one, begin=0, end=20)  # after a kill behind the commit
    assert (await deliverable(people), await epoch_of(people)) == (10, 1)
    people.runtime[Loops][tasks.MERGING].start(lambda: None)
    await people.runtime[Loops][tasks.MERGING].tick()
    assert (await deliverable(people), await epoch_of(people)) == (0, 2)
    ended = [body for body in await people.read_entries() if body["type"] == "consents.withdrawn"]
    assert [(body["count"], body["epoch"]) for body in ended] == [(20, 1), (10, 2)]


async def test_a_guardian_consents_for_a_child_in_a_file(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer", **CHILDREN)
    given = line("P00001", "given", ago(people, days=9)).strip()
    rows = [
        f"{given},陈父,parent,户口簿",
        f"{given.replace('P00001', 'P00002')},,,",
        f"{given.replace('P00001', 'P00003')},陈父,uncle,户口簿",
        f"{given.replace('P00001', 'P00004')},陈父,parent,",
    ]
    row = await load(people, notice, GUARDED + "\n".join(rows))
    assert (row["given"], row["bad"]) == (1, 3)
    assert all("PIPL 31" in bad["reason"] and "陈父" not in bad["reason"] for bad in row["bad_rows"])
    [record] = await people.call_ok(people.owner.steward, "GET", "/api/v1/consents")
    assert record["has_guardian"]
    [kept] = await people.run_sql("SELECT guardian, load, row FROM consents")
    guardian = people.runtime.seal.open(kept["guardian"], name=sealed_name(kept["load"], kept["row"]))
    assert json.loads(guardian) == {"name": "陈父", "relation": "parent", "verified_by": "户口簿"}

    receipt = await people.call_ok(people.owner.steward, "GET", f"/api/v1/consents/{record['id']}/record")
    bodies = await people.read_entries()
    check(receipt, bodies)
    assert receipt["record"]["dx:events"][0]["dx:entity"] == "guardian"
    del receipt["evidence"]["steps"][0]["statement"]["by_guardian"]
    with pytest.raises(ConsentUnproven):
        check(receipt, bodies)

    await load(people, notice, HEAD + line("P00001", "withdrawn", ago(people, days=1)))
    receipt = await people.call_ok(people.owner.steward, "GET", f"/api/v1/consents/{record['id']}/record")
    check(receipt, await people.read_entries())
    assert receipt["evidence"]["steps"][0]["statement"]["by_guardian"] is True


async def test_every_row_that_was_not_taken_is_listed_in_pages(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    odd = "".join(f"P{n:05d},perhaps,x,,\n" for n in range(1, 1203))
    row = await load(people, notice, HEAD + line("P00001", "given", ago(people, days=9)) + odd)
    assert (row["bad"], len(row["bad_rows"])) == (1202, 1000)
    listed, after = [], 0
    while page := await people.call_ok(
        people.owner.steward, "GET", f"/api/v1/consent-loads/{row['id']}/rejects?limit=500&after={after}"
    ):
        listed += page
        after = page[-1]["row"]
    assert [bad["row"] for bad in listed] == list(range(2, 1204))
    hidden = await people.call(people.consumer.steward, "GET", f"/api/v1/consent-loads/{row['id']}/rejects")
    assert hidden.problem == "not-found"
