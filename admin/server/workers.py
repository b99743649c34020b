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
        """Replace workers that have ended. One that could not start is tried again after a pause."""
        if self._tries_again_at is not None and self._clock() < self._tries_again_at:
            return
        self._tries_again_at = None
        ready = [self._is_ready(process) for process in self.processes]
        if all(ready):
            self._pause = FIRST_PAUSE
        failed = [index for index, process in enumerate(self.processes) if process.exitcode == STARTUP_FAILURE]
        if not failed:
            super().keep_subprocess_alive()
            return
        logs.log().error("a worker could not start; it is tried again after a pause")
        self._tries_again_at = self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        for index in failed:
            self.processes[index].join()
            self.processes[index] = self._begin()

    def _begin(self) -> Process:
        process = Process(self.config, self.sockets)
        process.start()
        return process

    def _is_ready(self, process: Process) -> bool:
        return process.process.is_alive() and process.is_ready(self.config.timeout_worker_healthcheck)
