"""The lock of a data directory: one server, or one command that has no server to ask, at a time on a machine.

It is a lock of the operating system (flock) on `exchange.lock`, so a process that is killed releases it. A process that
inherits the descriptor shares it. The file's content only says who holds the lock. Servers on other machines that share the
directory hold the lock in turn; whoever finds it held elsewhere goes on without it, and does not announce itself.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SERVER: Final = "server"
COMMAND: Final = "command"
PATIENCE: Final = 60.0
"""Seconds to wait for another command, or for a server that is starting."""
_NAME: Final = "exchange.lock"
_POLL: Final = 0.1
_MODE: Final = 0o644


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lock: its id, its machine, and its purpose, SERVER or COMMAND."""

    pid: int
    host: str
    purpose: str

    @property
    def is_here(self) -> bool:
        """Whether it runs on this machine, or in this container."""
        return self.host == socket.gethostname()

    @property
    def is_server(self) -> bool:
        """Whether it serves the exchange, from its start on."""
        return self.purpose == SERVER


class Held(Exception):
    """Another process holds the lock."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(f"process {holder.pid} on {holder.host} holds the lock")
        self.holder = holder


def acquire(data: Path, purpose: str) -> int:
    """Take the lock of a data directory; returns its descriptor. Raises Held, OSError."""
    descriptor = os.open(data / _NAME, os.O_RDWR | os.O_CREAT, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _read(descriptor)
        os.close(descriptor)
        raise Held(holder) from None
    content = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "purpose": purpose}).encode()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, content, 0)
    return descriptor


@contextmanager
def hold(
    data: Path, purpose: str, *, patience: float = 0.0, on_wait: Callable[[Holder], None] | None = None
) -> Iterator[int | None]:
    """Hold the lock until the end of the block; yields its descriptor, or None where another machine holds it.

    Waits at most `patience` seconds for a command that holds it, and not for a server. `on_wait` is called once, before
    waiting. Raises Held, OSError.
    """
    descriptor = _acquire_patiently(data, purpose, patience, on_wait)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)  # a child that inherited it keeps the lock until it ends


def find_holder(data: Path) -> Holder | None:
    """The process that holds the lock now, or None."""
    try:
        descriptor = os.open(data / _NAME, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    finally:
        os.close(descriptor)
    return None


def _acquire_patiently(
    data: Path, purpose: str, patience: float, on_wait: Callable[[Holder], None] | None
) -> int | None:
    deadline, has_said = time.monotonic() + patience, False
    while True:
        try:
            return acquire(data, purpose)
        except Held as held:
            if not held.holder.is_here:
                return None
            if held.holder.is_server or time.monotonic() >= deadline:
                raise
            if on_wait and not has_said:
                on_wait(held.holder)
                has_said = True
        time.sleep(_POLL)


def _read(descriptor: int) -> Holder:
    """The holder that the file names; a command of this machine where it does not, since it is being written."""
    try:
        document = json.loads(os.pread(descriptor, 4096, 0))
        return Holder(int(document["pid"]), str(document["host"]), str(document["purpose"]))
    except (ValueError, KeyError, TypeError):
        return Holder(0, socket.gethostname(), COMMAND)
