"""The database fails in every way it can while entries are written.

In every case: an index that a client got has its entry, a client that got an error got no index, no index
is given twice, and once the database is back, the sequencer goes on by itself.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from exchange.kernel.database import APPLICATION_ROLE, FAILURES, arguments
from ledger.format import canonical, checkpoint, entry, merkle, note
from ledger.log import publication, store
from ledger.log.anchor import Anchor
from ledger.log.sequencer import Sequencer
from tests.support.ledgers.logs import OneKey
from tests.support.processes.commands import wait_until
from tests.support.services.cutting_proxy import Cut, run_proxy
from tests.support.services.postgres import Postgres

pytestmark = pytest.mark.endurance

SIGNER = note.Signer("faults.example/ledger/1", bytes(range(32)))
CLIENTS = 16


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with _home() as directory:
        server = Postgres(directory)
        server.prepare()
        yield server
        server.stop()


@contextmanager
def _home() -> Iterator[Path]:
    """A directory that the server's user can reach; pytest's own are closed to it."""
    directory = Path(f"/tmp/exchange-test-{os.getpid()}-{os.urandom(4).hex()}")  # noqa: S108
    directory.mkdir(mode=0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@dataclass
class Load:
    """Clients that submit entries, each once, and record the outcomes."""

    sequencer: Sequencer
    padding: int = 0
    run_id: str = field(default_factory=lambda: os.urandom(8).hex())
    appended: dict[int, int] = field(default_factory=dict)
    failed: dict[int, BaseException] = field(default_factory=dict)
    _next: int = 0

    async def submit(self) -> None:
        number = self._next
        self._next += 1
        body = canonical.dumps({"load": self.run_id, "number": number, "padding": os.urandom(self.padding // 2).hex()})
        try:
            self.appended[number] = await self.sequencer.append(store.Submission(body))
        except FAILURES as error:
            self.failed[number] = error

    async def run(self) -> None:
        while True:
            await self.submit()
            await asyncio.sleep(0.001 if not self.failed else 0.01)

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Keep the load up until a condition holds, for at most a minute."""
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110 - the condition may be about another process
                await asyncio.sleep(0.005)

    async def more(self, count: int = 50) -> None:
        """Keep the load up until this many more entries are appended."""
        wanted = len(self.appended) + count
        await self.wait_until(lambda: len(self.appended) >= wanted)


@asynccontextmanager
async def loaded(url: str, *, clients: int = CLIENTS, padding: int = 0) -> AsyncIterator[Load]:
    """A load on the database, and after it the check of what it left there."""
    async with asyncpg.create_pool(
        **arguments(url), min_size=2, max_size=4, command_timeout=20, server_settings={"role": APPLICATION_ROLE}
    ) as pool:
        sequencer = Sequencer(pool, batch=32)
        load = Load(sequencer, padding)
        tasks = [asyncio.create_task(load.run()) for _ in range(clients)]
        try:
            yield load
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            await sequencer.stop()
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in ended), ended


async def check(url: str, load: Load) -> dict[int, int]:
    """Compare the outcomes with the log, and return the index of each number in it."""
    connection = await asyncpg.connect(**arguments(url))
    rows = await connection.fetch("SELECT seq, leaf_hash, leaf FROM ledger_entry ORDER BY seq")
    size = await connection.fetchval("SELECT size FROM ledger_head")
    assert [row["seq"] for row in rows] == list(range(size))
    prev = entry.GENESIS
    for row in rows:
        parsed = entry.parse(row["leaf"])
        assert (parsed.seq, parsed.prev) == (row["seq"], prev)
        assert row["leaf_hash"] == merkle.leaf_hash(row["leaf"])
        prev = row["leaf_hash"]
    bodies = [(row["seq"], json.loads(row["leaf"])["body"]) for row in rows]
    indexes = {body["number"]: seq for seq, body in bodies if body["load"] == load.run_id}
    assert len(indexes) == sum(body["load"] == load.run_id for _, body in bodies), "an entry is there twice"
    assert load.appended.items() <= indexes.items()
    await check_publishing(connection)
    await connection.close()
    return indexes


async def publish(connection: asyncpg.Connection, *, now: datetime) -> publication.Published | None:
    """Publish, held to the checkpoint before."""
    with TemporaryDirectory() as directory:
        anchor = Anchor(Path(directory), SIGNER.name)
        latest = await publication.latest(connection)
        if latest is not None:
            anchor.swap(None, latest.note)
        return await publication.publish(connection, OneKey(SIGNER), anchor=anchor, now=now)


async def check_publishing(connection: asyncpg.Connection) -> None:
    """The tree grows over all of it, and its checkpoint is right."""
    published = await publish(connection, now=datetime.now(UTC))
    published = published or await publication.latest(connection)
    assert published is not None
    signed = checkpoint.open(published.note, SIGNER.verifier)
    hashes = [row["leaf_hash"] for row in await connection.fetch("SELECT leaf_hash FROM ledger_entry ORDER BY seq")]
    assert signed.root == merkle.root(hashes[: signed.size])
    assert signed.size == len(hashes)


