"""Consents that end while deliveries run: no answer whose entry follows has a row of the person."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from exchange.settings import Settings
from exchange.subjects.numbering.sidecars import Sidecars
from tests.support.exchanges.exchange import Answer, Exchange
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.people import DATASET, PeopleExchange, publish_people
from tests.support.people.consenting import ago, decide, decide_ok, publish_notice

NDJSON = "application/x-ndjson"
READERS = 2
"""Deliveries at a time: one may begin and another end while a consent does. More of them wait for each other."""


class Consented(NamedTuple):
    """A dataset that leaves by consent alone, a notice that covers it, and the people who have consented."""

    people: PeopleExchange
    notice: dict[str, Any]
    persons: list[str]


@asynccontextmanager
async def start_consented(database_url: str, data: Path, count: int) -> AsyncIterator[Consented]:
    """Start an exchange on an empty database, to which so many people have consented."""
    settings = Settings(data=data, database_url=database_url, checkpoint_interval=0.1, retention_days=0)
    async with start_filled(settings, fill, count) as consented:
        yield consented


async def fill(exchange: Exchange, count: int) -> Consented:
    people = await publish_people(exchange, exchange.runtime.database.url, terms={"consent": True})
    persons = [f"P{number:05d}" for number in range(1, count + 1)]
    notice: dict[str, Any] = await publish_notice(people, people.owner, DATASET, "consumer")
    for person in persons:
        await decide_ok(people, people.owner, notice, person, at=ago(people, days=1))
    return Consented(people, notice, persons)


def rows_of(answer: Answer) -> set[str]:
    """The people of an answer."""
    if answer.headers["content-type"] == NDJSON:
        return {json.loads(line)["person_id"] for line in answer.content.splitlines()}
    return {row["person_id"] for row in answer.json["rows"]}


async def race(people: PeopleExchange, persons: list[str], *, ending: Any) -> int:
    """End the consents of people one after the other while deliveries run; returns how many deliveries were looked at."""
    done = asyncio.Event()
    answers: list[Answer] = []

    async def deliver(number: int) -> None:
        while not done.is_set():
            kind = (number + len(answers)) % 3
            if kind == 0:
                answer = await people.fetch({"field": "person_id", "op": "in", "value": persons}, limit=100)
            elif kind == 1:
                answer = await people.fetch(limit=300)
            else:
                answer = await people.fetch(accept=NDJSON)
            assert answer.status in {200, 503}, answer.content.decode()
            if answer.status == 200:
                answers.append(answer)

    readers = [asyncio.create_task(deliver(number)) for number in range(READERS)]
    try:
        for person in persons:
            await ending(person)
    finally:
        done.set()
        await asyncio.gather(*readers)
    entries = await people.read_entries()
    ends = [index for index, body in enumerate(entries) if body["type"] in {"consent.withdrawn", "erasure.executed"}]
    ended = dict(zip(persons, ends[-len(persons) :], strict=True))
    for answer in answers:
        index = int(answer.headers["exchange-entry"])
        for person in rows_of(answer):
            assert person not in ended or index < ended[person], (person, index, ended[person])
    return len(answers)


async def withdraw_while_delivering(consented: Consented) -> int:
    people = consented.people
    await people.fetch(accept=NDJSON)
    await people.runtime[Sidecars].settled()

    async def withdraw(person: str) -> None:
        answer = await decide(people, people.owner, consented.notice, person, "withdrawn")
        assert answer.status == 200, answer.content.decode()

    return await race(people, consented.persons, ending=withdraw)


async def erase_while_delivering(consented: Consented) -> int:
    people = consented.people
    await people.fetch(accept=NDJSON)
    await people.runtime[Sidecars].settled()

    async def erase(person: str) -> None:
        answer = await people.erase(dataset=DATASET, value=person)
        assert answer.status == 200, answer.content.decode()

    return await race(people, consented.persons, ending=erase)


async def test_withdrawals_while_delivering(empty_database: str, tmp_path: Path) -> None:
    async with start_consented(empty_database, tmp_path, 10) as consented:
        assert await withdraw_while_delivering(consented)


async def test_erasures_while_delivering(empty_database: str, tmp_path: Path) -> None:
    async with start_consented(empty_database, tmp_path, 5) as consented:
        assert await erase_while_delivering(consented)


@pytest.mark.endurance
@pytest.mark.parametrize("_eighth", range(8))
async def test_a_thousand_withdrawals_while_delivering(empty_database: str, tmp_path: Path, _eighth: int) -> None:
    async with start_consented(empty_database, tmp_path, 125) as consented:
        assert await withdraw_while_delivering(consented)


@pytest.mark.endurance
@pytest.mark.parametrize("_half", range(2))
async def test_erasures_of_many_while_delivering(empty_database: str, tmp_path: Path, _half: int) -> None:
    async with start_consented(empty_database, tmp_path, 75) as consented:
        assert await erase_while_delivering(consented)
