"""The database is killed under the whole exchange, and started again: nothing that was answered is lost, nobody lends a hand."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from admin.server.reaching import free_port
from exchange.delivery.facts import Facts
from exchange.subjects.identity import Identity, SubjectKey, scheme_of
from tests.support.exchanges.people import publish_people
from tests.support.exchanges.starting import start_exchange
from tests.support.processes.load import Answers, BusyClient, check_ledger, serve_workers
from tests.support.processes.server import settings_on, wait_until_ready
from tests.support.services.postgres import Postgres

pytestmark = pytest.mark.endurance

KILLS = 5
ANSWERS = 10
CLIENTS = 4


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    directory = Path(tempfile.mkdtemp(prefix="exchange-test-"))
    directory.chmod(0o755)  # the server runs as another user
    server = Postgres(directory / "postgres")
    try:
        server.prepare()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


async def test_no_answer_outlives_its_entry(postgres: Postgres, people_table: str, tmp_path: Path) -> None:
    settings = settings_on(free_port(), database_url=postgres.url, data=tmp_path)
    answers = Answers()
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        dataset = await exchange.publish_dataset(
            owner, await exchange.register_table(owner, people_table, "people"), "people"
        )
        await exchange.conclude_agreement(consumer, owner, dataset)

    async with serve_workers(settings) as names:
        for _ in range(3):
            await asyncio.wait_for(names.readline(), 60)
        client = BusyClient(exchange, consumer, dataset, answers)
        tasks = [asyncio.create_task(client.run(number)) for number in range(CLIENTS)]
        try:
            for _ in range(KILLS):
                await _more(answers, tasks)
                await asyncio.to_thread(postgres.kill)
                refused = answers.unavailable
                await _until(lambda seen=refused: answers.unavailable > seen, tasks)  # type: ignore[misc]
                await asyncio.to_thread(postgres.start)
            await _more(answers, tasks)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in ended), ended
        await asyncio.to_thread(wait_until_ready, settings.public_url)
        await check_ledger(postgres.url, settings.public_url, answers, tmp_path / "export")
    assert answers.unavailable >= KILLS
    # Only streams whose end could not be recorded are cut off; every other request got an answer.
    assert answers.broken <= CLIENTS * KILLS


async def test_a_persons_key_that_was_given_out_outlives_the_database(postgres: Postgres, tmp_path: Path) -> None:
    """The key stays in memory, and entries after the database is back name it."""
    settings = settings_on(free_port(), database_url=postgres.url, data=tmp_path)
    async with start_exchange(settings) as exchange:
        people_exchange = await publish_people(exchange, postgres.url)
        await people_exchange.run_sql("ALTER SYSTEM SET wal_writer_delay = 10000")
        await people_exchange.run_sql("SELECT pg_reload_conf()")
        await people_exchange.fetch_about("P00001")
        facts = exchange.runtime[Facts]
        people = [f"P{number:05d}" for number in range(2, 8)]
        for person in people:
            await facts.subjects(
                facts._fence,
                [Identity(scheme_of(UUID(people_exchange.owner.id), SubjectKey("person_id", "string")), person)],
            )
        await asyncio.to_thread(postgres.kill)
        await asyncio.to_thread(postgres.start)
        async with asyncio.timeout(60):
            for person in people:
                while (
                    answer := await people_exchange.fetch({"field": "person_id", "op": "eq", "value": person})
                ).status != 200:
                    assert answer.status == 503, answer.content
                [named] = (await people_exchange.entry_of(answer))["subjects"]
                assert await people_exchange.run_sql("SELECT FROM subjects WHERE pseudonym = decode($1, 'hex')", named)


async def _more(answers: Answers, tasks: list[asyncio.Task[None]]) -> None:
    wanted = len(answers) + ANSWERS
    await _until(lambda: len(answers) >= wanted, tasks)


async def _until(condition: Callable[[], bool], tasks: list[asyncio.Task[None]]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            assert not any(task.done() for task in tasks), tasks
            await asyncio.sleep(0.01)
