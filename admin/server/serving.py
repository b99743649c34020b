"""Serve the exchange in this process, or as the parent of its worker processes.

The parent starts the embedded database once and passes its address on, so that workers come and go without it.
"""

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import uvicorn

from admin import database
from admin.configuration import lock, served
from admin.configuration.lock import Held
from admin.data_directory import DataDirectory
from admin.server import reaching
from admin.server.head_limit import HeadLimitProtocol
from admin.server.workers import Workers
from admin.terminal import CannotDo, console
from exchange.kernel import logs
from exchange.kernel.loops import GIVEN_UP
from exchange.kernel.settings_sources import as_environment, foreign
from exchange.settings import Settings
from groundwork import durable

STOP_SECONDS: Final = 15
"""The time that requests have to end once their process has to, seconds."""

_EVERYWHERE = frozenset({"0.0.0.0", "::", "127.0.0.1"})  # noqa: S104 - compared, not bound


def public_url(host: str, port: int) -> str:
    """The URL by which clients on this machine reach a server, unless the settings name another."""
    if host in _EVERYWHERE:
        return reaching.loopback_url(port)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def settings_for(directory: DataDirectory, *, host: str, port: int) -> Settings:
    """The settings to serve with: the public URL is that of the settings, or follows from host and port."""
    settings = directory.new_settings()
    if "public_url" in settings.model_fields_set:
        return settings
    return directory.new_settings(public_url=public_url(host, port))


def require_free_port(host: str, port: int, *, choice: str = "--port") -> None:
    """Raise CannotDo where another program listens on the port. `choice` is the way to choose another."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotDo(
                f"port {port} on {host} cannot be used: {(error.strerror or str(error)).lower()}",
                hint=f"stop the program that uses it, or choose another with {choice}",
            ) from error


@contextmanager
def prepare(directory: DataDirectory, *, host: str, port: int, accept_changes: bool = False) -> Iterator[Settings]:
    """Check everything a server needs, and put it into the environment of its workers. Raises CannotDo.

    The directory's lock is held from the checks to the end, so that no command takes this server for absent while it
    starts, and no second one starts beside it. `accept_changes` allows settings weaker than those last served with.
    """
    settings = settings_for(directory, host=host, port=port)
    directory.trust(settings)
    with _lock(directory, settings) as descriptor:
        _compare(settings, accept_changes=accept_changes)
        with checked(settings, directory, host=host, port=port):
            served.remember(settings.data, settings)
            if descriptor is None:  # a server on another machine is announced
                yield settings
                return
            with _announced(directory.server_file, settings.public_url, local=public_url(host, port)):
                yield settings


@contextmanager
def checked(settings: Settings, directory: DataDirectory, *, host: str, port: int) -> Iterator[None]:
    """The checks before serving, with the database running. The environment of workers then has these settings only."""
    trust = directory.trust(settings)  # of the settings to serve with, whatever it was served with before
    require_free_port(host, port)
    with database.running(settings, is_supervised=True) as url:
        database.require_ready(settings, url, vkey=trust.vkey)
        values = {name: getattr(settings, name) for name in settings.model_fields_set}
        complete = as_environment(values | {"data": settings.data, "database_url": url})
        for name in set(os.environ) - set(foreign(os.environ)):
            del os.environ[name]
        os.environ |= complete | {"EXCHANGE_PUBLIC_URL": settings.public_url}
        yield


@contextmanager
def _lock(directory: DataDirectory, settings: Settings) -> Iterator[int | None]:
    """The lock, waited for while a command has it; None where another machine has it. Raises CannotDo."""
    try:
        with lock.hold(directory.path, lock.SERVER, patience=lock.PATIENCE, on_wait=reaching.say_waiting) as descriptor:
            if (served_at := reaching.running_at(directory, settings)) is not None:
                raise CannotDo(f"this exchange is being served already, at {served_at}")
            yield descriptor
    except Held as held:
        if held.holder.is_server:
            where = reaching.read_server_file(directory).get("url", f"process {held.holder.pid}, which is starting")
            raise CannotDo(f"this exchange is being served already, at {where}") from held
        raise CannotDo(
            f"a command acts on this exchange (process {held.holder.pid})", hint="let it end, and serve then"
        ) from held


def _compare(settings: Settings, *, accept_changes: bool) -> None:
    """Say what has changed since the exchange was last served. Raises CannotDo where that weakens it."""
    if accept_changes:
        return
    if (before := served.recall(settings.data)) is None:
        return
    served.require_no_weaker(before, settings)
    for line in served.compare(before, settings).other:
        console(stderr=True).print(f"Changed since it was last served: {line}.", style="dim", soft_wrap=True)


def run(
    *,
    host: str,
    port: int,
    workers: int,
    app: str = "admin.server.worker:application",
    until_stdin_closes: bool = False,
) -> None:
    """Serve the application that the factory `app` makes, until SIGINT or SIGTERM.

    With `until_stdin_closes` also until whoever started this process ends.
    """
    logs.begin_serving()
    signal.signal(signal.SIGTERM, _leave)
    if until_stdin_closes:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    options: dict[str, Any] = {
        "factory": True,
        "host": host,
        "port": port,
        "loop": "uvloop",
        "http": HeadLimitProtocol,
        "access_log": False,
        "log_config": None,  # libraries log as the exchange does
        "log_level": "info",
        "timeout_graceful_shutdown": STOP_SECONDS,
        "server_header": False,
        "proxy_headers": False,  # nothing depends on the peer's address, and the public URL is configured
    }
    if workers == 1:
        uvicorn.run(app, **options)
        return
    config = uvicorn.Config(app, workers=workers, **options)
    Workers(config, [config.bind_socket()]).run()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # uvicorn has shut down when it raises the signal again; the blocks around it still have to end.
    raise SystemExit(1 if GIVEN_UP.is_set() else 0)


def _end_with_stdin() -> None:
    """End this process when the one that started it ends, even by SIGKILL."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _announced(path: Path, url: str, *, local: str) -> Iterator[None]:
    """Keep a file with the addresses of the server, until the end of the block: the public one, and this machine's."""
    content = json.dumps({"pid": os.getpid(), "url": url, "local": local}).encode() + b"\n"
    durable.write(path, content, mode=0o644, sync=False)  # means nothing after a power failure
    try:
        yield
    finally:
        if path.exists() and path.read_bytes() == content:
            path.unlink()
