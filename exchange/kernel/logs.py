"""Structured logs: JSON lines with an allow-list of fields, so that no line contains data.

Payloads, keys, headers and values of people have no field on the list, so a careless call fails in its test instead of
leaking in production.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED = frozenset(
    {"event", "level", "timestamp", "method", "route", "kind", "entry", "size", "reasons", "error", "where", "exc_info"}
)


class UnnamedLogField(ValueError):
    """A log call used a field outside the allow-list."""


def _only_allowed(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    unknown = event.keys() - ALLOWED
    if unknown:
        raise UnnamedLogField(f"not a log field: {', '.join(sorted(unknown))}")
    return event


def _trace_without_values(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type and frames. Its message may repeat a value, so it is left out."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["error"] = type(error).__qualname__
        frames = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno}:{code.co_name}")
            trace = trace.tb_next
        event["where"] = frames[-6:]
    return event


def configure(*, stream: Any = None) -> None:
    """Set structlog up for the process; idempotent."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_allowed,
            _trace_without_values,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def log() -> Any:
    """The process's logger."""
    return structlog.get_logger()
