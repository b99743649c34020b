"""Races on two runtimes of one exchange: whoever is first, what follows is on the ledger in that order, and once.

The ordinary run tries each a few times, `RACES=1000 make endurance PYTEST=tests/stories/faults/test_races.py` a thousand
times.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from exchange.calendar.counting import end_of
from exchange.calendar.hooks import DeadlineDependents
from exchange.calendar.tasks import SWEEP, sweep
from exchange.kernel.clock import SettableClock
from exchange.kernel.loops import Loops
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.owner import MORNING
from tests.support.exchanges.parties import check_one_succeeded
from tests.support.exchanges.people import DATASET, PeopleExchange, check_erasures_are_whole, publish_people
from tests.support.exchanges.starting import start_exchange
from tests.support.ledgers.wholeness import check_ledger, select
from tests.support.people.asking import offer_answers
from tests.support.people.codes import issue, redeem
from tests.support.people.consenting import decide, decide_ok, publish_notice
from tests.support.processes.racing import PATIENCE, race, rounds, second_of
from tests.support.sharing.departments import start_departments
from tests.support.sharing.registering import APPLICATIONS, MONDAY, start_registering

pytestmark = [pytest.mark.endurance, pytest.mark.timeout(PATIENCE)]

OUTDATED = "consent-decision-outdated"
AT_ONCE = 100
"""Things whose deadline passes on the same day."""


async def places_of(exchange: Exchange, *types: str) -> dict[str, list[tuple[int, str]]]:
    """The entries of these types in the ledger's order, by their object: the index and the type."""
    places = defaultdict(list)
    for index, body in enumerate(await exchange.read_entries()):
        if body["type"] in types and body.get("clock") != "rights_review":
            places[body["object"]["id"]].append((index, str(body["type"])))
    return places


async def test_of_two_approvals_one_concludes_the_agreement(settings: Settings, tmp_path: Path) -> None:
    async with start_departments(settings) as exchange, second_of(exchange, settings) as other:
        asked = []
        for choice in rounds(6):
            application = (await exchange.ask())["id"]
            asked.append(application)
            path, document = choice.choice([("approval", {}), ("refusal", {"reason": "不符"})])
            first = exchange.act("owner", f"/applications/{application}/approval", {})
            second = other.act("owner", f"/applications/{application}/{path}", document)
            check_one_succeeded(await race(choice, first, second))
        states = await select(exchange, "SELECT id::text, state FROM applications")
        agreements = await select(exchange, "SELECT application_id::text FROM agreements")
        assert sorted(each for (each,) in agreements) == sorted(each for each, state in states if state == "approved")
        places = await places_of(exchange, "application.refused", "agreement.concluded", "application.approved")
        bodies = await exchange.read_entries()
        concluded = [body["application"] for body in bodies if body["type"] == "agreement.concluded"]
        assert sorted(concluded) == sorted(each for (each,) in agreements)
        assert {each for each in asked if places.get(each)} | set(concluded) == set(asked)
        await check_ledger(exchange, tmp_path / "export")


async def mark_one(exchange: Exchange) -> int:
    """Mark one deadline that is over, as a sweep does that finds only one."""
    async with exchange.runtime.database.sessions() as session:
        return await sweep(session, exchange.runtime[DeadlineDependents], exchange.now, limit=1)


async def stop_sweeps(*exchanges: Exchange) -> None:
    """Let nothing but the test sweep."""
    for exchange in exchanges:
        await exchange.runtime[Loops][SWEEP].stop()


async def test_a_deadline_that_passes_while_somebody_decides(settings: Settings, tmp_path: Path) -> None:
    """For one process the last day is not over, for another it is: no deadline is marked as passed after the decision."""
    async with start_departments(settings) as exchange:
        ahead = SettableClock(exchange.now)
        async with second_of(exchange, settings, clock=ahead) as other:
            await stop_sweeps(exchange, other)
            asked: list[str] = []
            waiting: list[str] = []
            choices = list(rounds(8))
            for number, choice in enumerate(choices):
                if not waiting:
                    waiting = [(await exchange.ask())["id"] for _ in choices[number : number + AT_ONCE]]
                    asked += waiting
                    await to_the_end_of(exchange, ahead, "reply")
                path = f"/api/v1/applications/{waiting.pop(0)}/approval"
                approved, _ = await race(
                    choice, exchange.call(exchange.owner.steward, "POST", path, {}), mark_one(other)
                )
                assert approved.status == 201, approved.content
            places = await places_of(exchange, "deadline.overdue")
            bodies = await exchange.read_entries()
            ends = {
                body["application"]: index for index, body in enumerate(bodies) if body["type"] == "agreement.concluded"
            }
            for application, end in ends.items():
                marks = [index for index, _ in places.get(application, [])]
                assert len(marks) <= 1
                assert all(index < end for index in marks)
                [(is_marked,)] = await select(
                    exchange, "SELECT overdue_at IS NOT NULL FROM deadlines WHERE matter_id = $1", UUID(application)
                )
                assert is_marked == bool(marks)
            assert ends.keys() <= set(asked)
            await check_ledger(exchange, tmp_path / "export")


