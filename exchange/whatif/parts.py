"""The long-lived parts of what-if."""

import asyncio
from dataclasses import dataclass, field

from exchange.kernel.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Turns:
    """The lock under which a process compares drafts, one at a time: a comparison may hold a connection for seconds."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def open_parts(runtime: Runtime) -> None:
    """Register the lock."""
    runtime.add(Turns())
