"""The demonstration from outside: its output, the files it leaves, and that it leaves no process."""

import json
import re
import signal
import socket
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from admin.data_directory import DataDirectory
from admin.demo import earlier
from admin.server import reaching
from admin.terminal import CannotDo
from tests.support.exchanges.exchange import code
from tests.support.processes.commands import (
    ROOT,
    Demonstration,
    command,
    environment,
    list_processes,
    run,
    run_in_process,
    run_ledger,
    start,
    wait_until,
)
from tests.support.real_input import needed, real

_REFUSED = re.compile(r"refused +(\d{3}) ([a-z-]+)")


def verify(directory: Path) -> tuple[int, dict[str, Any]]:
    result = run_ledger("verify", directory, "--json")
    return result.status, json.loads(result.out)


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


def test_a_person_who_refuses_or_withdraws_is_in_no_later_row(demo: Demonstration) -> None:
    """The stream's file holds no row of who refused, and of who withdrew only those of the batches before."""
    with (demo.directory / "platform" / "contributions.ndjson").open(encoding="utf-8") as lines:
        people = [json.loads(line)["人才编号"] for line in lines]
    refused = re.search(r"after (\w+) refused +3 ", demo.out)
    withdrew = re.search(r"(\w+) withdraws at the window", demo.out)
    assert refused is not None
    assert withdrew is not None
    assert refused[1] not in people
    rows = Counter(people)
    assert 0 < rows[withdrew[1]] < rows["T330000001"]
    first, withdrawal, last = (
        int(index) for index in re.findall(r"^ +(\d+) +(?:the stream|consent\.withdrawn)", demo.out, re.MULTILINE)
    )
    assert first < withdrawal < last


def test_a_code_is_redeemed_once_and_the_person_sees_it(demo: Demonstration) -> None:
    redeemed = re.search(r"redeems it: holds-masters-degree = yes, and nothing else +(\d+)", demo.out)
    seen = re.search(r"sees who used it, for talent-service +(\d+)", demo.out)
    assert redeemed is not None
    assert seen is not None
    assert redeemed[1] == seen[1]
    assert re.search(r"tries it again: 404 code-unknown +\d+", demo.out)


