"""Reach a server: the one that runs on a data directory, or one started for a single command."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from admin import data_directory
from admin.data_directory import DataDirectory
from admin.terminal import CannotDo
from data_exchange_client.api import Client
from data_exchange_client.connection import Connection
from data_exchange_client.errors import ExchangeError
from data_exchange_client.keys import SigningKey

LOOPBACK = "127.0.0.1"
_SERVE = (sys.executable, "-m", "admin", "serve", "--host", LOOPBACK, "--until-stdin-closes")
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LOG_LINES = 8


@dataclass(frozen=True, slots=True)
class Server:
    """A server that this process started; it ends when this process does."""

    url: str
    process: "subprocess.Popen[bytes]"

    def stop(self) -> None:
        """Terminate the server, and wait until it and its database have ended."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        finally:
            if self.process.stdin:
                self.process.stdin.close()


def read_server_file(directory: DataDirectory) -> dict[str, Any]:
    """The content of the server file: `pid` and `url`; empty where there is none."""
    try:
        document = json.loads(directory.server_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def running_at(directory: DataDirectory) -> str | None:
    """The URL at which this very exchange answers now, or None.

    A server file can outlive its server, and another program can have the port by then. So the identity that is answered
    there is compared with the key files of this directory.
    """
    url = read_server_file(directory).get("url")
    if not isinstance(url, str):
        return None
    with suppress(httpx2.HTTPError, httpx2.InvalidURL, ExchangeError), Connection(url, None, timeout=5.0) as connection:
        connection.public("/livez")
        if directory.trust().is_same(connection.identity()):
            return url
    return None


def free_port() -> int:
    """A port of the loopback interface that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def start(directory: DataDirectory, *, port: int | None = None, environment: Mapping[str, str] | None = None) -> Server:
    """Start a server on the loopback interface and wait until it is ready. Raises CannotDo with the end of its log."""
    port = port or free_port()
    url = f"http://localhost:{port}"
    with directory.log_file.open("ab") as log:
        begin = log.tell()
        process = subprocess.Popen(  # noqa: S603 - this program itself
            [*_SERVE, "--data", str(directory.path), "--port", str(port)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, **(environment or {}), "EXCHANGE_PUBLIC_URL": url},
            start_new_session=True,
        )
    server = Server(url, process)
    try:
        _wait_until_ready(server)
    except BaseException as error:
        server.stop()
        if not isinstance(error, CannotDo):
            raise
        with directory.log_file.open("rb") as log:
            log.seek(begin)
            lines = log.read().decode(errors="replace").splitlines()[-_LOG_LINES:]
        reason = " / ".join(line.strip() for line in lines) or str(error)
        raise CannotDo(f"the server did not start: {reason}", hint=f"its log is {directory.log_file}") from None
    return server


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise CannotDo(f"the server ended at once, with status {server.process.returncode}")
        with suppress(httpx2.HTTPError):
            if httpx2.get(f"{server.url}/readyz", timeout=5.0).is_success:
                return
        time.sleep(0.05)
    raise CannotDo(f"the server was not ready after {_START_SECONDS:.0f} seconds")


@contextmanager
def reach(directory: DataDirectory) -> Iterator[tuple[str, bool]]:
    """The URL of a server on the data directory, and whether it was started for this block. Raises CannotDo."""
    if (url := running_at(directory)) is not None:
        yield url, False
        return
    server = start(directory)
    try:
        yield server.url, True
    finally:
        server.stop()


@contextmanager
def client_of(data: Path | None, administrator: str) -> Iterator[Client]:
    """A client that acts with an administrator's key on the exchange of a data directory. Raises CannotDo."""
    directory = data_directory.locate(data)
    key = SigningKey.load(directory.key_file(administrator))
    with reach(directory) as (url, _), Client(url, key, trust=directory.trust()) as client:
        yield client
