"""Work on background jobs in this process, which answers no requests."""

import asyncio
import signal

from admin import database
from admin.data_directory import DataDirectory
from exchange.app import create_app
from exchange.kernel import logs
from exchange.kernel.loops import GIVEN_UP
from exchange.settings import Settings


def run(directory: DataDirectory) -> int:
    """Work until SIGINT or SIGTERM; returns the exit status. Raises CannotDo where the exchange cannot be served."""
    settings = directory.new_settings(jobs_in_server=True)
    with database.running(settings, is_supervised=True) as url:
        database.require_ready(settings, url, vkey=directory.trust(settings).vkey)
        logs.begin_serving()
        asyncio.run(_work(settings))
    return 1 if GIVEN_UP.is_set() else 0


async def _work(settings: Settings) -> None:
    """Run every loop of the exchange; those that one process at a time runs are shared with the server's processes."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ending.set)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        logs.log().info("working on background jobs")
        await ending.wait()