async def to_the_end_of(exchange: Any, ahead: SettableClock, clock: str) -> None:
    """Move to the last second of the newest deadline of a name, and the clock that is ahead to the second after it."""
    statement = "SELECT due FROM deadlines WHERE clock = $1 ORDER BY id DESC LIMIT 1"
    [(due,)] = await select(exchange, statement, clock)
    end = end_of(due)
    exchange.clock.move(end - timedelta(seconds=1) - exchange.clock.now())
    ahead.move(end + timedelta(seconds=1) - ahead.now())


async def test_a_registrar_who_accepts_while_silence_does(settings: Settings, tmp_path: Path) -> None:
    async with start_registering(settings, at=MONDAY) as exchange:
        ahead = SettableClock(exchange.now)
        async with second_of(exchange, settings, clock=ahead) as other:
            await stop_sweeps(exchange, other)
            filed: list[str] = []
            waiting: list[str] = []
            choices = list(rounds(8))
            for number, choice in enumerate(choices):
                if not waiting:
                    waiting = [(await exchange.file())["id"] for _ in choices[number : number + AT_ONCE]]
                    filed += waiting
                    await to_the_end_of(exchange, ahead, "rights_accept")
                target = f"{APPLICATIONS}/{waiting.pop(0)}/acceptance"
                accepted, _ = await race(choice, exchange.act("registrar", target), mark_one(other))
                assert accepted.status == 200 or accepted.problem == "conflict", accepted.content
            places = await places_of(
                exchange, "rights_application.accepted", "rights_application.deemed_accepted", "deadline.overdue"
            )
            for application in filed:
                types = [type_ for _, type_ in places.get(application, [])]
                assert types in (
                    [],
                    ["rights_application.accepted"],
                    ["deadline.overdue", "rights_application.deemed_accepted"],
                )
            reviewed = "SELECT id::text FROM rights_applications WHERE state = 'under_review'"
            assert {each for (each,) in await select(exchange, reviewed)} == places.keys()
            clocks = "SELECT matter_id::text FROM deadlines WHERE clock = 'rights_review' AND ended_at IS NULL"
            assert sorted(each for (each,) in await select(exchange, clocks)) == sorted(places)
            await check_ledger(exchange, tmp_path / "export")


async def test_a_code_that_two_windows_redeem(settings: Settings, tmp_path: Path) -> None:
    async with start_exchange(settings, clock=SettableClock(MORNING)) as exchange:
        asking = await offer_answers(exchange)
        async with second_of(exchange, settings) as other:
            elsewhere = replace(asking, exchange=other)
            codes = []
            for choice in rounds(6):
                issued = await issue(asking, f"P{choice.randrange(30) + 1:05d}")
                codes.append(str(issued.id))
                answers = await race(choice, redeem(asking, issued.code), redeem(elsewhere, issued.code))
                assert sorted(answer.status for answer in answers) == [200, 404]
                assert {answer.problem for answer in answers} == {"", "code-unknown"}
            redeemed = [body["code"] for body in await exchange.read_entries() if body["type"] == "code.redeemed"]
            assert redeemed == codes
            await check_ledger(exchange, tmp_path / "export")


