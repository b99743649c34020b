"""The clock: all code reads the time here, so tests can set it."""

import time
from datetime import UTC, datetime, timedelta

import orjson


class Clock:
    """The system's clock."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return datetime.now(UTC)

    def seconds(self) -> int:
        """The current time as whole seconds since the epoch."""
        return int(time.time())


class SettableClock(Clock):
    """A clock that stands still until it is moved, for tests and demonstrations."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """The time this clock was set to."""
        return self._at

    def seconds(self) -> int:
        """The same as whole seconds since the epoch."""
        return int(self._at.timestamp())

    def move(self, by: timedelta) -> None:
        """Move the clock by a span, backwards too."""
        self._at += by


def rfc3339(at: datetime) -> str:
    """Print a time as RFC 3339 in UTC with microseconds, the form of ledger entries."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    if at.microsecond:  # orjson takes an eighth of the time, and leaves microseconds of zero out
        return orjson.dumps(at, option=orjson.OPT_UTC_Z)[1:-1].decode()
    return at.isoformat("T", "microseconds")[: -len("+00:00")] + "Z"
