"""What what-if adds to a running exchange."""

import asyncio
from dataclasses import dataclass, field

from exchange.kernel.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Turns:
    """One draft at a time is compared in a process: each comparison may take a connection for many seconds."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def open_parts(runtime: Runtime) -> None:
    """Register the lock."""
    runtime.add(Turns())
