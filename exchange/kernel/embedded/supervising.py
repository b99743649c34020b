"""Supervision: a serving process keeps the embedded server running and its log bounded."""

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from exchange.kernel.embedded.account import DatabaseNotStarted
from exchange.kernel.embedded.handle import Embedded
from exchange.kernel.logs import log
from exchange.kernel.settings import KernelSettings

BACKOFF_MAX: Final = 30.0
"""The longest pause between two attempts to start the server, seconds."""

_LOOK_EVERY = 1.0
_CALM = 60.0  # a server that ran for so long has recovered


@contextmanager
def supervised(embedded: Embedded, *, look_every: float = _LOOK_EVERY) -> Iterator[None]:
    """During the block, start the server again whenever it ends. The pause between attempts doubles, up to BACKOFF_MAX."""
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(embedded, stop, look_every), name="embedded-database", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _watch(embedded: Embedded, stop: threading.Event, look_every: float) -> None:
    backoff, earliest = look_every, 0.0
    while not stop.wait(look_every):
        now = time.monotonic()
        try:
            embedded.rotate_log()
            if embedded.is_running():
                backoff = look_every if now - earliest > _CALM else backoff
                continue
            if now < earliest:
                continue
            if embedded.revive():
                log().critical("the embedded database had ended; it is started again")
        except (DatabaseNotStarted, OSError) as error:
            log().critical("the embedded database does not start; trying again", exc_info=error)
        earliest = time.monotonic() + backoff
        backoff = min(2 * backoff, BACKOFF_MAX)


@asynccontextmanager
async def running(settings: KernelSettings) -> AsyncIterator[str]:
    """The URL of the database that the settings name. The embedded server runs during the block, and is
    started again where it ends.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    embedded = Embedded(settings.data)
    try:
        await embedded.create()
        with supervised(embedded):
            yield embedded.url()
    finally:
        embedded.close()
