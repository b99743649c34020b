"""The embedded database is killed under load, and has no disk: it comes back by itself, and nothing answered is lost."""

import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from admin.server.reaching import free_port
from exchange.kernel.database import DATABASE
from exchange.kernel.embedded import Embedded, supervised
from exchange.kernel.embedded.postmaster import read_status
from exchange.migrations import commands
from exchange.sources import storage
from tests.support.exchanges.starting import start_exchange
from tests.support.processes.commands import wait_until
from tests.support.processes.load import Answers, BusyClient, check_ledger, serve_workers
from tests.support.processes.server import settings_on, wait_until_ready

pytestmark = pytest.mark.endurance

KILLS = 4
ANSWERS = 10
CLIENTS = 4
DISK = "300m"


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        yield Path(directory).resolve()


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    """A disk of its own. Only root can mount one, and not in every container."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a disk cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


async def prepare(data: Path) -> Embedded:
    server = Embedded(data)
    await server.create()
    await asyncio.to_thread(commands.upgrade, server.url())
    return server


def kill(data: Path) -> None:
    status = read_status(data / "postgres")
    assert status is not None
    os.kill(status.pid, signal.SIGKILL)


async def test_no_answer_outlives_its_entry(place: Path, people_table: str) -> None:
    server = await prepare(place)
    answers = Answers()
    try:
        with supervised(server):
            settings = settings_on(free_port(), database_url=server.url(DATABASE), data=place)
            async with start_exchange(settings) as exchange:
                owner = await exchange.admit("owner")
                consumer = await exchange.admit("consumer", kind="institution", level="none")
                source = await exchange.register_table(owner, people_table, "people")
                dataset = await exchange.publish_dataset(owner, source, "people")
                await exchange.conclude_agreement(consumer, owner, dataset)
            async with serve_workers(settings) as names:
                for _ in range(3):
                    await asyncio.wait_for(names.readline(), 120)
                client = BusyClient(exchange, consumer, dataset, answers)
                tasks = [asyncio.create_task(client.run(number)) for number in range(CLIENTS)]
                try:
                    for _ in range(KILLS):
                        await _more(answers, tasks)
                        refused = answers.unavailable
                        kill(place)
                        await _until(lambda seen=refused: answers.unavailable > seen, tasks)  # type: ignore[misc]
                    await _more(answers, tasks)
                finally:
                    for task in tasks:
                        task.cancel()
                    ended = await asyncio.gather(*tasks, return_exceptions=True)
                assert all(isinstance(outcome, asyncio.CancelledError) for outcome in ended), ended
                await asyncio.to_thread(wait_until_ready, settings.public_url)
                await check_ledger(server.url(DATABASE), settings.public_url, answers, place / "export")
    finally:
        server.close()
    assert answers.unavailable >= KILLS


async def test_a_full_disk_that_has_room_again(small_disk: Path, people_table: str) -> None:
    """Somebody takes all of the disk. Uploads leave a reserve, so it is not one of them."""
    server = await prepare(small_disk)
    try:
        with supervised(server):
            settings = settings_on(free_port(), database_url=server.url(DATABASE), data=small_disk)
            settings = settings.model_copy(update={"disk_reserve_bytes": 64 << 20})
            async with start_exchange(settings) as exchange:
                owner = await exchange.admit("owner")
                new = {"organisation": owner.id, "source": {"kind": "file", "title": "x"}}
                source = await exchange.call_ok(owner.steward, "POST", "/api/v1/sources", new)
                target = f"/api/v1/sources/{source['id']}/content?filename=x.csv"
                large = b"a,b\n" + b"1,2\n" * ((storage.free_bytes(small_disk) - (32 << 20)) // 4)
                refused = await exchange.call(owner.steward, "PUT", target, large)
                assert refused.problem == "storage-full"
                assert storage.free_bytes(small_disk) > 64 << 20

                filler = small_disk / "filler"
                await asyncio.to_thread(_fill, filler)
                for _ in range(40):  # until the server gives up, or is killed for it
                    if (await exchange.call(owner.steward, "POST", "/api/v1/sources", new)).status == 503:
                        break
                if server.is_running():
                    kill(small_disk)
                await asyncio.to_thread(wait_until, lambda: not server.is_running(), what="the end of the server")
                filler.unlink()
                await asyncio.to_thread(wait_until, server.is_running, what="the server", seconds=120)
                async with asyncio.timeout(60):
                    while (await exchange.call(owner.steward, "POST", "/api/v1/sources", new)).status != 201:
                        pass
    finally:
        server.close()


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(b"\0" * size)
            except OSError:
                size //= 2


async def _more(answers: Answers, tasks: list[asyncio.Task[None]]) -> None:
    wanted = len(answers) + ANSWERS
    await _until(lambda: len(answers) >= wanted, tasks)


async def _until(condition: Callable[[], bool], tasks: list[asyncio.Task[None]]) -> None:
    async with asyncio.timeout(120):
        while not condition():
            assert not any(task.done() for task in tasks), tasks
            await asyncio.sleep(0.01)
