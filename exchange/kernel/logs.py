"""Structured logs: JSON lines with an allow-list of fields, so that no line contains data.

Payloads, keys, headers and values of people have no field on the list, so a careless call fails in its test instead of
leaking in production. Lines of libraries pass the same way: of an exception only its type and place are logged. A log
that cannot be written stops nothing: see `logwriter.py`.
"""

import logging
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import orjson
import structlog
from cachetools import LRUCache

from exchange.kernel.database import FAILURES, is_unreachable
from exchange.kernel.logwriter import DirectLines, Lines, QueuedLines

ALLOWED = frozenset(
    {
        *("event", "level", "timestamp", "method", "route", "kind", "entry", "size", "reasons", "error", "where"),
        *("exc_info", "repeated", "status", "seconds", "principal", "problem", "is_complete"),
    }
)
REPEAT_SECONDS: Final = 1.0
"""A failure that repeats is logged this often; the next line states how many were left out."""

_KEYS_REMEMBERED = 256
_TEMPLATE_CHARACTERS = 200
_ENDED_WORKER = "Child process"
_OWN: Final = frozenset({"policies"})
"""Packages of ours that log as libraries do. Their texts have no values of people, so they are logged complete."""


class UnnamedLogField(ValueError):
    """A log call used a field outside the allow-list."""


def _only_allowed(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    unknown = event.keys() - ALLOWED
    if unknown:
        raise UnnamedLogField(f"not a log field: {', '.join(sorted(unknown))}")
    return event


class _Limit:
    """Lets a failure pass once a second, by what failed and where. All failures to reach the database are one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._passed: LRUCache[object, list[float]] = LRUCache(_KEYS_REMEMBERED)  # the time, and how many did not pass

    def __call__(self, _logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        error = event.get("exc_info")
        if not isinstance(error, BaseException):
            return event
        now, key = self._clock(), _failure(error, event)
        passed = self._passed.get(key)
        if passed is not None and now - passed[0] < REPEAT_SECONDS:
            passed[1] += 1
            raise structlog.DropEvent
        if passed is not None and passed[1]:
            event["repeated"] = int(passed[1])
        self._passed[key] = [now, 0]
        return event


def _failure(error: BaseException, event: MutableMapping[str, Any]) -> object:
    if isinstance(error, FAILURES) and is_unreachable(error):
        return "database"
    return (event.get("event"), event.get("kind"), type(error), places(error)[-1:])


def places(error: BaseException) -> tuple[str, ...]:
    """The last frames of an exception, each as file, line and function: where it came from, without a value."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return tuple(frames[-6:])


def _trace_without_values(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type and frames. Its message may repeat a value, so it is left out."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = type(error).__qualname__
        event["where"] = list(places(error))
    return event


class _Foreign(logging.Handler):
    """Logs what libraries log, without what they format into it: such texts may repeat values."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record by the first line of its template, its logger's name, and its exception's type and place.

        The template of a package of ours is filled.
        """
        text = record.getMessage() if record.name.partition(".")[0] in _OWN else str(record.msg)
        template = text.partition("\n")[0].strip()
        if record.levelno < logging.WARNING and not template.startswith(_ENDED_WORKER):
            return
        error = record.exc_info[1] if record.exc_info else None
        level = logging.getLevelName(min(record.levelno, logging.CRITICAL)).lower()
        write = getattr(log(), level, log().warning)
        write(template[:_TEMPLATE_CHARACTERS] or "(no text)", kind=record.name, exc_info=error)


class _Logger:
    """The end of structlog's way: hands finished lines over."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def _write(self, line: str) -> None:
        self._lines.write(line)

    debug = info = warning = error = critical = _write


_serving: Final[list[QueuedLines]] = []
_requests: Final[list[Lines]] = []


def configure(*, stream: TextIO | None = None, has_requests: bool = True) -> None:
    """Set logging up for the process, to standard error or to a stream in memory; idempotent.

    `has_requests`: each request is logged.
    """
    lines: Lines = _serving[0] if _serving and stream is None else DirectLines(stream or sys.stderr)
    _requests[:] = [lines] if has_requests else []
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            _Limit(),
            _trace_without_values,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Logger(lines),
        cache_logger_on_first_use=False,
    )


def begin_serving() -> None:
    """Write lines to standard error without blocking from now on, and let libraries log only in the same form."""
    _serving[:] = _serving[:1] or [QueuedLines(2)]
    configure()
    logging.basicConfig(handlers=[_Foreign()], level=logging.INFO, force=True)


def log_request(fields: Mapping[str, Any]) -> None:
    """Log a request, past structlog (hot path). The fields are of the allow-list."""
    for lines in _requests:
        line = {"event": "request", "level": "info", "timestamp": datetime.now(UTC), **fields}
        lines.write(orjson.dumps(line, option=orjson.OPT_UTC_Z).decode())


def log() -> Any:
    """The process's logger."""
    return structlog.get_logger()