def test_a_deadline_ends_on_a_saturday_that_is_worked(demo: Demonstration) -> None:
    assert re.search(r"reply_unconditional +1 +Saturday 2026-02-14 ", demo.out)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_first_page_shows_the_last_act_as_it_is(demo: Demonstration, page: str) -> None:
    """Digests differ in every run, and nothing else does."""
    act = re.search(r"^```text\n(.+?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert act is not None
    assert _comparable(act[1]) in _comparable(demo.out)


def _comparable(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{64}\b", "DIGEST", re.sub(r" +$", "", text, flags=re.MULTILINE))


def test_it_ends_everything_it_started(demo: Demonstration) -> None:
    assert demo.left == []


def test_it_leaves_the_keys_of_everybody_to_go_on_with(demo: Demonstration) -> None:
    for handle in ("demo-human-resources", "demo-education", "demo-civil-affairs", "demo-platform"):
        for name in (handle, f"{handle}-system"):
            key = demo.directory / "exchange" / "keys" / f"{name}.pem"
            assert key.stat().st_mode & 0o777 == 0o600


def test_it_does_not_replace_what_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = run_in_process("demo", "--directory", tmp_path)
    assert result.status == 1
    assert "holds something else" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_port_in_use_is_reported_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        port = occupied.getsockname()[1]
        result = run_in_process("demo", "--keep", "--port", str(port), "--directory", tmp_path / "demo")
    assert result.status == 1
    assert f"port {port}" in result.err
    assert "make demo KEEP=1 DEMO='--port 8001'" in result.err.replace("\n", " ")
    assert not (tmp_path / "demo").exists()


@pytest.fixture
def added(worker_directory: Path, request: pytest.FixtureRequest) -> Path:
    """A directory whose demonstration made one entry; all that founding made beside is somebody's addition."""
    directory = worker_directory / f"added-{abs(hash(request.node.name))}"
    data = directory / "exchange"
    data.mkdir(parents=True)
    assert run_in_process("init", "--data", data, "--code", code()).status == 0
    (directory / ".demo").write_text('made by it\n{"entries": 1}\n')
    return directory


def test_it_does_not_replace_what_was_added_to_it(added: Path) -> None:
    """Somebody publishes a file of their own, the next step of the README, and runs the demonstration again.

    Each line of advice has to name the directory that was refused, or one that does not exist.
    """
    data = added / "exchange"
    result = run_in_process("demo", "--directory", added)
    assert result.status == 1
    message = " ".join(result.err.split())
    assert "added after the demonstration" in message
    assert f"exchange serve --data {data}`" in message
    assert f"make demo DEMO='--directory {added} --replace'`" in message
    assert f"make demo KEEP=1 DEMO='--directory {added}'`" in message
    assert f"make demo DEMO='--directory {added}-2'`" in message
    assert (data / "keys" / "ledger.pem").exists()


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_replacing_additions_needs_a_yes(added: Path, answer: str) -> None:
    """`--replace` was meant for another directory, or comes from a script that nobody reads."""
    result = run_in_process("demo", "--directory", added, "--replace", answer=answer)
    assert result.status == 1
    assert f"{added / 'exchange'} has" in " ".join(result.out.split())
    assert (added / "exchange" / "keys" / "ledger.pem").exists()


def test_advice_about_the_standard_directory_names_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    directory, additions = earlier.STANDARD, ["dataset.published", "dataset.published"]
    data = DataDirectory(directory / "exchange")
    with pytest.raises(CannotDo) as refused:
        earlier.require_consent(directory, data, additions, replace=False, yes=False)
    assert "2 entries (dataset.published)" in str(refused.value)
    assert "`make demo KEEP=1`" in refused.value.hint
    assert "`make demo DEMO=--replace`" in refused.value.hint


def test_questions_and_deliveries_are_no_additions(demo: Demonstration) -> None:
    """The README's example in Python fetches from the demonstration in the same way."""
    marked = demo.directory / ".demo"
    before = marked.read_text()
    data = DataDirectory(demo.directory / "exchange")
    try:
        earlier.mark(demo.directory, 1)
        additions = set(earlier.list_additions(demo.directory, data))
    finally:
        marked.write_text(before)
    assert {"organisation.registered", "dataset.published", "agreement.concluded"} <= additions
    assert not {"delivery.started", "delivery.completed", "delivery.refused", "request.refused"} & additions


@pytest.mark.endurance
def test_additions_are_served_as_they_are(added: Path) -> None:
    """`make demo KEEP=1`, the step of the README after publishing a file, keeps that file and serves it."""
    key = (added / "exchange" / "keys" / "ledger.pem").read_bytes()
    process = start("demo", "--keep", "--port", str(reaching.free_port()), "--directory", added)
    directory = DataDirectory(added / "exchange")
    try:
        wait_until(lambda: process.poll() is not None or reaching.running_at(directory), what="the server is ready")
        process.terminate()
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert "served as it is" in " ".join(out.split()), err
    assert (added / "exchange" / "keys" / "ledger.pem").read_bytes() == key
    wait_until(lambda: not list_processes(added), what="the server and its database end by themselves")


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
    result = run_in_process("demo", "--people", tmp_path / "nobody.csv", "--directory", tmp_path / "demo")
    assert (result.status, result.err.strip()) == (1, f"error: there is no file {tmp_path / 'nobody.csv'}")
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
    result = run(
        "demo",
        *("--directory", directory),
        *("--people", real("people.csv")),
        *("--universities", real("universities_2025.xls")),
        *("--areas", real("areas.csv")),
    )
    assert result.status == 0, result.out + result.err
    assert "16,000 rows" in result.out
    assert "2,919 rows" in result.out
    assert "2,978 rows" in result.out
    assert len(_REFUSED.findall(result.out)) == 6
    assert verify(directory / "ledger")[0] == 0
    assert list_processes(directory) == []
