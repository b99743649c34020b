"""The demonstration from outside: its output, the files it leaves, and that it leaves no process."""

import json
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from admin.server import reaching
from tests.support.exchanges.exchange import code
from tests.support.processes.commands import (
    Demonstration,
    command,
    environment,
    list_processes,
    run,
    run_in_process,
    run_ledger,
    wait_until,
)
from tests.support.real_input import needed, real

_REFUSED = re.compile(r"refused +(\d{3}) ([a-z-]+)")


def verify(directory: Path) -> tuple[int, dict[str, Any]]:
    done = run_ledger("verify", directory, "--json")
    return done.status, json.loads(done.out)


def test_six_requests_are_refused_for_six_reasons(demo: Demonstration) -> None:
    assert _REFUSED.findall(demo.out) == [
        ("401", "nonce-reused"),
        ("401", "digest-mismatch"),
        ("401", "key-unknown"),
        ("403", "purpose-not-granted"),
        ("403", "field-not-granted"),
        ("403", "filter-not-granted"),
    ]
    assert "403 agreement-suspended" in demo.out


def test_it_leaves_a_ledger_that_verifies_and_a_copy_that_does_not(demo: Demonstration) -> None:
    exported = demo.directory / "ledger"
    assert (exported / "checkpoint").is_file()
    assert (exported / "vkey").is_file()
    assert (exported / "tile").is_dir()
    status, report = verify(exported)
    assert (status, report["ok"]) == (0, True)

    status, tampered = verify(demo.directory / "tampered")
    named = re.search(r"the first bad entry is (\d+)", demo.out)
    assert named is not None
    assert (status, tampered["first_bad_index"]) == (1, int(named[1]))


def test_it_ends_everything_it_started(demo: Demonstration) -> None:
    assert demo.left == []


def test_it_leaves_the_keys_of_everybody_to_go_on_with(demo: Demonstration) -> None:
    for handle in ("demo-human-resources", "demo-education", "demo-civil-affairs", "demo-platform"):
        for name in (handle, f"{handle}-system"):
            key = demo.directory / "exchange" / "keys" / f"{name}.pem"
            assert key.stat().st_mode & 0o777 == 0o600


def test_it_does_not_replace_what_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = run_in_process("demo", "--directory", tmp_path)
    assert done.status == 1
    assert "holds something else" in done.err
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]


def test_a_port_in_use_is_reported_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_in_process("demo", "--keep", "--port", str(port), "--directory", tmp_path / "demo")
    assert done.status == 1
    assert f"port {port}" in done.err
    assert "make demo KEEP=1 DEMO='--port 8001'" in done.err.replace("\n", " ")
    assert not (tmp_path / "demo").exists()


def test_it_does_not_replace_what_was_added_to_it(worker_directory: Path) -> None:
    """As where somebody publishes a file of their own, the next step of the README, and then runs it again."""
    directory = worker_directory / "added"
    data = directory / "exchange"
    data.mkdir(parents=True)
    assert run_in_process("init", "--data", data, "--code", code()).status == 0
    (directory / ".demo").write_text('made by it\n{"entries": 1}\n')
    done = run_in_process("demo", "--directory", directory)
    assert done.status == 1
    assert "entries that were added after the demonstration" in done.err
    assert f"exchange serve --data {data}" in done.err.replace("\n", " ")
    assert (data / "keys" / "ledger.pem").exists()


def test_the_demonstration_marks_how_much_it_made(demo: Demonstration) -> None:
    marked = json.loads((demo.directory / ".demo").read_text().splitlines()[-1])
    assert marked["entries"] > 10


@pytest.mark.parametrize(
    ("addresses", "name"),
    [(["127.0.0.1", "::1"], "localhost"), (["::1"], "127.0.0.1"), (["10.0.0.1"], "127.0.0.1"), ([], "127.0.0.1")],
)
def test_a_machine_where_localhost_has_no_address_or_another(addresses: list[str], name: str) -> None:
    def resolve(_host: str, port: int, **_options: object) -> list[tuple[object, ...]]:
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    assert reaching.loopback_url(8000, resolve=resolve) == f"http://{name}:8000"


def test_a_missing_file_is_reported_before_anything_is_made(tmp_path: Path) -> None:
    done = run_in_process("demo", "--people", tmp_path / "nobody.csv", "--directory", tmp_path / "demo")
    assert (done.status, done.err.strip()) == (1, f"error: there is no file {tmp_path / 'nobody.csv'}")
    assert not (tmp_path / "demo").exists()


@pytest.mark.endurance
def test_it_begins_anew_and_leaves_nothing_behind_when_killed(worker_directory: Path) -> None:
    directory = worker_directory / "killed"
    (directory / "ledger").mkdir(parents=True)
    (directory / "ledger" / "checkpoint").write_text("of an earlier run")
    (directory / ".demo").touch()
    printed = worker_directory / "killed.txt"
    with printed.open("wb") as out:
        process = subprocess.Popen(command("demo", "--directory", directory), env=environment(), stdout=out, stderr=out)
        wait_until(lambda: "departments publish" in printed.read_text(), what="the second chapter begins")
        process.send_signal(signal.SIGKILL)
        process.wait()
    wait_until(lambda: not list_processes(directory), what="the server and its database end by themselves")
    assert not (directory / "ledger").exists()


@pytest.mark.real_input
@needed
@pytest.mark.endurance
def test_the_story_holds_on_real_files(worker_directory: Path) -> None:
    directory = worker_directory / "real"
    done = run(
        "demo",
        *("--directory", directory),
        *("--people", real("people.csv")),
        *("--universities", real("universities_2025.xls")),
        *("--areas", real("areas.csv")),
    )
    assert done.status == 0, done.out + done.err
    assert "16,000 rows" in done.out
    assert "2,919 rows" in done.out
    assert "2,978 rows" in done.out
    assert len(_REFUSED.findall(done.out)) == 6
    assert verify(directory / "ledger")[0] == 0
    assert list_processes(directory) == []
