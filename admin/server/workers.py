"""The parent of several worker processes: it replaces one that ends, for as long as it takes until the new one can start."""

import time
from collections.abc import Callable
from socket import socket
from typing import Final

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from exchange.kernel import logs

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
"""The pause between two attempts to start a worker doubles up to this, seconds."""


class Workers(Multiprocess):
    """uvicorn's parent, which by itself ends when a worker cannot start, as while the database is away.

    What a wrong set-up can cause was checked before, so a failure to start is an outage.
    """

    def __init__(self, config: Config, sockets: list[socket], *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(config, sockets)
        self._clock = clock
        self._pause = FIRST_PAUSE
        self._tries_again_at: float | None = None

    def keep_subprocess_alive(self) -> None:
        """Replace workers that have ended or hang. After one that could not start, the next is tried after a pause.

        It decides by the exit status after the worker has ended, so a failure to start never ends the parent.
        """
        if self._tries_again_at is not None and self._clock() < self._tries_again_at:
            return
        self._tries_again_at = None
        limit = self.config.timeout_worker_healthcheck
        for index, process in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if process.is_alive(timeout=limit):
                continue
            process.kill()
            process.join()
            if self.should_exit.is_set():
                return
            self.processes[index] = self._begin()
            if process.exitcode == STARTUP_FAILURE:
                logs.log().error("a worker could not start; it is tried again after a pause")
                self._tries_again_at = self._clock() + self._pause
            else:
                logs.log().warning("a worker ended or hung; another is started in its place", status=process.exitcode)
        if self._tries_again_at is not None:
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        elif all(process.is_ready(limit) for process in self.processes):
            self._pause = FIRST_PAUSE

    def _begin(self) -> Process:
        process = Process(self.config, self.sockets)
        process.start()
        return process
