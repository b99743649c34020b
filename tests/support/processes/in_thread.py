"""An exchange served over HTTP by a thread of the test's process: for clients and commands that block, and need no process."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn

from exchange.settings import Settings
from tests.support.exchanges.starting import restart_exchange
from tests.support.processes.server import settings_on


@cache
def _listening() -> socket.socket:
    """The socket of this process at which one exchange is served after another, so that all have the same URL."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(100)
    return listening


def settings_here(*, database_url: str, data: Path) -> Settings:
    """Settings of an exchange that this process serves."""
    data.mkdir(exist_ok=True)
    return settings_on(_listening().getsockname()[1], database_url=database_url, data=data)


@contextmanager
def serve_here(settings: Settings) -> Iterator[None]:
    """Serve an exchange that this process founded with `settings_here`, until the block ends."""
    opened: Future[uvicorn.Server] = Future()

    async def run() -> None:
        async with restart_exchange(settings) as exchange:
            server = uvicorn.Server(uvicorn.Config(exchange.app, lifespan="off", log_config=None, access_log=False))
            opened.set_result(server)
            await server.serve(sockets=[_listening().dup()])

    with ThreadPoolExecutor(1, thread_name_prefix="exchange") as pool:
        serving = pool.submit(asyncio.run, run())
        both: list[Future[Any]] = [opened, serving]
        wait(both, return_when=FIRST_COMPLETED)
        try:
            if opened.done():
                yield
        finally:
            if opened.done():
                opened.result().should_exit = True
            serving.result()
