"""The processes of `exchange serve` are killed one after another: each comes again, or makes room for a new server."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from admin.server.reaching import free_port
from exchange.kernel.embedded.postmaster import read_status
from tests.support.exchanges.exchange import code
from tests.support.processes.commands import ROOT, command, environment, list_processes, run_in_process, wait_until

pytestmark = pytest.mark.endurance

WORKERS = 2
PATIENCE = 200  # seconds; on idle cores a server starts within five


@pytest.fixture
def data() -> Iterator[Path]:
    """A founded exchange on its own embedded database."""
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        data = Path(directory).resolve() / "data"
        data.mkdir()
        done = run_in_process("init", "--data", data, "--code", code(), "--name-zh", "中心", "--name-en", "Centre")
        assert done.status == 0, done.err
        yield data
        assert not list_processes(data)


class Served:
    """`exchange serve` with two workers."""

    def __init__(self, data: Path) -> None:
        port = free_port()
        self.url = f"http://localhost:{port}"
        self.log = data / "served.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command("serve", "--data", data, "--port", str(port), "--workers", str(WORKERS)),
                env=environment(EXCHANGE_CHECKPOINT_INTERVAL="0.2"),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
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
        lambda: (again := read_status(data / "postgres")) is not None and again.pid != status.pid, what="the database"
    )
    served.wait_until_ready()
    lines = [json.loads(line) for line in served.log.read_text().splitlines() if line.startswith("{")]
    assert "the embedded database had ended; it is started again" in {line["event"] for line in lines}
    assert [line["event"] for line in lines if line["event"].startswith("Child process")]

    workers = served.workers()
    served.process.kill()
    served.process.wait()
    wait_until(lambda: not any(psutil.pid_exists(worker) for worker in workers), what="the end of the workers")

    again = Served(data)
    again.process.terminate()
    assert again.process.wait(60) == 0
    assert read_status(data / "postgres") is None
