"""A PostgreSQL server of one test, to be killed, cut off, filled up and made to fail."""

import asyncio
import shutil
import signal
import subprocess
import time
from pathlib import Path

import asyncpg
import psutil

from admin.server.reaching import free_port
from exchange.kernel.embedded import account
from exchange.migrations import commands

_PATIENCE = 60


class Postgres:
    """A server on a port of its own, with its data in `directory` and, if given, its write-ahead log in `wal`.

    Only `start` starts it again after it was killed.
    """

    def __init__(self, directory: Path, *, wal: Path | None = None, database: str = "exchange") -> None:
        self.directory = directory
        self.database = database
        self.port = free_port()
        self._user = account.choose().user
        self._bin = account.programs(account.choose())
        self._process: subprocess.Popen[bytes] | None = None
        for each in (directory, wal):
            if each is not None:
                each.mkdir(parents=True, exist_ok=True)
                if self._user is not None:
                    shutil.chown(each, self._user)
        options = ["--auth=trust", "--encoding=utf8", "--username=postgres", "--wal-segsize=1", "--no-sync"]
        options += [f"--waldir={wal / 'wal'}"] if wal is not None else []
        command = [str(self._bin / "initdb"), *options, "-D", str(directory / "data")]
        subprocess.run(command, check=True, capture_output=True, user=self._user, cwd="/")

    @property
    def url(self) -> str:
        """The URL of its database."""
        return self.url_of(self.database)

    def url_of(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def is_running(self) -> bool:
        """Whether its first process runs."""
        return self._process is not None and self._process.poll() is None

    def prepare(self) -> None:
        """Start it, create the database and migrate it."""
        self.start()
        asyncio.run(self._create())
        commands.upgrade(self.url)

    async def _create(self) -> None:
        connection = await asyncpg.connect(self.url_of("postgres"))
        await connection.execute(f'CREATE DATABASE "{self.database}"')
        await connection.close()

    def start(self) -> None:
        """Start it, and wait until it has recovered."""
        settings = ["max_wal_size=8MB", "shared_buffers=16MB", "unix_socket_directories=", "listen_addresses=127.0.0.1"]
        command = [str(self._bin / "postgres"), "-D", str(self.directory / "data"), "-p", str(self.port)]
        command += [part for setting in settings for part in ("-c", setting)]
        deadline = time.monotonic() + _PATIENCE
        while not self.is_running():
            with (self.directory / "log").open("ab") as log:
                self._process = subprocess.Popen(command, stderr=log, stdout=log, user=self._user, cwd="/")
            while self.is_running() and not self._is_ready():
                time.sleep(0.05)
            # A killed server's shared memory may be in use for another moment.
            assert time.monotonic() < deadline, (self.directory / "log").read_text()[-2000:]

    def _is_ready(self) -> bool:
        command = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def processes(self) -> list[psutil.Process]:
        """The server's children: backends and the writers behind them."""
        assert self._process is not None
        children: list[psutil.Process] = psutil.Process(self._process.pid).children(recursive=True)
        return children

    def kill(self) -> None:
        """Kill it and all its processes at once, as if the machine stopped."""
        assert self._process is not None
        postmaster = psutil.Process(self._process.pid)
        postmaster.suspend()  # so that it does not restart what is killed
        for process in [*self.processes(), postmaster]:
            process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it for good: by SIGQUIT at once, by SIGINT with its files in order."""
        if self._process is not None and self.is_running():
            self._process.send_signal(how)
            self._process.wait()
