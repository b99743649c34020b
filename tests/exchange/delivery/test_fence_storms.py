"""Changes by one participant, however many, keep no other from its deliveries."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from exchange.settings import Settings
from ledger.log import head
from tests.support.exchanges.exchange import Exchange, Key, Party
from tests.support.exchanges.starting import start_exchange

FETCH = {"dataset": "owner/people", "limit": 2}
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


async def granted(exchange: Exchange, people_table: str) -> tuple[Party, Party, Any]:
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_table(owner, people_table, "people")
    dataset = await exchange.publish_dataset(owner, source, "people")
    return owner, consumer, await exchange.conclude_agreement(consumer, owner, dataset)


async def fence_of(exchange: Exchange) -> int:
    async with exchange.runtime.database.pool.acquire() as connection:
        return (await head.read_head(connection)).fence


def toggles(exchange: Exchange, party: Party) -> Callable[[], Coroutine[Any, Any, Any]]:
    """Suspend and reinstate a party's own system, in turns."""
    verbs = iter(["suspension", "reinstatement"] * 50)

    async def toggle() -> Any:
        return await exchange.call_ok(party.steward, "POST", f"/api/v1/principals/{party.system_id}/{next(verbs)}")

    return toggle


async def test_what_only_adds_invalidates_nothing(exchange: Exchange) -> None:
    """Keys, members and systems that are new were in no cache; a key that supersedes another ends it."""
    party = await exchange.admit("busy")
    before = await fence_of(exchange)
    keys = f"/api/v1/principals/{party.system_id}/keys"
    await exchange.call_ok(party.steward, "POST", keys, exchange.registration(Key(), "busy", "service"))
    system = {"kind": "system", "handle": "more", "title": "More", "roles": ["consumer"]}
    enrolment = system | exchange.registration(Key(), "busy", "more")
    await exchange.call_ok(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", enrolment)
    assert await fence_of(exchange) == before
    renewed = exchange.registration(Key(), "busy", "service") | {"supersedes": party.system.keyid}
    await exchange.call_ok(party.steward, "POST", keys, renewed)
    assert await fence_of(exchange) == before + 1
    await toggles(exchange, party)()
    assert await fence_of(exchange) == before + 2


async def test_a_delivery_is_answered_though_the_fence_moves_during_each_attempt(
    exchange: Exchange, people_table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last attempts hold the fence: the changes wait for the answer, and are done after it."""
    _, consumer, _ = await granted(exchange, people_table)
    busy = await exchange.admit("busy")
    change, changes = toggles(exchange, busy), list[asyncio.Task[Any]]()
    sequencer = type(exchange.runtime.sequencer)
    append = sequencer.append

    async def append_after_a_change(self: Any, submission: Any) -> int:
        task = asyncio.create_task(change())
        changes.append(task)
        async with exchange.runtime.database.pool.acquire() as connection:
            while not task.done() and not await connection.fetchval(WAITING):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return int(await append(self, submission))

    monkeypatch.setattr(sequencer, "append", append_after_a_change)
    answer = await exchange.call(consumer.system, "POST", "/api/v1/deliveries", FETCH, purpose="talent-service")
    monkeypatch.undo()

    assert answer.status == 200
    assert len(changes) > 1
    await asyncio.gather(*changes)
    entries = await exchange.read_entries()
    delivered = int(answer.headers["exchange-entry"])
    assert entries[delivered]["type"] == "delivery.completed"
    toggled = [n for n, entry in enumerate(entries) if entry["type"] in {"principal.suspended", "principal.reinstated"}]
    assert len(toggled) == len(changes)
    assert max(toggled) > delivered  # at least the last change waited for the answer


@pytest.mark.endurance
async def test_many_deliveries_under_a_storm_of_changes_are_all_answered(exchange: Exchange, people_table: str) -> None:
    _, consumer, _ = await granted(exchange, people_table)
    busy = await exchange.admit("busy")
    change, is_over = toggles(exchange, busy), asyncio.Event()

    async def storm() -> None:
        while not is_over.is_set():
            await change()

    storming = asyncio.create_task(storm())
    fetches = [
        exchange.call(consumer.system, "POST", "/api/v1/deliveries", FETCH, purpose="talent-service") for _ in range(12)
    ]
    answers = await asyncio.gather(*fetches)
    is_over.set()
    await storming
    assert {answer.status for answer in answers} == {200}


async def test_an_organisation_has_an_allowance_of_changes_of_its_own(settings: Settings) -> None:
    async with start_exchange(settings.model_copy(update={"organisation_changes": 4})) as exchange:
        busy, quiet = await exchange.admit("busy"), await exchange.admit("quiet")
        target = f"/api/v1/principals/{busy.system_id}"
        verbs = ("suspension", "reinstatement") * 2 + ("suspension", "suspension")
        answers = [await exchange.call(busy.steward, "POST", f"{target}/{verb}") for verb in verbs]
        assert [answer.problem for answer in answers] == [""] * 4 + ["too-many-changes"] * 2
        assert answers[-1].headers["retry-after"]
        assert (await exchange.read_entries())[answers[-1].json["entry"]]["problem"] == "too-many-changes"
        # Other organisations, the exchange's own roles, and acts on which no decision rests go on.
        await toggles(exchange, quiet)()
        await exchange.call_ok(exchange.keys["operator"], "POST", f"/api/v1/organisations/{busy.id}/suspension")
        await exchange.call_ok(exchange.keys["operator"], "POST", f"/api/v1/organisations/{busy.id}/reinstatement")
        document = {"organisation": busy.id, "source": {"kind": "file", "title": "more"}}
        await exchange.call_ok(busy.steward, "POST", "/api/v1/sources", document)
