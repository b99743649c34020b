"""Reminders: whoever has to act is told once that a deadline ends soon, and once that it is over."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from exchange.calendar import deadlines
from exchange.calendar.counting import Matter
from exchange.calendar.hooks import DeadlineDependents
from exchange.calendar.tasks import remind, sweep
from exchange.messages.service import notify
from tests.support.exchanges.exchange import Exchange, Party
from tests.support.work.jobs import until_queue_is

MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)


async def start(exchange: Exchange, party: Party | None) -> Matter:
    matter = Matter("application", uuid4())
    async with exchange.runtime.database.sessions() as session:
        organisation = UUID(party.id) if party else None
        await deadlines.start(
            session, matter, "reply", parameter="reply_conditional", organisation=organisation, at=MONDAY
        )
        await session.commit()
    return matter


async def remind_at(exchange: Exchange, at: datetime) -> int:
    async with exchange.runtime.database.sessions() as session:
        told = await remind(session, at)
    await until_queue_is(exchange.runtime.database, [], kind="reminder")
    return told


async def read(exchange: Exchange, party: Party, query: str = "") -> Any:
    return await exchange.call_ok(party.steward, "GET", f"/api/v1/messages{query}")


async def test_two_working_days_before_the_end_the_organisation_is_told_once(exchange: Exchange) -> None:
    party, other = await exchange.admit("provider"), await exchange.admit("other")
    matter = await start(exchange, party)  # due Monday 2026-03-16
    assert await remind_at(exchange, datetime(2026, 3, 11, 1, tzinfo=UTC)) == 0
    assert await remind_at(exchange, datetime(2026, 3, 12, 1, tzinfo=UTC)) == 1
    assert await remind_at(exchange, datetime(2026, 3, 12, 2, tzinfo=UTC)) == 0
    [message] = await read(exchange, party)
    assert message["matter"] == {"kind": "application", "id": str(matter.id)}
    assert (message["kind"], message["day"], message["read_at"]) == ("deadline.near", "2026-03-16", None)
    assert await read(exchange, other) == []
    target = f"/api/v1/messages/{message['id']}/reading"
    assert (await exchange.call(other.steward, "POST", target)).problem == "not-found"
    first = await exchange.call_ok(party.steward, "POST", target)
    assert first["read_at"] is not None
    assert (await exchange.call_ok(party.steward, "POST", target))["read_at"] == first["read_at"]
    assert await read(exchange, party, "?unread=true") == []


async def test_an_overdue_deadline_is_told_with_its_entry(exchange: Exchange) -> None:
    party = await exchange.admit("provider")
    await start(exchange, party)
    async with exchange.runtime.database.sessions() as session:
        assert await sweep(session, DeadlineDependents(), MONDAY + timedelta(days=30)) == 1
    await until_queue_is(exchange.runtime.database, [], kind="reminder")
    assert [message["kind"] for message in await read(exchange, party)] == ["deadline.overdue"]


async def test_nobody_is_told_of_what_has_happened_or_is_the_exchanges_own(exchange: Exchange) -> None:
    party = await exchange.admit("provider")
    matter = await start(exchange, party)
    await start(exchange, None)
    async with exchange.runtime.database.sessions() as session:
        await remind(session, datetime(2026, 3, 13, 1, tzinfo=UTC))
    async with exchange.runtime.database.sessions() as session:
        await deadlines.stop(session, matter, "reply", at=MONDAY, outcome="answered")
        await session.commit()
    await until_queue_is(exchange.runtime.database, [], kind="reminder")
    assert {message["kind"] for message in await read(exchange, party)} <= {"deadline.near"}


async def test_a_cause_gives_one_message_to_an_organisation(exchange: Exchange) -> None:
    party, other = await exchange.admit("provider"), await exchange.admit("other")
    matter = Matter("dataset", uuid4())
    new = []
    for organisation in (party, party, other):
        async with exchange.runtime.database.sessions() as session:
            new.append(
                await notify(
                    session,
                    organisation=UUID(organisation.id),
                    kind="dataset.corrected",
                    about=matter,
                    key=f"corrected/{matter.id}",
                    now=exchange.now,
                )
            )
            await session.commit()
    assert new == [True, False, True]
    [message] = await read(exchange, party)
    assert message["title"] == "dataset.corrected"
