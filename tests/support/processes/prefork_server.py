"""A server that replaces killed workers: `python -m tests.support.processes.prefork_server PORT WORKERS`.

Each worker is uvicorn with the whole application, forked from a parent that has imported and built it, so that
a replacement is ready within half a second. The parent starts a worker whenever one ends. Each prints `ready PID` once it
can work.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
from typing import Any, NoReturn

import uvicorn
from fastapi import FastAPI

from exchange.app import from_environment


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(f"ready {os.getpid()}\n")
        sys.stdout.flush()


def _work(app: FastAPI, listening: socket.socket) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    asyncio.run(_Server(config).serve([listening]))
    os._exit(0)


def main(port: int, workers: int) -> None:
    """Keep this number of workers at the port until SIGTERM."""
    listening = socket.create_server(("127.0.0.1", port), backlog=512)
    listening.set_inheritable(True)
    app = from_environment()
    gc.freeze()
    running: set[int] = set()

    def end(*_: Any) -> NoReturn:
        for pid in running:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    while True:
        while len(running) < workers:
            pid = os.fork()
            if pid == 0:
                _work(app, listening)
            running.add(pid)
        pid, _ = os.wait()
        running.discard(pid)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
