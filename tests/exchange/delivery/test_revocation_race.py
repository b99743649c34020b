"""Each act that ends a permission has one place on the ledger: no entry behind it rests on that permission."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

import pytest

from tests.support.exchanges.exchange import Answer, Exchange, Party

CLIENTS = 8
BEFORE = 16
AFTER = 12


class Load:
    """Consumers that fetch one record again and again, and what they were answered."""

    def __init__(self, exchange: Exchange, consumer: Party, reference: str) -> None:
        self.exchange = exchange
        self.consumer = consumer
        self.reference = reference
        self.answers: list[Answer] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._more = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._fetch(number)) for number in range(CLIENTS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch(self, number: int) -> None:
        question = {
            "dataset": self.reference,
            "filters": [{"field": "person_id", "op": "eq", "value": number + 1}],
            "limit": 1,
        }
        while True:
            answer = await self.exchange.call(
                self.consumer.system, "POST", "/api/v1/deliveries", question, purpose="talent-service"
            )
            async with self._more:
                self.answers.append(answer)
                self._more.notify_all()

    async def until(self, wanted: Callable[[Answer], bool], count: int) -> None:
        """Wait for so many more answers of a kind."""
        begun = len(self.answers)
        async with self._more:
            async with asyncio.timeout(20):
                await self._more.wait_for(lambda: sum(map(wanted, self.answers[begun:])) >= count)


def is_delivered(answer: Answer) -> bool:
    return answer.status == 200


def is_refused(answer: Answer) -> bool:
    return answer.status in {401, 403, 404}


async def _suspend_organisation(
    exchange: Exchange, owner: Party, consumer: Party, dataset: Any, agreement: Any
) -> None:
    await exchange.call_ok(exchange.keys["operator"], "POST", f"/api/v1/organisations/{consumer.id}/suspension")


async def _suspend_owner(exchange: Exchange, owner: Party, consumer: Party, dataset: Any, agreement: Any) -> None:
    await exchange.call_ok(exchange.keys["operator"], "POST", f"/api/v1/organisations/{owner.id}/suspension")


async def _suspend_system(exchange: Exchange, owner: Party, consumer: Party, dataset: Any, agreement: Any) -> None:
    await exchange.call_ok(consumer.steward, "POST", f"/api/v1/principals/{consumer.system_id}/suspension")


async def _revoke_key(exchange: Exchange, owner: Party, consumer: Party, dataset: Any, agreement: Any) -> None:
    target = f"/api/v1/principals/{consumer.system_id}/keys/{consumer.system.keyid}/revocation"
    await exchange.call_ok(consumer.steward, "POST", target)


async def _revoke_role(exchange: Exchange, owner: Party, consumer: Party, dataset: Any, agreement: Any) -> None:
    target = f"/api/v1/principals/{consumer.system_id}/roles/revocation"
    await exchange.call_ok(consumer.steward, "POST", target, {"role": "consumer", "domain": consumer.id})


async def _withdraw_dataset(exchange: Exchange, owner: Party, consumer: Party, dataset: Any, agreement: Any) -> None:
    await exchange.call_ok(owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/withdrawal", {"reason": "替换"})


async def _terminate(exchange: Exchange, owner: Party, consumer: Party, dataset: Any, agreement: Any) -> None:
    await exchange.call_ok(
        owner.steward, "POST", f"/api/v1/agreements/{agreement['id']}/termination", {"reason": "期满"}
    )


async def _forbid_purpose(exchange: Exchange, owner: Party, consumer: Party, dataset: Any, agreement: Any) -> None:
    document = dataset["document"]
    narrower = {**document, "terms": {**document["terms"], "purposes": ["statistics"]}}
    draft = {"source": dataset["source"], "handle": dataset["handle"], "document": narrower}
    await exchange.call_ok(owner.steward, "PUT", f"/api/v1/datasets/{dataset['id']}/draft", draft)
    await exchange.call_ok(owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")


Ending = Callable[[Exchange, Party, Party, Any, Any], Awaitable[None]]


async def prepared(exchange: Exchange, people_table: str) -> tuple[Party, Party, Any, Any]:
    owner = await exchange.admit("civil-affairs")
    consumer = await exchange.admit("platform", kind="institution", level="none")
    source = await exchange.register_table(owner, people_table, "people")
    dataset = await exchange.publish_dataset(owner, source, "people")
    agreement = await exchange.conclude_agreement(consumer, owner, dataset)
    return owner, consumer, {**dataset, "source": source["id"]}, agreement


@pytest.mark.parametrize(
    ("end", "entry_type", "problem"),
    [
        (_terminate, "agreement.terminated", "agreement-terminated"),
        (_revoke_key, "key.revoked", "key-revoked"),
        pytest.param(_revoke_role, "role.revoked", "role-missing", marks=pytest.mark.endurance),
        pytest.param(_suspend_system, "principal.suspended", "principal-suspended", marks=pytest.mark.endurance),
        pytest.param(
            _suspend_organisation, "organisation.suspended", "consumer-not-admitted", marks=pytest.mark.endurance
        ),
        pytest.param(_suspend_owner, "organisation.suspended", "owner-not-admitted", marks=pytest.mark.endurance),
        pytest.param(_withdraw_dataset, "dataset.withdrawn", "dataset-unavailable", marks=pytest.mark.endurance),
        pytest.param(_forbid_purpose, "dataset.published", "purpose-not-granted", marks=pytest.mark.endurance),
    ],
)
async def test_nothing_is_delivered_behind_the_entry_that_ends_it(
    exchange: Exchange, people_table: str, end: Ending, entry_type: str, problem: str
) -> None:
    owner, consumer, dataset, agreement = await prepared(exchange, people_table)
    async with Load(exchange, consumer, "civil-affairs/people") as load:
        await load.until(is_delivered, BEFORE)
        await end(exchange, owner, consumer, dataset, agreement)
        await load.until(is_refused, AFTER)

    entries = await exchange.read_entries()
    ended = max(index for index, entry in enumerate(entries) if entry["type"] == entry_type)
    completed = [index for index, entry in enumerate(entries) if entry["type"] == "delivery.completed"]
    refused = [entry for entry in entries if entry["type"] == "delivery.refused"]
    assert len(completed) >= BEFORE
    assert max(completed) < ended
    assert {entry["problem"] for entry in refused} == {problem}
    # A valid key establishes the sender; of a revoked key only the key itself is known.
    known = {"key": consumer.system.keyid}
    if problem != "key-revoked":
        known |= {"principal": consumer.system_id, "organisation": consumer.id}
    assert all(entry["actor"] == known for entry in refused)
    for answer in load.answers:
        assert (answer.status == 200) == (int(answer.headers["exchange-entry"]) < ended)


async def test_a_suspended_agreement_delivers_nothing_until_it_is_resumed(
    exchange: Exchange, people_table: str
) -> None:
    owner, consumer, _, agreement = await prepared(exchange, people_table)
    address = f"/api/v1/agreements/{agreement['id']}"
    async with Load(exchange, consumer, "civil-affairs/people") as load:
        for _ in range(3):
            await load.until(is_delivered, BEFORE)
            await exchange.call_ok(owner.steward, "POST", f"{address}/suspension", {"reason": "核查"})
            await load.until(is_refused, AFTER)
            await exchange.call_ok(owner.steward, "POST", f"{address}/resumption", {"reason": "核查完毕"})
        await load.until(is_delivered, BEFORE)

    is_active, deliveries = True, 0
    for entry in await exchange.read_entries():
        if entry["type"] in {"agreement.suspended", "agreement.resumed"}:
            assert entry["object"]["id"] == agreement["id"]
            is_active = entry["type"] == "agreement.resumed"
            deliveries += 1
        elif entry["type"] == "delivery.completed":
            assert is_active
        elif entry["type"] == "delivery.refused":
            assert not is_active
            assert entry["problem"] == "agreement-suspended"
    assert deliveries == 6


async def test_an_answer_that_was_read_before_the_suspension_does_not_leave_behind_it(
    exchange: Exchange, people_table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner suspends while the source is being read: what was read is dropped, and the refusal says why."""
    owner, consumer, _, agreement = await prepared(exchange, people_table)
    fetch = {"dataset": "civil-affairs/people", "limit": 2}
    warm = await exchange.call(consumer.system, "POST", "/api/v1/deliveries", fetch, purpose="talent-service")
    assert warm.status == 200
    sequencer = exchange.runtime.sequencer
    append = type(sequencer).append

    async def append_later(self: Any, submission: Any) -> int:
        monkeypatch.undo()
        target = f"/api/v1/agreements/{agreement['id']}/suspension"
        await exchange.call_ok(owner.steward, "POST", target, {"reason": "核查"})
        return int(await append(self, submission))

    monkeypatch.setattr(type(sequencer), "append", append_later)
    answer = await exchange.call(consumer.system, "POST", "/api/v1/deliveries", fetch, purpose="talent-service")

    assert answer.problem == "agreement-suspended"
    entries = await exchange.read_entries()
    assert [entry["type"] for entry in entries[-2:]] == ["agreement.suspended", "delivery.refused"]
    assert answer.json["entry"] == len(entries) - 1
