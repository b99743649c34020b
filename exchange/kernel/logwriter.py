"""Writing lines of the log, such that nothing that happens to the log reaches the work that is logged.

The reader of a log may be gone, stopped or slow, and its disk full. Lines are therefore queued and written by a thread.
Lines that do not fit are lost, and the log states how many once it can be written again.
"""

import atexit
import json
import os
import threading
from collections import deque
from contextlib import suppress
from typing import Final, TextIO

QUEUED_MAX: Final = 10_000
"""Lines that wait for the reader of the log; further ones are lost."""

_EXIT_SECONDS = 1.0


class DirectLines:
    """Writes each line at once, for streams in memory."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        """Write a line. Failures are ignored."""
        with suppress(OSError, ValueError):  # a stream that is full, gone or closed
            self._stream.write(line + "\n")
            self._stream.flush()


class QueuedLines:
    """Writes lines to a file descriptor from a thread of its own, in each process that writes any."""

    def __init__(self, descriptor: int, *, limit: int = QUEUED_MAX) -> None:
        self._descriptor = descriptor
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._lost = 0
        self._changed = threading.Condition()
        self._is_writing = False
        self._process = 0

    def write(self, line: str) -> None:
        """Queue a line."""
        if self._process != os.getpid():
            self._begin()
        with self._changed:
            if len(self._waiting) >= self._limit:
                self._lost += 1
                return
            self._waiting.append(line.encode(errors="backslashreplace") + b"\n")
            self._changed.notify_all()

    def _begin(self) -> None:
        """Start the thread. A forked process has none of its parent's threads, and leaves the parent's lines to it."""
        self._process = os.getpid()
        self._changed = threading.Condition()
        self._waiting.clear()
        self._is_writing = False
        threading.Thread(target=self._run, name="log", daemon=True).start()
        atexit.register(self.flush)

    def flush(self, seconds: float = _EXIT_SECONDS) -> bool:
        """Wait at most so long until all lines are written; returns whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._is_writing, seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting)
                line, lost, self._lost = self._waiting.popleft(), self._lost, 0
                self._is_writing = True
            if lost:
                stated = {"event": "lines of the log were lost", "size": lost, "level": "warning"}
                self._put(json.dumps(stated).encode() + b"\n")
            self._put(line)

    def _put(self, line: bytes) -> None:
        with suppress(OSError):
            while line:
                line = line[os.write(self._descriptor, line) :]


Lines = DirectLines | QueuedLines
