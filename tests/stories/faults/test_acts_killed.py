"""Acts are killed at each durable step: nothing is lost, nothing is done twice, and the ledger is whole.

Each act is killed before its first step, before the second and so on, and after the last one, where only the answer is lost.
What a person would do follows: the same again. Deliveries are killed in `test_kill`.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from exchange.calendar.tasks import SWEEP
from exchange.consents.loading.tasks import MERGING
from exchange.jobs.parts import WORKER
from exchange.kernel.clock import SettableClock
from exchange.kernel.keys.slots import Slots
from exchange.kernel.loops import Loops
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.owner import MORNING
from tests.support.exchanges.people import DATASET, PeopleExchange, check_erasures_are_whole, publish_people
from tests.support.exchanges.starting import start_exchange
from tests.support.ledgers.wholeness import check_ledger, count_about, select
from tests.support.people.asking import offer_answers
from tests.support.people.codes import REDEMPTIONS, issue
from tests.support.people.consenting import PROOF, decide_ok, publish_notice
from tests.support.processes.killed_acts import each_step, post, put, restart, run_round, work_on_jobs
from tests.support.sharing.departments import start_departments
from tests.support.sharing.registering import APPLICATIONS, MONDAY, WHY, start_registering
from tests.support.work.jobs import until_queue_is

pytestmark = pytest.mark.endurance

HOUR = timedelta(hours=1)


@pytest.fixture
async def people(settings: Settings, empty_database: str) -> AsyncIterator[PeopleExchange]:
    async with start_exchange(settings, clock=SettableClock(MORNING)) as exchange:
        yield await publish_people(exchange, empty_database, terms={"consent": True})


def hand_over(exchange: Exchange, *names: str) -> Any:
    """Let other processes do the work of loops of this one."""
    return [exchange.runtime[Loops][name].stop() for name in names]


def take_back(exchange: Exchange, *names: str) -> None:
    for name in names:
        exchange.runtime[Loops][name].start(lambda: None)


def check_outcomes(outcomes: list[bool]) -> None:
    """Check that an act was done from one step on, and only by a step of its own."""
    assert (outcomes[0], outcomes[-1]) == (False, True)
    assert outcomes == sorted(outcomes)


async def test_a_withdrawal_with_what_the_recipient_has_to_delete(
    people: PeopleExchange, settings: Settings, tmp_path: Path
) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    outcomes: list[bool] = []
    record: dict[str, Any] = {}
    request: list[Any] = []

    async def prepare(step: int) -> tuple[Any, ...]:
        person = f"P{step + 1:05d}"
        record.update(await decide_ok(people, people.owner, notice, person, at=people.now - HOUR))
        document = {"notice": notice["id"], "value": person, "decision": "withdrawn", "at": people.now.isoformat()}
        request[:] = [people.owner.steward, "/api/v1/consents/decisions", document]
        return tuple(request)

    async for _ in each_step(people, settings, prepare, post):
        outcomes.append(await is_withdrawn(people, record["id"]))
        assert (await post(people, *request)).status == 200
        assert await is_withdrawn(people, record["id"])
    check_outcomes(outcomes)
    withdrawn = [body for body in await people.read_entries() if body["type"] == "consent.withdrawn"]
    assert len(withdrawn) == len(outcomes)
    await check_ledger(people, tmp_path / "export")


async def is_withdrawn(people: PeopleExchange, record: str) -> bool:
    """Whether a withdrawal is there with all that follows, once; otherwise there is nothing of it."""
    [(state, *counts)] = await select(
        people,
        "SELECT state, (SELECT count(*) FROM consent_now n WHERE n.scope = c.scope AND n.subject = c.subject), "
        "(SELECT count(*) FROM consent_withdrawn w WHERE w.scope = c.scope AND w.subject = c.subject), "
        "(SELECT count(*) FROM consent_events e WHERE e.consent_id = c.id AND e.type = 'consent.withdrawn'), "
        "(SELECT count(*) FROM deletion_tasks d WHERE d.consent_id = c.id), "
        "(SELECT count(*) FROM deadlines l JOIN deletion_tasks d ON d.id = l.matter_id WHERE d.consent_id = c.id) "
        "FROM consents c WHERE id = $1",
        UUID(record),
    )
    tasks = await select(people, "SELECT id::text FROM deletion_tasks WHERE consent_id = $1", UUID(record))
    ordered = [(await count_about(people, task))["deletion.ordered"] for (task,) in tasks]
    is_done = bool(state == "withdrawn")
    assert (counts, ordered) == (([0, 1, 1, 1, 1], [1]) if is_done else ([1, 0, 0, 0, 0], []))
    return is_done


async def test_a_load_of_decisions_and_its_merge(people: PeopleExchange, settings: Settings, tmp_path: Path) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    target = f"/api/v1/consent-notices/{notice['id']}/decisions?format=csv"
    request: list[Any] = []
    outcomes: list[bool] = []

    async def prepare(step: int) -> tuple[Any, ...]:
        """A file in which the person of the last one withdraws, and another one consents."""
        lines = [f"P{step + 1:05d},given,2096-05-01T00:00:00Z,paper-signature,{PROOF}"]
        lines += [f"P{step:05d},withdrawn,2096-05-02T00:00:00Z,,"] if step else []
        content = "\n".join(["person,decision,at,method,proof", *lines, ""]).encode()
        request[:] = [people.owner.steward, target, content]
        return tuple(request)

    async for _ in each_step(people, settings, prepare, put):
        loads = "SELECT id::text FROM consent_loads WHERE state <> 'receiving'"
        outcomes.append(len(await select(people, loads)) > len(outcomes))
        answer = await put(people, *request)
        assert answer.status == 200, answer.content
        await people.runtime[Loops][MERGING].tick()
        assert (await count_about(people, notice["id"]))["consents.loaded"] == len(outcomes)
        assert await select(people, loads + " AND state <> 'merged'") == []
    check_outcomes(outcomes)

    clock = people.runtime.clock
    assert isinstance(clock, SettableClock)
    clock.move(timedelta(days=2))
    await people.runtime[Loops][MERGING].tick()
    assert await select(people, "SELECT FROM consent_staging") == [], "what came of the killed ones is gone"

    for stop in hand_over(people, MERGING):
        await stop
    before, steps = len(outcomes), 0

    async def prepare_merge(step: int) -> tuple[Any, ...]:
        values = await prepare(before + step)
        assert (await put(people, *values)).status == 200
        return (MERGING,)

    async for _ in each_step(people, settings, prepare_merge, run_round):
        steps += 1
        take_back(people, MERGING)
        await people.runtime[Loops][MERGING].tick()
        await people.runtime[Loops][MERGING].stop()
        types = await count_about(people, notice["id"])
        assert types["consents.loaded"] == before + steps
        assert types["consents.withdrawn"] == before + steps - 1
        [counted] = await select(
            people,
            "SELECT count(*) FILTER (WHERE state = 'given'), count(*) FILTER (WHERE state = 'withdrawn') FROM consents",
        )
        assert counted == (1, before + steps - 1)
        [orders] = await select(people, "SELECT count(*), sum(people) FROM deletion_tasks")
        assert orders == (before + steps - 1,) * 2
    assert steps > 1, "a merge has steps of its own"
    await check_ledger(people, tmp_path / "export")


async def test_an_erasure(settings: Settings, empty_database: str, tmp_path: Path) -> None:
    """What an erasure leaves to do after its entry is done by the next start, or by the next erasure."""
    settings = settings.model_copy(update={"retention_days": 0})
    async with start_exchange(settings, clock=SettableClock(MORNING)) as exchange:
        people = await publish_people(exchange, empty_database)
        request: list[Any] = []
        subjects: list[str] = []
        outcomes: list[bool] = []

        async def prepare(step: int) -> tuple[Any, ...]:
            value = f"P{step + 1:05d}"
            subjects.append((await people.fetch_about(value))["subjects"][0])
            await people.fetch_about(value)
            document = {"dataset": DATASET, "value": value, "basis": "consent-withdrawn"}
            request[:] = [people.keys["operator"], "/api/v1/subjects/erasure", document]
            return tuple(request)

        async def is_executed() -> bool:
            erasures = await people.run_sql("SELECT slot, destroyed_at FROM subject_erasures ORDER BY entry")
            is_done = len(erasures) == len(subjects)
            assert len(erasures) == len(subjects) - 1 + is_done
            assert [erasure for erasure in erasures if erasure["destroyed_at"] is None] == []
            assert [erasure for erasure in erasures if slots.holds(erasure["slot"])] == []
            assert len(await people.run_sql("SELECT FROM ledger_sealed")) == (0 if is_done else 2)
            assert (await count_about(people, subjects[-1]))["erasure.executed"] == is_done
            return is_done

        slots = exchange.runtime[Slots]
        async for _ in each_step(people, settings, prepare, post):
            await restart(people, settings)
            outcomes.append(await is_executed())
            again = await post(people, *request)
            assert again.json["outcome"] == ("nothing-held" if outcomes[-1] else "executed")
            assert await is_executed()
        check_outcomes(outcomes)
        assert outcomes.count(True) > 1, "its slot is destroyed after its entry"
        await check_erasures_are_whole(people)
        await check_ledger(people, tmp_path / "export")


async def test_a_code_that_is_redeemed(settings: Settings, tmp_path: Path) -> None:
    async with start_exchange(settings, clock=SettableClock(MORNING)) as exchange:
        asking = await offer_answers(exchange)
        request: list[Any] = []
        codes: list[str] = []
        outcomes: list[bool] = []

        async def prepare(step: int) -> tuple[Any, ...]:
            issued = await issue(asking, f"P{step + 1:05d}")
            codes.append(str(issued.id))
            request[:] = [asking.consumer.system, REDEMPTIONS, {"code": issued.code}, "talent-service"]
            return tuple(request)

        async def is_redeemed() -> bool:
            [(state, is_forgotten)] = await select(
                exchange, "SELECT state, person IS NULL FROM answer_codes WHERE id = $1", UUID(codes[-1])
            )
            entries = [body for body in await exchange.read_entries() if body.get("code") == codes[-1]]
            is_done = bool(state == "redeemed")
            assert (is_forgotten, len(entries)) == (is_done, int(is_done))
            return is_done

        async for _ in each_step(exchange, settings, prepare, post):
            outcomes.append(await is_redeemed())
            again = await post(exchange, *request)
            assert (again.status, again.problem) == ((404, "code-unknown") if outcomes[-1] else (200, ""))
            assert await is_redeemed()
        check_outcomes(outcomes)
        await check_ledger(exchange, tmp_path / "export")


async def test_an_amendment_ends_one_agreement_with_the_beginning_of_the_other(
    settings: Settings, tmp_path: Path
) -> None:
    async with start_departments(settings) as exchange:
        running = [(await exchange.grant())["id"]]
        request: list[Any] = []
        outcomes: list[bool] = []

        async def prepare(_step: int) -> tuple[Any, ...]:
            application = await exchange.ask(amends=running[-1])
            request[:] = [exchange.owner.steward, f"/api/v1/applications/{application['id']}/approval", {}]
            return tuple(request)

        async def is_amended() -> bool:
            active = await select(exchange, "SELECT id::text FROM agreements WHERE state = 'active'")
            assert len(active) == 1, "one of the two runs"
            old = await count_about(exchange, running[-1])
            [(new,)] = active
            is_done = bool(new != running[-1])
            assert old["agreement.amended"] == is_done
            clocks = "SELECT matter_id::text FROM deadlines WHERE clock = 'usage' AND ended_at IS NULL"
            assert await select(exchange, clocks) == active
            return is_done

        async for _ in each_step(exchange, settings, prepare, post):
            outcomes.append(await is_amended())
            again = await post(exchange, *request)
            assert (again.status, again.problem) == ((409, "conflict") if outcomes[-1] else (201, ""))
            assert await is_amended()
            [(new,)] = await select(exchange, "SELECT id::text FROM agreements WHERE state = 'active'")
            assert (await count_about(exchange, new))["agreement.concluded"] == 1
            running.append(new)
        check_outcomes(outcomes)
        assert len(await select(exchange, "SELECT FROM agreements")) == len(running)
        await check_ledger(exchange, tmp_path / "export")


async def test_a_deadline_that_passes_and_the_job_of_it(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"job_heartbeat": 1})  # soon, the jobs of a killed worker are somebody else's
    async with start_departments(settings) as exchange:
        for stop in hand_over(exchange, SWEEP, WORKER):
            await stop
        asked: list[str] = []
        outcomes: list[bool] = []
        days = timedelta(days=40)

        async def prepare(_step: int) -> tuple[Any, ...]:
            asked.append((await exchange.ask())["id"])
            return (SWEEP,)

        async def is_marked() -> bool:
            statement = "SELECT overdue_at IS NOT NULL FROM deadlines WHERE matter_id = $1"
            [(is_done,)] = await select(exchange, statement, UUID(asked[-1]))
            assert (await count_about(exchange, asked[-1]))["deadline.overdue"] == is_done
            [(queued,)] = await select(exchange, "SELECT count(*) FROM jobs.pgqueuer WHERE entrypoint = 'reminder'")
            assert queued == len(asked) - 1 + is_done, "one for each that is marked"
            return bool(is_done)

        async for _ in each_step(exchange, settings, prepare, run_round, span=days):
            outcomes.append(await is_marked())
            exchange.clock.move(days)
            take_back(exchange, SWEEP)
            await exchange.runtime[Loops][SWEEP].tick()
            await exchange.runtime[Loops][SWEEP].stop()
            assert await is_marked()
        check_outcomes(outcomes)

        async def nothing(_step: int) -> tuple[Any, ...]:
            return ("reminder",)

        messages = "SELECT count(*), count(DISTINCT matter_id) FROM messages WHERE kind = 'deadline.overdue'"
        steps = 0
        async for _ in each_step(exchange, settings, nothing, work_on_jobs):
            steps += 1
            [(total, distinct)] = await select(exchange, messages)
            assert total == distinct
        take_back(exchange, WORKER)
        await until_queue_is(exchange.runtime.database, [], kind="reminder")
        assert await select(exchange, messages) == [(len(asked), len(asked))]
        assert steps > 2
        await check_ledger(exchange, tmp_path / "export")


async def test_a_deposit_enters_one_record_and_its_certificate(settings: Settings, tmp_path: Path) -> None:
    async with start_registering(settings, at=MONDAY) as exchange:
        request: list[Any] = []
        outcomes: list[bool] = []

        async def prepare(_step: int) -> tuple[Any, ...]:
            target = f"{APPLICATIONS}/{(await exchange.file())['id']}"
            await exchange.act_ok("registrar", f"{target}/acceptance")
            await exchange.act_ok("registrar", f"{target}/publicity-waiver", WHY)
            request[:] = [exchange.bureau.steward, f"/api/v1{target}/deposit"]
            return tuple(request)

        async def is_deposited() -> bool:
            application = request[1].split("/")[-2]
            [(state,)] = await select(
                exchange, "SELECT state FROM rights_applications WHERE id = $1", UUID(application)
            )
            records = await select(
                exchange, "SELECT id::text, code FROM rights_records WHERE application_id = $1", UUID(application)
            )
            is_done = bool(state == "deposited")
            assert len(records) == is_done
            assert (await count_about(exchange, application))["rights_application.deposited"] == is_done
            for record, _ in records:
                assert (await count_about(exchange, record))["rights_record.entered"] == 1
            return is_done

        async for _ in each_step(exchange, settings, prepare, post):
            outcomes.append(await is_deposited())
            again = await post(exchange, *request)
            assert (again.status, again.problem) == ((409, "conflict") if outcomes[-1] else (200, ""))
            assert await is_deposited()
        check_outcomes(outcomes)
        codes = [code for (code,) in await select(exchange, "SELECT code FROM rights_records")]
        assert len(set(codes)) == len(outcomes)
        await check_ledger(exchange, tmp_path / "export")
