"""The processes of `exchange serve` are killed one after another: each comes again, or makes room for a new server."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx2
import psutil
import pytest

from admin.server.reaching import free_port
from exchange.kernel.database import arguments
from exchange.kernel.embedded.postmaster import read_status
from tests.support.exchanges.exchange import code
from tests.support.processes.commands import ROOT, command, environment, list_processes, run_in_process, wait_until
from tests.support.processes.readiness import readiness

pytestmark = pytest.mark.endurance

WORKERS = 2
PATIENCE = 200  # seconds; on idle cores a server starts within five


@pytest.fixture
def data() -> Iterator[Path]:
    """A founded exchange on its own embedded database."""
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        data = Path(directory).resolve() / "data"
        data.mkdir()
        result = run_in_process("init", "--data", data, "--code", code(), "--name-zh", "中心", "--name-en", "Centre")
        assert result.status == 0, result.err
        yield data
        assert not list_processes(data)


class Served:
    """`exchange serve` with two workers."""

    def __init__(self, data: Path, *, log: int | None = None) -> None:
        port = free_port()
        self.url = f"http://localhost:{port}"
        self.log = data / "served.log"
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                command("serve", "--data", data, "--port", str(port), "--workers", str(WORKERS)),
                env=environment(EXCHANGE_CHECKPOINT_INTERVAL="0.2"),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log or file,
                stderr=log or file,
            )
        self.wait_until_ready()

    def workers(self) -> set[int]:
        """The processes that answer requests."""
        return {child.pid for child in psutil.Process(self.process.pid).children() if _is_worker(child)}

    def is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=5).is_success
        except httpx2.TransportError:
            return False

    def wait_until_ready(self) -> None:
        wait_until(lambda: self.is_ready() and len(self.workers()) == WORKERS, what="the server", seconds=PATIENCE)


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def test_each_process_comes_again_or_makes_room(data: Path) -> None:
    served = Served(data)
    killed = served.workers().pop()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(served.workers() - {killed}) == WORKERS, what="another worker", seconds=PATIENCE)
    served.wait_until_ready()

    status = read_status(data / "postgres")
    assert status is not None
    os.kill(status.pid, signal.SIGKILL)
    wait_until(
        lambda: (current := read_status(data / "postgres")) is not None and current.pid != status.pid,
        what="the database",
    )
    served.wait_until_ready()
    lines = [json.loads(line) for line in served.log.read_text().splitlines() if line.startswith("{")]
    assert {
        "the embedded database had ended; it is started again",
        "a worker ended or hung; another is started in its place",
    } <= {line["event"] for line in lines}

    workers = served.workers()
    served.process.kill()
    served.process.wait()
    wait_until(lambda: not any(psutil.pid_exists(worker) for worker in workers), what="the end of the workers")

    restarted = Served(data)
    restarted.process.terminate()
    assert restarted.process.wait(60) == 0
    assert read_status(data / "postgres") is None


def test_a_log_without_a_reader_stops_no_checkpoint(data: Path) -> None:
    """A terminal or collector goes away, and later every connection to the database breaks."""
    reading, writing = os.pipe()
    served = Served(data, log=writing)
    os.close(reading)
    os.close(writing)
    asyncio.run(_break_connections(f"postgresql://postgres:@/postgres?host={data / 'postgres'}"))
    wait_until(lambda: join(data), what="connections that work", seconds=PATIENCE)

    def is_covered() -> bool:
        return readiness(httpx2.get(f"{served.url}/readyz", timeout=5).text) == ["ok"] and size() >= entries

    def size() -> int:
        return int(httpx2.get(f"{served.url}/ledger/checkpoint", timeout=5).text.splitlines()[1])

    entries = json.loads(run_in_process("health", "--data", data, "--json").out)["entries"]
    assert entries > 5
    wait_until(is_covered, what="a checkpoint over every entry", seconds=PATIENCE)
    served.process.terminate()
    assert served.process.wait(60) == 0


def join(data: Path) -> bool:
    """Add entries; a request that meets a broken connection is refused."""
    names = ("--code", code(), "--name-zh", "单位", "--name-en", "Owner")
    return run_in_process("join", f"owner-{secrets.token_hex(4)}", "--data", data, *names).status == 0


async def _break_connections(url: str) -> None:
    connection = await asyncpg.connect(**arguments(url))
    broken = await connection.fetchval(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'exchange'"
    )
    await connection.close()
    assert broken > 0
