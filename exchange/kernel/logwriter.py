"""Writing lines of the log, such that nothing that happens to the log reaches the work that is logged.

The reader of a log may be gone, stopped or slow, and its disk full. Lines are therefore queued and written by a thread.
Lines that do not fit are lost, and the log states how many once it can be written again.

A line that comes alone is written at once. After each write the thread rests, and lines that come meanwhile are written
together: to wake a thread for each line of a busy server costs more than the line.
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
_REST_SECONDS = 0.02
_TOGETHER_BYTES = 4096
"""Processes share a pipe, and only writes of this size stay whole in it (PIPE_BUF of Linux). A longer line is written alone."""


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
        self._hurry = threading.Event()
        self._is_writing = False
        self._is_resting = False
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
            if not self._is_resting:
                self._changed.notify_all()

    def _begin(self) -> None:
        """Start the thread. A forked process has none of its parent's threads, and leaves the parent's lines to it."""
        self._process = os.getpid()
        self._changed = threading.Condition()
        self._hurry = threading.Event()
        self._waiting.clear()
        self._is_writing = self._is_resting = False
        threading.Thread(target=self._run, name="log", daemon=True).start()
        atexit.register(self.flush)

    def flush(self, seconds: float = _EXIT_SECONDS) -> bool:
        """Wait at most so long until all lines are written; returns whether they are."""
        self._hurry.set()
        with self._changed:
            is_written = self._changed.wait_for(lambda: not self._waiting and not self._is_writing, seconds)
        self._hurry.clear()
        return is_written

    def _run(self) -> None:
        while True:
            with self._changed:
                self._is_resting = self._is_writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting)
                lines, lost, self._lost = self._take(), self._lost, 0
                self._is_writing = True
            if lost:
                stated = {"event": "lines of the log were lost", "size": lost, "level": "warning"}
                self._put(json.dumps(stated).encode() + b"\n")
            self._put(lines)
            with self._changed:
                self._is_writing = False
                self._is_resting = not self._waiting
                self._changed.notify_all()
            if self._is_resting:
                self._hurry.wait(_REST_SECONDS)

    def _take(self) -> bytes:
        """The lines to write together: whole lines, and at least one."""
        lines = [self._waiting.popleft()]
        size = len(lines[0])
        while self._waiting and size + len(self._waiting[0]) <= _TOGETHER_BYTES:
            lines.append(self._waiting.popleft())
            size += len(lines[-1])
        return b"".join(lines)

    def _put(self, line: bytes) -> None:
        with suppress(OSError):
            while line:
                line = line[os.write(self._descriptor, line) :]


Lines = DirectLines | QueuedLines
