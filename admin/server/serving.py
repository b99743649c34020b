"""`exchange serve`: this process becomes the exchange's server, or the parent of its workers.

The parent starts the embedded database once and hands its address on, so that workers come and go without it.
"""

import json
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from admin import databases
from admin.places import DataDirectory
from admin.server import reaching
from admin.server.head_limit import HeadLimitProtocol
from admin.terminal import CannotDo
from exchange.kernel.settings import Settings

_EVERYWHERE = {"0.0.0.0": "localhost", "::": "localhost", "127.0.0.1": "localhost"}  # noqa: S104 - compared, not bound


def public_url(host: str, port: int) -> str:
    """Where clients on this machine reach a server that was told nothing else."""
    name = _EVERYWHERE.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def settings_for(directory: DataDirectory, *, host: str, port: int) -> Settings:
    """The settings to serve with: the public URL is the environment's, or fits host and port."""
    settings = directory.settings()
    if "public_url" in settings.model_fields_set:
        return settings
    return directory.settings(public_url=public_url(host, port))


def demand_free(host: str, port: int) -> None:
    """Raise CannotDo where another program listens on the port already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotDo(
                f"port {port} on {host} cannot be used: {(error.strerror or str(error)).lower()}",
                hint="stop the program that uses it, or choose another with --port",
            ) from error


@contextmanager
def prepared(directory: DataDirectory, *, host: str, port: int) -> Iterator[Settings]:
    """Everything a server needs, checked and in the environment of its workers. Raises CannotDo."""
    settings = settings_for(directory, host=host, port=port)
    trust = directory.trust()
    if (url := reaching.running_at(directory)) is not None:
        raise CannotDo(f"this exchange is being served already, at {url}")
    demand_free(host, port)
    with databases.at_hand(settings) as database:
        databases.demand_ready(settings, database, vkey=trust.vkey)
        os.environ |= {
            "EXCHANGE_DATA": str(settings.data),
            "EXCHANGE_DATABASE_URL": database,
            "EXCHANGE_PUBLIC_URL": settings.public_url,
        }
        with _announced(directory.server_file, settings.public_url):
            yield settings


def run(
    *, host: str, port: int, workers: int, app: str = "exchange.app:from_environment", until_stdin_closes: bool = False
) -> None:
    """Serve what the factory `app` makes until a signal says otherwise."""
    signal.signal(signal.SIGTERM, _leave)
    if until_stdin_closes:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    uvicorn.run(
        app,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http=HeadLimitProtocol,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,  # nothing asks who is at the other end; the public address is configured
    )


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # uvicorn has ended in good order when it passes the signal on; what was begun around it is still to be ended.
    raise SystemExit(0)


def _end_with_stdin() -> None:
    """End when whoever started this process has gone, however it went."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _announced(path: Path, url: str) -> Iterator[None]:
    """Say in a file where the exchange is served, for as long as it is."""
    text = json.dumps({"pid": os.getpid(), "url": url}) + "\n"
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    try:
        yield
    finally:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            path.unlink()
