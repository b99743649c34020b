"""The server's first process: making its files, starting, watching and stopping it.

PostgreSQL's own `pg_ctl` is not used: it gives up after a fixed time, while recovery after a crash may take minutes. The
caller holds the lock of the data directory (`handle.py`).

Where the server's user cannot enter a directory above its files, the server gets these by `/proc/self/cwd`: it starts
inside them, so no other directory has to be opened to it.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exchange.kernel.embedded import account, serverlog
from exchange.kernel.embedded.account import DatabaseNotStarted

VERSION: Final = "18"
SOCKET_PATH_MAX: Final = 103
"""The longest path of a Unix socket, bytes: 107 on Linux and 103 on macOS."""

_SUPERUSER = "postgres"
_SOCKET = ".s.PGSQL.5432"
_HERE = Path("/proc/self/cwd")
_START_SECONDS = 600.0  # recovery after a crash reads all of the log since the last checkpoint
_STOP_SECONDS = 60.0
_POLL = 0.02
_STATUS_LINES = 8
_left_running: list[subprocess.Popen[bytes]] = []  # children that other processes use, until this one ends
_PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class Status:
    """The content of `postmaster.pid`: the first process, the directory of the socket, whether connections are taken."""

    pid: int
    socket: Path
    is_ready: bool


class Postmaster:
    """The server whose files are in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.socket = directory
        self._account = account.choose()
        self._programs = account.programs(self._account)
        self._process: subprocess.Popen[bytes] | None = None

    def initialise(self) -> None:
        """Make the server's files unless they are there. Raises DatabaseNotStarted."""
        self.directory.mkdir(mode=_PRIVATE, exist_ok=True)
        if self._account.user is not None and self._account.group is not None:
            os.chown(self.directory, self._account.user, self._account.group)
        self.directory.chmod(_PRIVATE)
        stated = self.directory / "PG_VERSION"
        if not stated.exists():
            self._run_initdb()
        elif (version := stated.read_text(encoding="ascii").strip()) != VERSION:
            raise DatabaseNotStarted(
                f"{self.directory} was made by PostgreSQL {version}, and this is {VERSION}: restore a dump of it"
            )

    def _run_initdb(self) -> None:
        for part in self.directory.iterdir():  # what a killed process left half made
            if part.is_dir() and not part.is_symlink():
                shutil.rmtree(part)
            else:
                part.unlink()
        options = ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", f"--username={_SUPERUSER}"]
        # The same order of texts on every machine, whatever locales it has.
        options += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        result = subprocess.run(  # noqa: S603 - the wheel's program
            [self._programs / "initdb", *options, "-D", self._path()],
            capture_output=True,
            check=False,
            cwd=self.directory,
            env=_environment(),
            **self._account.options,
        )
        if result.returncode:
            lines = (result.stderr or result.stdout).decode(errors="replace").strip().splitlines()
            raise DatabaseNotStarted(f"the database's files cannot be made in {self.directory}: {lines[-1:]}")

    def _path(self) -> Path:
        """The path of the files for the server's user."""
        return self.directory if self._account.can_enter(self.directory) else _HERE

    def is_running(self) -> bool:
        """Whether the server's first process runs."""
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        status = read_status(self.directory)
        return status is not None and self._is_ours(status.pid)

    def _is_ours(self, pid: int) -> bool:
        """Whether a process is this directory's server, and not one that got the number of a killed server."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        try:
            line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return True  # a system without /proc, or one that hides the processes of others
        name, _, rest = line.partition("(")[2].rpartition(") ")
        if name != "postgres" or rest[:1] in {"Z", "X"}:
            return False
        try:
            return Path(f"/proc/{pid}/cwd").samefile(self.directory)
        except OSError:
            return True

    def start(self) -> None:
        """Start the server unless it runs, and wait until it takes connections. Raises DatabaseNotStarted."""
        if self.is_running():
            self._wait_until_ready()
            return
        # A number in the file may belong to another program by now, which would stop PostgreSQL from starting.
        (self.directory / "postmaster.pid").unlink(missing_ok=True)
        serverlog.rotate(self.directory)
        self.socket = self._choose_socket()
        path = self._path()
        socket = path if self.socket == self.directory else self.socket
        with serverlog.open_log(self.directory) as log:
            self._process = subprocess.Popen(  # noqa: S603 - the wheel's program
                [self._programs / "postgres", "-D", path, *_settings(self.directory, socket)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=_environment(),
                start_new_session=True,
                **self._account.options,
            )
        self._wait_until_ready()

    def _choose_socket(self) -> Path:
        """The directory of the socket: that of the files, or a new one of mode 0700 where its path would be too long."""
        if self.socket != self.directory and self.socket.is_dir():
            return self.socket  # connections of this exchange know it
        if len(os.fsencode(self.directory / _SOCKET)) <= SOCKET_PATH_MAX:
            return self.directory
        directory = Path(tempfile.mkdtemp(prefix="exchange-"))
        if len(os.fsencode(directory / _SOCKET)) > SOCKET_PATH_MAX:
            directory.rmdir()
            raise DatabaseNotStarted(
                f"the paths of the data directory and of {directory.parent} are too long for a Unix socket: choose a "
                f"data directory of at most {SOCKET_PATH_MAX - len('/postgres/' + _SOCKET)} bytes"
            )
        if self._account.user is not None and self._account.group is not None:
            os.chown(directory, self._account.user, self._account.group)
        return directory

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            status = read_status(self.directory)
            is_ended = self._process is not None and self._process.poll() is not None
            if is_ended or time.monotonic() > deadline:
                raise DatabaseNotStarted(f"PostgreSQL did not start: {serverlog.last_line(self.directory)}")
            if status is not None and status.is_ready and self._is_ours(status.pid):
                self.socket = self.directory if status.socket == _HERE else status.socket
                return
            if self._process is None and not self.is_running():
                raise DatabaseNotStarted(f"PostgreSQL ended: {serverlog.last_line(self.directory)}")
            time.sleep(_POLL)

    def stop(self) -> None:
        """Stop the server in order, or at once where that takes too long; its next start then recovers."""
        status = read_status(self.directory)
        if status is not None and self._is_ours(status.pid):
            for stop_signal in (signal.SIGINT, signal.SIGQUIT):
                os.kill(status.pid, stop_signal)
                if self._has_ended(status.pid):
                    break
        if self._process is not None:
            self._process.wait(_STOP_SECONDS)
            self._process = None
        if self.socket != self.directory:
            shutil.rmtree(self.socket, ignore_errors=True)

    def leave(self) -> None:
        """Let the server run for other processes."""
        if self._process is not None and self._process.poll() is None:
            _left_running.append(self._process)
        self._process = None

    def _has_ended(self, pid: int) -> bool:
        """Wait for the end of a process, which may be this one's child; returns whether it came."""
        deadline = time.monotonic() + _STOP_SECONDS
        while (self._process is None or self._process.poll() is None) and self._is_ours(pid):
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL)
        return True


def read_status(directory: Path) -> Status | None:
    """The status that a server in this directory states, or None without a complete one."""
    try:
        lines = (directory / "postmaster.pid").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < _STATUS_LINES or not lines[0].isdigit():
        return None
    return Status(int(lines[0]), Path(lines[4]), lines[7].strip() == "ready")


def _settings(directory: Path, socket: Path) -> list[str]:
    """The server's settings, which hold for files made by earlier versions too."""
    quoted = str(socket).replace('"', '""')
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0700",
        # No message about a client's statement: such messages repeat values, and the exchange logs their kinds itself.
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_destination": "stderr",
        "logging_collector": "off",
        "log_checkpoints": "off",
        "exchange.directory": str(directory),  # names the exchange in the list of processes
    }
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _environment() -> dict[str, str]:
    """The environment of PostgreSQL: nothing of this process's, whose variables hold secrets."""
    zone = {"TZ": os.environ["TZ"]} if "TZ" in os.environ else {}
    return {"PATH": os.defpath, "LC_ALL": "C", **zone}
