"""Workers are killed under load, a hundred times: what was answered is on the ledger, and the ledger is whole."""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from admin.server.reaching import free_port
from tests.support.exchanges.starting import delete_rows, start_exchange
from tests.support.processes.load import ANSWERS, KILLS, SEED, WORKERS, Answers, BusyClient, check_ledger, serve_workers
from tests.support.processes.server import settings_on, wait_until_ready

pytestmark = pytest.mark.endurance

CLIENTS = 6


async def kill_at_random(names: asyncio.StreamReader, answers: Answers, asking: list[asyncio.Task[None]]) -> None:
    """Kill workers that can work, at moments nobody chose, each after a few more answers; their successors come by themselves."""
    choice = random.Random(SEED)
    alive = [await _next(names) for _ in range(WORKERS)]
    coming = asyncio.create_task(_next(names))
    for _ in range(KILLS):
        count = len(answers)
        while len(answers) < count + ANSWERS:
            if any(task.done() for task in asking):
                return  # a client failed; its error is reported
            await asyncio.sleep(0.002)
        await asyncio.sleep(choice.uniform(0, 0.02))
        while coming.done() or len(alive) < WORKERS - 1:
            alive.append(await coming)
            coming = asyncio.create_task(_next(names))
            await asyncio.sleep(0)
        os.kill(alive.pop(choice.randrange(len(alive))), signal.SIGKILL)
    coming.cancel()


async def _next(names: asyncio.StreamReader) -> int:
    line = await asyncio.wait_for(names.readline(), 60)
    return int(line.split()[1])


async def test_no_answer_outlives_its_entry(database_url: str, people_table: str, tmp_path: Path) -> None:
    await delete_rows(database_url)
    settings = settings_on(free_port(), database_url=database_url, data=tmp_path)
    answers = Answers()
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        dataset = await exchange.publish_dataset(
            owner, await exchange.register_table(owner, people_table, "people"), "people"
        )
        await exchange.conclude_agreement(consumer, owner, dataset)

    url = settings.public_url
    async with serve_workers(settings) as names:
        client = BusyClient(exchange, consumer, dataset, answers)
        tasks = [asyncio.create_task(client.run(number)) for number in range(CLIENTS)]
        try:
            await kill_at_random(names, answers, tasks)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in ended), ended
        await asyncio.to_thread(wait_until_ready, url)
        await check_ledger(database_url, url, answers, tmp_path / "export")
    # The load was real: many answers, and many that a kill took away.
    assert len(answers) > ANSWERS * KILLS
    assert answers.broken > KILLS / 4
