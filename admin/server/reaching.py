"""Reach a server: the one that runs on a data directory, or one started for a single command.

A server started for a command acts by the same settings as any server of the exchange, holds the directory's lock meanwhile,
and is not announced: other commands wait for its end. A command that meets a server which is starting waits for it.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from admin import data_directory
from admin.configuration import lock, served
from admin.configuration.lock import Held, Holder
from admin.data_directory import DataDirectory
from admin.terminal import CannotDo, console
from data_exchange_client.api import Client
from data_exchange_client.connection import Connection
from data_exchange_client.errors import ExchangeError
from data_exchange_client.keys import SigningKey
from exchange.kernel.settings_sources import as_environment, file_of, foreign
from exchange.settings import Settings

LOOPBACK = "127.0.0.1"
_SERVE = (sys.executable, "-m", "admin", "serve", "--host", LOOPBACK, "--until-stdin-closes")
_FOR_A_COMMAND = ("--for-a-command",)
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.2
_LOG_LINES = 8


class LocalTransport(httpx2.BaseTransport):
    """Connects to a server of this machine, whatever the URL: requests are signed for the public one, which a proxy has."""

    def __init__(self, local: str) -> None:
        self._local = httpx2.URL(local)
        self._inner = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; its header `Host` stays that of the public URL, to which the answer's signature is bound."""
        local = self._local
        return self._inner.handle_request(
            httpx2.Request(
                request.method,
                request.url.copy_with(scheme=local.scheme, host=local.host, port=local.port),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


@dataclass(frozen=True, slots=True)
class Reached:
    """A server that answers for an exchange: its public URL, its address on this machine, who started it."""

    url: str
    local: str
    is_started: bool
    directory: DataDirectory

    def client(self, key: SigningKey) -> Client:
        """A client that acts with a key and trusts this exchange only. Close it."""
        return Client(self.url, key, trust=self.directory.trust(), transport=LocalTransport(self.local))


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
    """The content of the server file: `pid`, `url` and `local`; empty where there is none."""
    try:
        document = json.loads(directory.server_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def find_running(directory: DataDirectory, settings: Settings | None = None) -> Reached | None:
    """The server through which this very exchange answers now, or None.

    A server file can outlive its server, and another program can have the port by then. So the identity that is answered
    there is compared with the key files of this directory, and the deployment of `settings` or of those to act by.
    """
    document = read_server_file(directory)
    url, local = document.get("url"), document.get("local", document.get("url"))
    if not isinstance(url, str) or not isinstance(local, str):
        return None
    with (
        suppress(httpx2.HTTPError, httpx2.InvalidURL, ExchangeError),
        Connection(url, None, timeout=5.0, transport=LocalTransport(local)) as connection,
    ):
        connection.public("/livez")
        if directory.trust(settings).is_same(connection.identity()):
            return Reached(url, local, is_started=False, directory=directory)
    return None


def read_alarms(reached: Reached) -> tuple[str, ...]:
    """The alarms that a server's `/readyz` lists; none where it is not ready, which the state of its database explains."""
    with (
        suppress(httpx2.HTTPError, ExchangeError, UnicodeDecodeError),
        Connection(reached.url, None, timeout=5.0, transport=LocalTransport(reached.local)) as connection,
    ):
        return tuple(connection.public("/readyz").decode().splitlines()[1:])
    return ()


def running_at(directory: DataDirectory, settings: Settings | None = None) -> str | None:
    """The public URL of the server through which this very exchange answers now, or None."""
    reached = find_running(directory, settings)
    return reached.url if reached else None


def free_port() -> int:
    """A port of the loopback interface that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def loopback_url(port: int, *, resolve: Callable[..., Sequence[Any]] = socket.getaddrinfo) -> str:
    """The URL of a port of the loopback interface: by the name `localhost` where this machine gives it that address."""
    try:
        addresses = {str(entry[4][0]) for entry in resolve("localhost", port, type=socket.SOCK_STREAM)}
    except OSError:  # a machine without /etc/hosts
        addresses = set()
    return f"http://{'localhost' if LOOPBACK in addresses else LOOPBACK}:{port}"


def start(directory: DataDirectory, *, port: int | None = None) -> Server:
    """Start a server on the loopback interface and wait until it is ready. Raises CannotDo with the end of its log."""
    port = port or free_port()
    url = loopback_url(port)
    return _start(directory, (), port, {**os.environ, "EXCHANGE_PUBLIC_URL": url}, url)


def _start_for_a_command(directory: DataDirectory, settings: Settings, descriptor: int | None) -> Server:
    """Start a server with these very settings. It shares the lock, if any, so that the lock outlives a killed command."""
    port = free_port()
    url = loopback_url(port)
    values = {name: getattr(settings, name) for name in settings.model_fields_set}
    environment = foreign(os.environ) | as_environment({"public_url": url} | values)
    return _start(directory, _FOR_A_COMMAND, port, environment, url, descriptor)


def _start(
    directory: DataDirectory,
    options: tuple[str, ...],
    port: int,
    environment: Mapping[str, str],
    url: str,
    descriptor: int | None = None,
) -> Server:
    with directory.log_file.open("ab") as log:
        begin = log.tell()
        process = subprocess.Popen(  # noqa: S603 - this program itself
            [*_SERVE, *options, "--data", str(directory.path), "--port", str(port)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment,
            pass_fds=() if descriptor is None else (descriptor,),
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
    deadline, last = time.monotonic() + _START_SECONDS, "no answer"
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise CannotDo(f"the server ended at once, with status {server.process.returncode}")
        try:
            answer = httpx2.get(f"{server.url}/readyz", timeout=5.0, trust_env=False)  # a proxy is not for this machine
        except httpx2.HTTPError as error:
            last = str(error) or type(error).__name__
        else:
            if answer.is_success:
                return
            last = f"status {answer.status_code}"
        time.sleep(0.05)
    raise CannotDo(f"the server was not ready after {_START_SECONDS:.0f} seconds; {server.url}/readyz: {last}")


@contextmanager
def reach(directory: DataDirectory) -> Iterator[Reached]:
    """A server on the data directory: the one that runs, or one started for this block. Raises CannotDo."""
    with _running_or_lock(directory) as running:
        if isinstance(running, Reached):
            yield running
            return
        settings = directory.settings()
        _say_settings(directory, settings)
        server = _start_for_a_command(directory, settings, running)
        try:
            url = settings.public_url if "public_url" in settings.model_fields_set else server.url
            yield Reached(url, server.url, is_started=True, directory=directory)
        finally:
            server.stop()


@contextmanager
def _running_or_lock(directory: DataDirectory) -> Iterator[Reached | int | None]:
    """The server that runs, waited for while it starts, or else the lock (None where another machine has it)."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        if (reached := find_running(directory)) is not None:
            yield reached
            return
        descriptor: int | None = None
        try:
            descriptor = lock.acquire(directory.path, lock.COMMAND)
        except Held as held:
            if held.holder.is_here:
                if time.monotonic() >= deadline:
                    raise _occupied(held.holder) from held
                time.sleep(_POLL_SECONDS)
                continue
        try:
            yield descriptor
        finally:
            if descriptor is not None:
                os.close(descriptor)
        return


def _occupied(holder: Holder) -> CannotDo:
    if holder.is_server:
        return CannotDo(
            f"a server has this exchange (process {holder.pid}) and does not answer",
            hint="wait until it is ready, or end it; its log says what it does",
        )
    return CannotDo(
        f"another command acts on this exchange (process {holder.pid})", hint="let it end, and repeat this one"
    )


@contextmanager
def idle(directory: DataDirectory) -> Iterator[Settings]:
    """The settings of an exchange that nobody serves, and that nobody can begin to serve in the block. Raises CannotDo."""
    refusal = CannotDo("this exchange is being served", hint="stop every server first, also on other machines")
    if find_running(directory) is not None:
        raise refusal
    try:
        with lock.hold(directory.path, lock.COMMAND, patience=lock.PATIENCE, on_wait=say_waiting):
            yield _settings_for_repair(directory)
    except Held as held:
        raise refusal if held.holder.is_server else _occupied(held.holder) from held


def _settings_for_repair(directory: DataDirectory) -> Settings:
    """The settings of commands that repair, where a medium or a database may have moved: differences are shown only."""
    settings, differences = served.settings_and_differences(directory.path.absolute())
    for line in differences:
        console(stderr=True).print(f"Not as it was last served: {line}.", style="dim", soft_wrap=True)
    return settings


def say_waiting(holder: Holder) -> None:
    """Say whom this process waits for."""
    console(stderr=True).print(
        f"Waiting for another command on this exchange to end (process {holder.pid}).", style="dim", soft_wrap=True
    )


def _say_settings(directory: DataDirectory, settings: Settings) -> None:
    """Say by which settings a command acts that found no server."""
    file = file_of(directory.path)
    source = str(file) if file.exists() else "the environment and defaults"
    witnesses = "no witnesses" if settings.witness_policy is None else f"witnesses of {settings.witness_policy}"
    console(stderr=True).print(
        f"No server runs: acting by {source} and what the exchange was last served with "
        f"({witnesses}, retention of {settings.retention_days} days).",
        style="dim",
        soft_wrap=True,
    )


@contextmanager
def client_of(data: Path | None, administrator: str) -> Iterator[Client]:
    """A client that acts with an administrator's key on the exchange of a data directory. Raises CannotDo."""
    directory = data_directory.locate(data)
    key = SigningKey.load(directory.key_file(administrator))
    with reach(directory) as reached, reached.client(key) as client:
        yield client