async def test_a_person_who_is_erased_while_asked_about(
    settings: Settings, empty_database: str, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"retention_days": 0})
    async with start_exchange(settings, clock=SettableClock(MORNING)) as exchange:
        asking = await offer_answers(exchange)
        async with second_of(exchange, settings) as other:
            elsewhere = replace(asking, exchange=other)
            for choice in rounds(6):
                person = f"P{choice.randrange(30) + 1:05d}"
                issued = await issue(asking, person)
                document = {"dataset": "owner/degrees", "value": person, "basis": "consent-withdrawn"}
                erasure = exchange.call(exchange.keys["operator"], "POST", "/api/v1/subjects/erasure", document)
                asked, redeemed, erased = await race(
                    choice, elsewhere.ask(person), redeem(elsewhere, issued.code), erasure
                )
                assert asked.status in (200, 503), asked.content
                assert redeemed.status == 200 or redeemed.problem in ("code-unknown", "server-busy"), redeemed.content
                assert erased.status == 200, erased.content
                assert (await redeem(elsewhere, issued.code)).problem == "code-unknown"
            people = PeopleExchange(
                exchange.app,
                exchange.client,
                exchange.keys,
                owner=asking.owner,
                consumer=asking.consumer,
                dataset=asking.dataset,
                database_url=empty_database,
            )
            await check_erasures_are_whole(people)
            assert await select(exchange, "SELECT FROM answer_codes WHERE person IS NOT NULL") == []
            await check_ledger(exchange, tmp_path / "export")


@pytest.fixture
async def people(settings: Settings, empty_database: str) -> AsyncIterator[PeopleExchange]:
    async with start_exchange(settings, clock=SettableClock(MORNING)) as exchange:
        yield await publish_people(exchange, empty_database, terms={"consent": True})


async def test_a_consent_that_is_given_and_withdrawn(
    people: PeopleExchange, settings: Settings, tmp_path: Path
) -> None:
    """The later decision of the person holds, whichever arrives first; a first withdrawal has nothing to withdraw."""
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    async with second_of(people, settings) as other:
        for number, choice in enumerate(rounds(8)):
            person = f"P{number + 1:05d}"
            given, withdrawn = (people.now - timedelta(minutes=minutes) for minutes in (2, 1))
            if choice.random() < 0.5:
                await decide_ok(people, people.owner, notice, person, at=given - timedelta(minutes=1))
            first, second = await race(
                choice,
                decide(people, people.owner, notice, person, at=given),
                decide(other, people.owner, notice, person, "withdrawn", at=withdrawn),
            )
            assert second.status == 200 or second.problem == "conflict", second.content
            assert first.status == 200 or (second.status, first.problem) == (200, OUTDATED), first.content
            expected = "withdrawn" if second.status == 200 else "given"
            question = {"notice": notice["id"], "value": person}
            [record] = await people.call_ok(people.owner.steward, "POST", "/api/v1/consents/search", question)
            assert record["state"] in ((expected, "renewed") if expected == "given" else (expected,)), record
        states = dict(await select(people, "SELECT id::text, state FROM consents"))
        holding = await select(
            people,
            "SELECT c.id::text FROM consents c JOIN consent_now n ON n.scope = c.scope AND n.subject = c.subject",
        )
        assert {each for (each,) in holding} == {
            each for each, state in states.items() if state in ("given", "renewed")
        }
        last: dict[str, str] = {}
        for body in await people.read_entries():
            if body["type"].startswith("consent."):
                last[body["object"]["id"]] = body["type"].removeprefix("consent.")
        assert last == states
        await check_ledger(people, tmp_path / "export")


async def test_a_consent_that_is_withdrawn_while_another_process_delivers(
    people: PeopleExchange, settings: Settings, tmp_path: Path
) -> None:
    """No answer whose entry follows the withdrawal has a row of the person; nor has one that is asked for afterwards."""
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    released: list[tuple[int, str]] = []
    records: list[str] = []
    async with second_of(people, settings) as other:
        for number, choice in enumerate(rounds(8)):
            person = f"P{number % 300 + 1:05d}"
            people.runtime.clock.move(timedelta(seconds=2))  # type: ignore[attr-defined]
            given = await decide_ok(people, people.owner, notice, person, at=people.now - timedelta(seconds=1))
            wanted = {"field": "person_id", "op": "eq", "value": person}
            delivered, withdrawn = await race(
                choice, other.fetch(wanted), decide(people, people.owner, notice, person, "withdrawn", at=people.now)
            )
            assert (delivered.status, withdrawn.status) == (200, 200), (delivered.content, withdrawn.content)
            records.append(given["id"])
            if delivered.json["rows"]:
                released.append((int(delivered.headers["exchange-entry"]), given["id"]))
            assert (await other.fetch(wanted)).json["rows"] == []
        ends = {
            body["object"]["id"]: index
            for index, body in enumerate(await people.read_entries())
            if body["type"] == "consent.withdrawn"
        }
        assert ends.keys() == set(records)
        assert all(index < ends[record] for index, record in released)
        await check_ledger(people, tmp_path / "export")
