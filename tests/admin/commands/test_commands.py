"""Commands on an exchange of one's own: init, serve, health, join, publish, database."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from admin import database
from admin.data_directory import DataDirectory
from admin.server import reaching
from exchange.kernel.embedded import Embedded
from tests.support.exchanges.exchange import code
from tests.support.processes.commands import (
    CommandResult,
    list_processes,
    run,
    run_in_process,
    serving,
)
from tests.support.processes.readiness import readiness

_SCIENCE = code()


@pytest.fixture(scope="module")
def home(worker_directory: Path) -> Path:
    """A data directory with an exchange, founded over the files of an attempt that was killed."""
    data = Path(tempfile.mkdtemp(prefix="home-", dir=worker_directory)) / "data"
    (data / "keys").mkdir(parents=True)
    half_done = Embedded(data)
    asyncio.run(half_done.create())
    half_done.close()
    result = run("init", "--data", data, "--code", code())
    assert (result.status, result.err) == (0, "")
    assert "exchange.local/ledger/1+" in result.out
    return data


_INTERRUPTED = """
import os, runpy, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == LOADED:
            os.kill(os.getpid(), signal.SIGINT)
# A process that a shell started in the background ignores the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Finder())
sys.argv = ["exchange", "health"]
runpy.run_module("admin", run_name="__main__")
"""


@pytest.mark.parametrize("module", ["admin.commands.main", "admin.commands.health"])
def test_an_interruption_while_modules_load_prints_nothing(module: str) -> None:
    program = f"LOADED = {module!r}\n{_INTERRUPTED}"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (-signal.SIGINT, "", "")


def keys_in(data: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (data / "keys").iterdir()}


def test_founding_twice_is_refused_and_changes_nothing(home: Path) -> None:
    before = keys_in(home)
    result = run_in_process("init", "--data", home, "--code", code())
    assert (result.status, "holds an exchange already" in result.err) == (1, True)
    assert keys_in(home) == before


def test_keys_are_their_owners_alone(home: Path) -> None:
    for name in ("operator", "security", "auditor", "exchange", "ledger"):
        assert (home / "keys" / f"{name}.pem").stat().st_mode & 0o777 == 0o600


def test_a_code_that_does_not_check_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    result = run_in_process("init", "--data", tmp_path / "new", "--code", "12330000MB00000010")
    assert result.status == 1
    assert "check character does not fit" in result.err
    assert not (tmp_path / "new" / "postgres").exists()


def test_without_an_exchange_the_error_names_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run_in_process("publish", __file__, "--owner", "a", "--title", "b")
    assert result.status == 1
    assert "make demo" in result.err
    assert "exchange init" in result.err


def join(data: Path) -> CommandResult:
    return run_in_process(
        "join", "science", "--data", data, "--code", _SCIENCE, "--name-zh", "市科技局", "--name-en", "Science"
    )


@pytest.mark.endurance
def test_a_server_is_started_for_the_purpose_and_ended(home: Path, tmp_path: Path) -> None:
    joined = join(home)
    assert (joined.status, joined.err.startswith("No server runs: acting by")) == (0, True)
    file = tmp_path / "labs.csv"
    file.write_text("lab,city\nA,杭州\nB,宁波\n")
    result = run_in_process("publish", file, "--data", home, "--owner", "science", "--title", "Labs", "--yes")
    assert (result.status, result.err.startswith("No server runs: acting by")) == (0, True)
    assert "Published: science/labs, version 1." in result.out
    assert "one was started for this and has ended" in result.out
    assert not (home / "server.json").exists()
    assert list_processes(home) == []


def test_a_handle_that_cannot_be_one_is_refused(home: Path) -> None:
    names = ("--name-zh", "某局", "--name-en", "Some Bureau")
    assert run_in_process("join", "ledger", "--data", home, "--code", code(), *names).status == 1


@pytest.mark.endurance
def test_several_processes_serve_until_sigterm(home: Path) -> None:
    with serving(home, "--workers", "2") as url:
        assert json.loads((home / "server.json").read_text())["url"] == url
        assert readiness(httpx2.get(f"{url}/readyz").text) == ["ok"]
        assert httpx2.get(f"{url}/docs").status_code == 200
        healthy = run_in_process("health", "--data", home)
        document = json.loads(run_in_process("health", "--data", home, "--json").out)
        assert (document["healthy"], document["halted"], document["is_current"]) == (True, None, True)
        assert document["url"] == url
        assert document["entries"] > 0
        assert (healthy.status, url in healthy.out, "checkpoint" in healthy.out) == (0, True, True)
        assert [join(home).status, join(home).status] == [0, 0]
        result = run_in_process("serve", "--data", home, "--port", str(reaching.free_port()))
        assert (result.status, url in result.err) == (1, True)
    assert not (home / "server.json").exists()
    assert list_processes(home) == []
    assert run_in_process("health", "--data", home).status == 1


BEGIN = b"POST /api/v1/deliveries HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = BEGIN + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"


def sent_until_refused(url: str, begin: bytes, packet: bytes) -> int:
    """Send one packet repeatedly, up to 64 MiB; return how many bytes the server takes before it refuses."""
    with socket.create_connection(("localhost", urlsplit(url).port or 0), 30) as stranger, suppress(ConnectionError):
        stranger.sendall(begin)
        sent = 0
        while sent < 64 * 2**20:
            sent += stranger.send(packet)
    return sent


@pytest.mark.endurance
def test_a_stranger_cannot_keep_it_busy_with_a_head_without_end(home: Path) -> None:
    long, many = b"a" * 60_000, b"x: y\r\n" * 10_000
    with serving(home) as url:
        for begin, packet in [(b"GET /", long), (BEGIN, many), (BEGIN + b"X: ", long), (CHUNKED + b"X: ", long)]:
            assert sent_until_refused(url, begin, packet) < 32 * 2**20, begin
        assert httpx2.get(f"{url}/livez", headers={"x-large": "a" * 30_000}).status_code == 200


def test_a_server_file_that_outlived_its_server_is_not_believed(home: Path) -> None:
    directory = DataDirectory(home)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        directory.server_file.write_text(json.dumps({"pid": 1, "url": f"http://localhost:{other.getsockname()[1]}"}))
        assert reaching.running_at(directory) is None
    directory.server_file.unlink()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"EXCHANGE_DEPLOYMENT": "elsewhere"}, "EXCHANGE_DEPLOYMENT has to be what it was"),
        ({"EXCHANGE_OPA_TOKEN": "t"}, "EXCHANGE_OPA_URL"),
    ],
)
def test_it_does_not_serve_with_settings_that_cannot_be_right(
    home: Path, more: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    result = run_in_process("serve", "--data", home, "--port", str(reaching.free_port()))
    assert result.status == 1
    assert words in result.err


def test_it_does_not_serve_a_ledger_with_another_key(home: Path) -> None:
    key = home / "keys" / "ledger.pem"
    kept = key.read_bytes()
    key.write_bytes((home / "keys" / "auditor.pem").read_bytes())
    try:
        result = run_in_process("serve", "--data", home, "--port", str(reaching.free_port()))
    finally:
        key.write_bytes(kept)
    assert result.status == 1
    assert "is not the key that this ledger began with" in result.err


def test_a_port_in_use_is_reported(home: Path) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        result = run_in_process("serve", "--data", home, "--port", str(occupied.getsockname()[1]))
    assert result.status == 1
    assert "--port" in result.err


def test_an_exchange_that_was_never_founded_is_not_served(worker_directory: Path) -> None:
    bare = worker_directory / "bare"
    settings = DataDirectory(bare).settings()
    with database.running(settings) as url:
        assert database.read_state(url).revision is None
    result = run_in_process("serve", "--data", bare)
    assert result.status == 1
    assert "there is no exchange" in result.err


def test_the_migrations_make_what_the_models_describe() -> None:
    assert run_in_process("database", "check").status == 0


def test_upgrading_what_is_up_to_date_changes_nothing(home: Path) -> None:
    result = run_in_process("database", "upgrade", "--data", home)
    assert (result.status, "it was at" in result.out) == (0, False)