async def test_the_database_is_killed_and_started_again(postgres: Postgres) -> None:
    async with loaded(postgres.url) as load:
        for _ in range(4):
            await load.more()
            await asyncio.to_thread(postgres.kill)
            failed = len(load.failed)
            await load.wait_until(lambda seen=failed: len(load.failed) > seen)  # type: ignore[misc]
            await asyncio.to_thread(postgres.start)
            await load.more()
    assert load.failed
    await check(postgres.url, load)


async def test_a_connection_is_cut_before_the_entries_arrive(postgres: Postgres) -> None:
    await _cut(postgres, Cut.BEFORE_IT_ARRIVES, are_there=False)


@pytest.mark.parametrize("where", [Cut.BEFORE_ITS_ANSWER, Cut.WITHIN_ITS_ANSWER])
async def test_a_connection_is_cut_before_the_answer_has_arrived(postgres: Postgres, where: Cut) -> None:
    """The outcome is unknown then. The entry was written, and no client got its index.

    PostgreSQL tells the indexes before it commits, and that it has committed at the very end.
    """
    await _cut(postgres, where, are_there=True)


async def _cut(postgres: Postgres, where: Cut, *, are_there: bool) -> None:
    async with run_proxy(postgres.port, b'{"load":"') as proxy:
        url = postgres.url.replace(str(postgres.port), str(proxy.port))
        async with loaded(url) as load:
            for number in range(1, 11):
                await load.more(10)
                proxy.cut = where
                await load.wait_until(lambda wanted=number: proxy.count == wanted)  # type: ignore[misc]
            await load.more(10)
    assert len(load.failed) >= 10
    indexes = await check(postgres.url, load)
    assert all((number in indexes) == are_there for number in load.failed)


async def test_an_entry_cannot_be_made_durable(postgres: Postgres) -> None:
    """Every fdatasync of the server's processes fails with EIO. PostgreSQL goes down and recovers: what it could not make
    durable was not answered.
    """
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("no strace")
    async with loaded(postgres.url) as load:
        await load.more()
        calls = "fsync,fdatasync,sync_file_range,pwritev2"
        processes = [f"--attach={process.pid}" for process in postgres.processes()]
        tracer = await asyncio.create_subprocess_exec(
            strace, "-qq", "-e", f"trace={calls}", "-e", "inject=fsync,fdatasync:error=EIO", *processes,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            await load.wait_until(lambda: bool(load.failed) or tracer.returncode is not None)
            if not load.failed:
                assert tracer.stderr is not None
                pytest.skip(f"strace cannot attach here: {(await tracer.stderr.read())[:200]!r}")
            await load.more()
        finally:
            if tracer.returncode is None:
                tracer.send_signal(signal.SIGINT)
            await tracer.wait()
        await load.more()
    assert "Input/output error" in (postgres.directory / "log").read_text()
    await check(postgres.url, load)


@pytest.mark.parametrize("resource", ["data", "wal"])
async def test_the_disk_is_full(resource: str) -> None:
    """First of what was written, then of what is being written; there is room again, and it goes on."""
    with _home() as directory, _small_disk(directory / "small") as small:
        (ballast := small / "ballast").write_bytes(bytes(16 << 20))
        full, other = small / "postgres", directory / "postgres"
        server = Postgres(full) if resource == "wal" else Postgres(full, wal=other)
        try:
            await asyncio.to_thread(server.prepare)
            async with loaded(server.url, padding=50_000) as load:
                await load.more()
                await load.wait_until(lambda: bool(load.failed))
                ballast.unlink()
                # The process may have ended because of it; a service manager would then start it again.
                written = len(load.appended)
                async with asyncio.timeout(60):
                    while len(load.appended) < written + 20:
                        if not server.is_running():
                            await asyncio.to_thread(server.start)
                        await asyncio.sleep(0.05)
            assert "No space left on device" in (server.directory / "log").read_text()
            await check(server.url, load)
        finally:
            server.stop()


@contextmanager
def _small_disk(directory: Path) -> Iterator[Path]:
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96m,mode=755", "tmpfs", str(directory)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr!r}")
    try:
        yield directory
    finally:
        wait_until(
            lambda: subprocess.run(["umount", str(directory)], capture_output=True, check=False).returncode == 0,
            what="umount",
        )


async def test_the_clock_is_set_back(postgres: Postgres) -> None:
    """The order is that of the head's row, whatever time it is; and a checkpoint may be signed before the one before it."""
    async with loaded(postgres.url) as load:
        await load.more()
        connection = await asyncpg.connect(**arguments(postgres.url))
        now = datetime.now(UTC)
        first = await publish(connection, now=now)
        await load.more()
        second = await publish(connection, now=now - timedelta(days=400))
        await store.delete_expired_nonces(connection)
        await load.more()
        assert first is not None
        assert second is not None
        assert second.size > first.size
        latest = await publication.latest(connection)
        assert latest is not None
        assert latest.size == second.size
        await connection.close()
    assert not load.failed
    await check(postgres.url, load)
