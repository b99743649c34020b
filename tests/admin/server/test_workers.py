"""Several workers outlive a database that is away, also those that have to start meanwhile."""

import json
import os
import signal
import subprocess
from pathlib import Path

import httpx2
import psutil
import pytest

from admin.server.reaching import free_port
from tests.support.exchanges.exchange import code
from tests.support.processes.commands import command, environment, run, wait_until
from tests.support.services.postgres import Postgres

pytestmark = pytest.mark.endurance


def test_a_worker_that_dies_while_the_database_is_away_is_replaced_once_it_is_back(worker_directory: Path) -> None:
    worker_directory.chmod(0o755)  # the database has a user of its own
    postgres, data = Postgres(worker_directory / "away-postgres"), worker_directory / "away"
    postgres.prepare()
    address = {"EXCHANGE_DATABASE_URL": postgres.url}
    assert run("init", "--data", data, "--code", code(), **address).status == 0
    port, log = str(free_port()), worker_directory / "away.log"
    with log.open("wb") as errors:
        line = command("serve", "--data", data, "--port", port, "--workers", "2")
        server = subprocess.Popen(line, env=environment(**address), stderr=errors)
    try:
        wait_until(lambda: is_ready(port), what="the workers answer")
        postgres.kill()
        for worker in [
            child for child in psutil.Process(server.pid).children() if "spawn_main" in " ".join(child.cmdline())
        ]:
            os.kill(worker.pid, signal.SIGKILL)
        wait_until(lambda: "a worker could not start; it is tried again" in log.read_text(), what="a start fails")
        away = run("health", "--data", data, "--json", **address)
        document = json.loads(away.out)
        assert (away.status, document["healthy"], document["entries"]) == (1, False, None)
        assert document["database_error"]
        assert server.poll() is None
        postgres.start()
        wait_until(lambda: is_ready(port), what="new workers answer")
        server.terminate()
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait()
        postgres.stop()


def is_ready(port: str) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False, timeout=2).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False
