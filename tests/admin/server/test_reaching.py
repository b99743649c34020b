"""A command and a server share a data directory: the second one waits or is refused; both act by one configuration."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from admin import database
from admin.configuration import lock
from admin.data_directory import DataDirectory
from ledger.log import publication
from tests.support.exchanges.exchange import code
from tests.support.processes.commands import list_processes, run, serving, start, wait_until
from tests.support.services.witnesses import make_witness

pytestmark = pytest.mark.endurance


@pytest.fixture
def home(worker_directory: Path, request: pytest.FixtureRequest) -> Path:
    data = worker_directory / str(request.node.name)
    assert run("init", "--data", data, "--code", code()).status == 0
    return data


def holder(data: Path) -> lock.Holder | None:
    return lock.find_holder(data)


def server_file(data: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((data / "server.json").read_text())
    return content


def newest_checkpoint(data: Path) -> int:
    """The size of the newest published checkpoint."""

    async def read(url: str) -> int:
        async with database.connected(url) as connection:
            newest = await publication.latest(connection)
        return newest.size if newest else 0

    with database.running(DataDirectory(data).settings()) as url:
        return asyncio.run(read(url))


def test_a_command_that_comes_while_the_server_starts_waits_for_it(home: Path) -> None:
    server = start("serve", "--data", home, "--port", "18731", EXCHANGE_RETENTION_DAYS="0")
    try:
        wait_until(lambda: holder(home), what="the server holds the lock, long before it is ready")
        assert not (home / "server.json").exists()
        listed = run("hold", "list", "--data", home)
        assert (listed.status, listed.err) == (0, "")  # and no server was started for it
        assert server_file(home)["pid"] == server.pid
        healthy = run("health", "--data", home)
        assert (healthy.status, "answers at http://localhost:18731" in healthy.out) == (0, True), healthy.out
        output = run("settings", "--data", home).out
        assert "The settings of the server that runs" in output
        assert [line.split()[1] for line in output.splitlines() if line.strip().startswith("retention_days")] == ["0"]
    finally:
        server.terminate()
        server.communicate()
    # The server is gone and the shell lacks the variable; the retention is still that of the last served settings.
    alone = run("hold", "list", "--data", home)
    assert "retention of 0 days" in alone.err
    assert not (home / "server.json").exists()
    assert list_processes(home) == []


def test_a_server_that_comes_while_a_command_runs_waits_for_it(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "labs.csv"
    file.write_text("lab,city\nA,杭州\nB,宁波\n")
    names = ("--name-zh", "市科技局", "--name-en", "Science")
    assert run("join", "science", "--data", home, "--code", code(), *names).status == 0
    command = start("publish", file, "--data", home, "--owner", "science", "--title", "Labs")
    wait_until(lambda: holder(home), what="the command holds the lock")
    server = start("serve", "--data", home, "--port", "18732")
    try:
        assert server.stderr is not None
        assert "Waiting for another command" in server.stderr.readline()
        published = command.communicate("y\n")[0]
        assert "Published: science/labs, version 1." in published
        wait_until((home / "server.json").exists, what="the server took over")
        assert server_file(home)["pid"] == server.pid
    finally:
        server.terminate()
        server.communicate()
        command.kill()


def test_a_command_publishes_no_checkpoint_without_the_server_s_witnesses(home: Path, tmp_path: Path) -> None:
    policy = tmp_path / "witnesses.policy"
    [vkey, _] = make_witness(tmp_path / "w", DataDirectory(home).trust().vkey)
    policy.write_text(f"witness w {vkey} http://localhost:9\ngroup g all w\nquorum g\n")
    with serving(home, EXCHANGE_WITNESS_POLICY=str(policy), EXCHANGE_WITNESS_TIMEOUT="1"):
        pass
    before = newest_checkpoint(home)
    joined = run("join", "science", "--data", home, "--code", code(), "--name-zh", "市科技局", "--name-en", "Science")
    assert joined.status == 0
    assert f"witnesses of {policy}" in joined.err
    assert newest_checkpoint(home) == before
    refused = run("serve", "--data", home, "--port", "18733")
    assert refused.status == 1
    assert f"EXCHANGE_WITNESS_POLICY was {policy}, and is unset here" in refused.err
    assert "--accept-changes" in refused.err
