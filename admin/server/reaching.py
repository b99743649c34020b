"""Having a server to talk to: the one that runs on a data directory, or one started for the purpose and ended after it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx2

from admin.places import DataDirectory
from admin.terminal import CannotDo
from data_exchange_client.connection import Connection
from data_exchange_client.errors import ExchangeError

LOOPBACK = "127.0.0.1"
_SERVE = (sys.executable, "-m", "admin", "serve", "--host", LOOPBACK, "--until-stdin-closes")
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LOG_LINES = 8


@dataclass(frozen=True, slots=True)
class Started:
    """A server of ours: a process of its own that ends when this one does."""

    url: str
    process: "subprocess.Popen[bytes]"

    def stop(self) -> None:
        """End it, and wait until it and its database have ended."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        finally:
            if self.process.stdin:
                self.process.stdin.close()


def announced(directory: DataDirectory) -> dict[str, Any]:
    """What the server file says: `pid` and `url`; nothing where there is none."""
    try:
        document = json.loads(directory.server_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def running_at(directory: DataDirectory) -> str | None:
    """Where this very exchange answers now, or None.

    A server file can outlive its server, and its port can be another's by then: whoever answers has to state the key
    that lies in this directory.
    """
    url = announced(directory).get("url")
    if not isinstance(url, str):
        return None
    with suppress(httpx2.HTTPError, httpx2.InvalidURL, ExchangeError), Connection(url, None, timeout=5.0) as connection:
        connection.public("/livez")
        if directory.trust().is_same(connection.identity()):
            return url
    return None


def free_port() -> int:
    """A port on the loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def start(
    directory: DataDirectory, *, port: int | None = None, environment: Mapping[str, str] | None = None
) -> Started:
    """Start a server on the loopback and wait until it is ready. Raises CannotDo with what it said where it is not."""
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
    started = Started(url, process)
    try:
        _wait(started)
    except BaseException as error:
        started.stop()
        if not isinstance(error, CannotDo):
            raise
        with directory.log_file.open("rb") as log:
            log.seek(begin)
            said = log.read().decode(errors="replace").splitlines()[-_LOG_LINES:]
        told = " / ".join(line.strip() for line in said) or str(error)
        raise CannotDo(f"the server did not start: {told}", hint=f"its log is {directory.log_file}") from None
    return started


def _wait(started: Started) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if started.process.poll() is not None:
            raise CannotDo(f"the server ended at once, with status {started.process.returncode}")
        with suppress(httpx2.HTTPError):
            if httpx2.get(f"{started.url}/readyz", timeout=5.0).is_success:
                return
        time.sleep(0.05)
    raise CannotDo(f"the server was not ready after {_START_SECONDS:.0f} seconds")


@contextmanager
def reached(directory: DataDirectory) -> Iterator[tuple[str, bool]]:
    """The URL of a server on the data directory, and whether it was started for the purpose. Raises CannotDo."""
    if (url := running_at(directory)) is not None:
        yield url, False
        return
    started = start(directory)
    try:
        yield started.url, True
    finally:
        started.stop()
