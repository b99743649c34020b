"""Deadlines of matters: started, stopped, paused, resumed and extended within the rules; swept with an entry for each."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from exchange.calendar import deadlines, queries
from exchange.calendar.counting import DeadlineView, Matter
from exchange.calendar.errors import CalendarMissing, DeadlinePassed, ExtensionRefused
from exchange.calendar.hooks import DeadlineDependents
from exchange.calendar.tasks import SWEEP, remind, sweep
from exchange.kernel.database import AsyncSession, IntegrityError
from exchange.kernel.loops import Loops
from exchange.kernel.problems import NotFound
from ledger import entries
from tests.support.exchanges.exchange import Exchange

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)  # 9 o'clock in China
BY = UUID(int=1)


@pytest.fixture
async def session(exchange: Exchange) -> Any:
    async with exchange.runtime.database.sessions() as session:
        yield session


async def start(session: AsyncSession, *, at: datetime = MONDAY, parameter: str = "reply_conditional") -> Matter:
    matter = Matter("application", uuid4())
    await deadlines.start(session, matter, "reply", parameter=parameter, organisation=None, at=at)
    return matter


async def read(session: AsyncSession, matter: Matter) -> DeadlineView:
    [view] = (await queries.deadlines_of(session, [matter]))[matter]
    return view


def extension(**changes: Any) -> dict[str, Any]:
    return {
        "parameter": "reply_ext_max",
        "days": 5,
        "consent": "浙数函〔2026〕12号",
        "by": BY,
        "at": MONDAY + timedelta(days=1),
    } | changes


async def test_a_clock_is_locked_after_the_days(exchange: Exchange) -> None:
    """A load holds the days and then locks deadlines, so who holds a deadline and waits for the days would deadlock with it."""
    sessions = exchange.runtime.database.sessions
    async with sessions() as session:
        matter = await start(session)
        await session.commit()

    async def read_and_stop() -> None:
        async with sessions() as session:
            clock = await deadlines.find_open(session, matter, "reply")
            assert clock is not None
            await deadlines.stop(session, matter, clock.clock, at=MONDAY, outcome="answered")
            await session.commit()

    async with sessions() as loading:
        await queries.lock_days(loading)
        stopping = asyncio.create_task(read_and_stop())
        async with exchange.runtime.database.pool.acquire() as connection, asyncio.timeout(30):
            while not await connection.fetchval(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            ):
                pass
        await loading.execute(text("SELECT id FROM deadlines FOR UPDATE NOWAIT"))
        await loading.commit()
    await stopping
    async with sessions() as session:
        assert (await read(session, matter)).outcome == "answered"


async def test_a_deadline_counts_from_the_day_after_and_names_its_article(session: AsyncSession) -> None:
    view = await read(session, await start(session))
    assert view.counted_from == date(2026, 3, 2)
    assert view.due == date(2026, 3, 16)
    assert view.ends_at == datetime(2026, 3, 16, 16, tzinfo=UTC)
    assert "Art. 21" in view.article
    assert not view.is_overdue(datetime(2026, 3, 16, 15, 59, tzinfo=UTC))
    assert view.is_overdue(datetime(2026, 3, 16, 16, tzinfo=UTC))


async def test_a_clock_runs_once_at_a_time_and_starts_anew_after_its_end(session: AsyncSession) -> None:
    matter = await start(session)
    ended = await deadlines.stop(session, matter, "reply", at=MONDAY + timedelta(days=1), outcome="supplement")
    assert ended is not None
    assert ended.outcome == "supplement"
    assert await deadlines.stop(session, matter, "reply", at=MONDAY, outcome="again") is None
    again = await deadlines.start(
        session, matter, "reply", parameter="reply_conditional", organisation=None, at=MONDAY + timedelta(days=7)
    )
    assert again.due == date(2026, 3, 23)
    with pytest.raises(IntegrityError):
        await deadlines.start(session, matter, "reply", parameter="reply_conditional", organisation=None, at=MONDAY)


async def test_every_clock_of_a_matter_ends_with_it(session: AsyncSession) -> None:
    matter = await start(session)
    await deadlines.start(session, matter, "provide", parameter="provide", organisation=None, at=MONDAY)
    ended = await deadlines.stop_all(session, matter, at=MONDAY, outcome="withdrawn")
    assert sorted(view.clock for view in ended) == ["provide", "reply"]
    assert {view.outcome for view in (await queries.deadlines_of(session, [matter]))[matter]} == {"withdrawn"}


async def test_an_unknown_parameter_and_one_that_is_no_period_start_nothing(session: AsyncSession) -> None:
    with pytest.raises(NotFound):
        await start(session, parameter="reply_whenever")
    with pytest.raises(ValueError, match="day of the year"):
        await start(session, parameter="op_disclosure")


async def test_a_pause_moves_the_last_day_by_its_working_days(session: AsyncSession) -> None:
    matter = await start(session)
    await deadlines.pause(session, matter, "reply", at=datetime(2026, 3, 4, 2, tzinfo=UTC))  # Wednesday
    with pytest.raises(DeadlinePassed):
        await deadlines.pause(session, matter, "reply", at=MONDAY)
    with pytest.raises(DeadlinePassed):
        await deadlines.extend(session, matter, "reply", **extension())
    resumed = await deadlines.resume(session, matter, "reply", at=datetime(2026, 3, 10, 2, tzinfo=UTC))  # Tuesday
    # Wednesday to Tuesday is not counted: 5 working days.
    assert resumed.due == date(2026, 3, 23)
    assert resumed.days == 15
    with pytest.raises(DeadlinePassed):
        await deadlines.resume(session, matter, "reply", at=MONDAY)


async def test_a_pause_on_the_day_of_the_event_does_not_count_that_day_twice(session: AsyncSession) -> None:
    matter = await start(session)
    await deadlines.pause(session, matter, "reply", at=MONDAY)
    resumed = await deadlines.resume(session, matter, "reply", at=MONDAY + timedelta(days=1))
    assert resumed.due == date(2026, 3, 17)


async def test_a_second_pause_on_the_last_day_of_the_first_does_not_take_that_day_twice(session: AsyncSession) -> None:
    matter = await start(session)
    wednesday, thursday = (datetime(2026, 3, day, 2, tzinfo=UTC) for day in (4, 5))
    for end in (wednesday, thursday):
        await deadlines.pause(session, matter, "reply", at=wednesday)
        view = await deadlines.resume(session, matter, "reply", at=end)
    assert view.days == 12  # two days of pauses, Wednesday and Thursday, beside the ten


async def test_after_a_pause_the_organisation_is_reminded_of_the_new_last_day(session: AsyncSession) -> None:
    matter = await start(session)
    assert await remind(session, datetime(2026, 3, 13, 1, tzinfo=UTC)) == 1
    await deadlines.pause(session, matter, "reply", at=datetime(2026, 3, 13, 2, tzinfo=UTC))
    await deadlines.resume(session, matter, "reply", at=datetime(2026, 4, 1, 2, tzinfo=UTC))
    assert await remind(session, datetime(2026, 4, 2, 1, tzinfo=UTC)) == 1


async def test_a_pause_in_calendar_days(session: AsyncSession) -> None:
    matter = await start(session, parameter="pub_renew")
    before = await read(session, matter)
    await deadlines.pause(session, matter, "reply", at=datetime(2026, 3, 4, 2, tzinfo=UTC))
    resumed = await deadlines.resume(session, matter, "reply", at=datetime(2026, 3, 8, 2, tzinfo=UTC))
    assert (before.days, resumed.days) == (60, 65)
    assert resumed.due == await queries.due(session, date(2026, 3, 2), 65, "d")


async def test_a_pause_beyond_the_calendar_waits_for_the_year(session: AsyncSession) -> None:
    matter = await start(session, at=datetime(2026, 12, 28, 2, tzinfo=UTC))
    await deadlines.pause(session, matter, "reply", at=datetime(2026, 12, 29, 2, tzinfo=UTC))
    with pytest.raises(CalendarMissing) as refused:
        await deadlines.resume(session, matter, "reply", at=datetime(2027, 1, 5, 2, tzinfo=UTC))
    assert "2027" in refused.value.detail


async def test_an_extension_states_whose_consent_allows_it(session: AsyncSession) -> None:
    matter = await start(session)
    extended = await deadlines.extend(session, matter, "reply", **extension())
    assert extended.due == date(2026, 3, 23)
    assert extended.extension is not None
    assert extended.extension["consent"] == "浙数函〔2026〕12号"
    assert "Art. 21" in extended.extension["article"]


@pytest.mark.parametrize("changes", [{"consent": " "}, {"days": 11}, {"days": 0}, {"parameter": "prop_valid_max"}])
async def test_an_extension_without_consent_or_beyond_its_article_is_refused(
    session: AsyncSession, changes: dict[str, Any]
) -> None:
    matter = await start(session)
    with pytest.raises(ExtensionRefused) as refused:
        await deadlines.extend(session, matter, "reply", **extension(**changes))
    assert "longest extension is" in refused.value.detail
    assert (await read(session, matter)).due == date(2026, 3, 16)


async def test_a_deadline_is_extended_once_and_before_its_last_day_is_over(session: AsyncSession) -> None:
    matter = await start(session)
    last = datetime(2026, 3, 16, 15, 59, tzinfo=UTC)
    with pytest.raises(DeadlinePassed) as passed:
        await deadlines.extend(session, matter, "reply", **extension(at=last + timedelta(minutes=1)))
    assert passed.value.members["due"] == "2026-03-16"
    await deadlines.extend(session, matter, "reply", **extension(at=last))
    with pytest.raises(ExtensionRefused):
        await deadlines.extend(session, matter, "reply", **extension())


async def test_the_operator_sets_a_number_for_events_from_a_day_on(exchange: Exchange, session: AsyncSession) -> None:
    target = "/api/v1/calendar/parameters/reply_conditional"
    value = {"value": 15, "source": "浙江省公共数据条例 第三十条", "verified": True, "effective_from": "2026-03-02"}
    answer = await exchange.call_ok(exchange.keys["operator"], "PUT", target, value)
    assert answer["text"] == "15 working days"
    assert (await read(session, await start(session))).days == 15
    assert (await read(session, await start(session, at=MONDAY - timedelta(days=3)))).days == 10
    body = (await exchange.read_entries())[-1]
    assert (body["type"], body["before"], body["value"], body["unit"]) == ("parameter.set", 10, 15, "wd")
    listed = await exchange.call_ok(exchange.keys["auditor"], "GET", "/api/v1/calendar/parameters")
    assert {row["name"]: row["value"] for row in listed}["reply_conditional"] == 15
    assert (await exchange.call(exchange.keys["auditor"], "PUT", target, value)).problem == "role-missing"
    disclosure = "/api/v1/calendar/parameters/op_disclosure"
    wrong = await exchange.call(exchange.keys["operator"], "PUT", disclosure, value | {"value": 1340})
    assert wrong.problem == "request-invalid"


async def overdue(exchange: Exchange) -> list[dict[str, Any]]:
    return [body for body in await exchange.read_entries() if body["type"] == "deadline.overdue"]


async def test_the_sweep_writes_an_entry_for_each_deadline_that_passed(
    exchange: Exchange, session: AsyncSession
) -> None:
    party = await exchange.admit("provider")
    matter = Matter("application", uuid4())
    await deadlines.start(
        session, matter, "reply", parameter="reply_conditional", organisation=UUID(party.id), at=MONDAY
    )
    ended, paused = await start(session), await start(session)
    await deadlines.stop(session, ended, "reply", at=MONDAY, outcome="approved")
    await deadlines.pause(session, paused, "reply", at=MONDAY)
    provisional = await start(session, at=datetime(2026, 12, 31, 2, tzinfo=UTC))
    await session.commit()
    await exchange.runtime[Loops][SWEEP].tick()
    await exchange.runtime[Loops][SWEEP].tick()
    [body] = await overdue(exchange)
    assert body["object"] == {"kind": "application", "id": str(matter.id)}
    assert (body["clock"], body["due"], body["responsible"]) == ("reply", "2026-03-16", party.id)
    assert "Art. 21" in body["article"]
    view = await read(session, matter)
    assert view.overdue_at is not None
    with pytest.raises(DeadlinePassed):
        await deadlines.extend(session, matter, "reply", **extension())
    assert (await read(session, provisional)).overdue_at is None


async def test_what_follows_happens_with_the_entry_or_not_at_all(exchange: Exchange, session: AsyncSession) -> None:
    followed: list[UUID] = []

    async def follow(session: AsyncSession, view: DeadlineView, at: datetime) -> Sequence[entries.Body]:
        if view.matter == broken:
            raise LookupError("made to fail")
        followed.append(view.matter.id)
        await deadlines.start(session, view.matter, "next", parameter="provide", organisation=None, at=at)
        return []

    working, broken = await start(session), await start(session)
    await session.commit()
    exchange.runtime[DeadlineDependents].register("reply", follow)
    with pytest.raises(ValueError, match="already"):
        exchange.runtime[DeadlineDependents].register("reply", follow)
    await exchange.runtime[Loops][SWEEP].tick()
    assert set(followed) == {working.id}
    assert [body["object"]["id"] for body in await overdue(exchange)] == [str(working.id)]
    clocks = {view.clock: view for view in (await queries.deadlines_of(session, [working]))[working]}
    assert clocks["next"].due is not None
    assert (await read(session, broken)).overdue_at is None


async def test_two_leaders_at_once_write_each_entry_once(exchange: Exchange, session: AsyncSession) -> None:
    matters = [await start(session) for _ in range(60)]
    await session.commit()
    database, dependents = exchange.runtime.database, DeadlineDependents()
    now = datetime(2026, 4, 1, tzinfo=UTC)

    async def lead() -> int:
        marked = 0
        for _ in range(10):
            async with database.sessions() as own:
                marked += await sweep(own, dependents, now, limit=10)
        return marked

    marked = await asyncio.gather(lead(), lead())
    bodies = await overdue(exchange)
    assert len(bodies) == sum(marked) == 60
    assert {body["object"]["id"] for body in bodies} == {str(matter.id) for matter in matters}


async def test_a_sweep_that_ends_before_its_commit_leaves_nothing(exchange: Exchange, session: AsyncSession) -> None:
    matter = await start(session)
    await session.commit()

    async def follow(session: AsyncSession, view: DeadlineView, at: datetime) -> Sequence[entries.Body]:
        raise OSError("the database is away")

    dependents = DeadlineDependents({"reply": follow})
    async with exchange.runtime.database.sessions() as own:
        with pytest.raises(OSError, match="away"):
            await sweep(own, dependents, datetime(2026, 4, 1, tzinfo=UTC))
    assert await overdue(exchange) == []
    async with exchange.runtime.database.sessions() as own:
        assert await sweep(own, DeadlineDependents(), datetime(2026, 4, 1, tzinfo=UTC)) == 1
    assert [body["object"]["id"] for body in await overdue(exchange)] == [str(matter.id)]


async def test_an_act_at_the_end_of_the_last_day_and_the_sweep_exclude_each_other(
    exchange: Exchange, session: AsyncSession
) -> None:
    """Whoever locks the deadline first wins: it is answered and not overdue, or overdue and answered late."""
    matters = [await start(session) for _ in range(20)]
    await session.commit()
    database, now = exchange.runtime.database, datetime(2026, 4, 1, tzinfo=UTC)

    async def answer(matter: Matter) -> None:
        async with database.sessions() as own:
            await deadlines.stop(own, matter, "reply", at=now, outcome="answered")
            await own.commit()

    async def sweep_once() -> None:
        async with database.sessions() as own:
            await sweep(own, DeadlineDependents(), now)

    await asyncio.gather(*(answer(matter) for matter in matters), *(sweep_once() for _ in range(3)))
    marked = {body["object"]["id"] for body in await overdue(exchange)}
    session.expire_all()
    for matter in matters:
        view = await read(session, matter)
        assert view.outcome == "answered"
        assert (view.overdue_at is not None) == (str(matter.id) in marked)
