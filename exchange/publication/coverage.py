"""Coverage: the age of the first entry that no published checkpoint covers, as each process watches it.

Readiness reports it, so that a publisher that stopped is noticed. With witnesses, nothing is delivered beyond the
cut-off, and deliveries resume once the witnesses are back; without them `cutoff` stays None.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from exchange.kernel.clock import Clock
from exchange.kernel.database import FAILURES, Database
from exchange.kernel.logs import log
from ledger.log import publication


@dataclass(slots=True)
class Coverage:
    """`since` is the time of the first entry that no published checkpoint covers, None where all are covered.

    An age above `patience` raises an alarm; above `cutoff` nothing is delivered.
    """

    since: datetime | None = None
    patience: timedelta = timedelta()
    cutoff: timedelta | None = None
    begun: datetime | None = None
    """When this process began to watch: entries of the time before may be waiting for its first checkpoint."""
    newest_at: datetime | None = None
    """When the newest published checkpoint was signed; None before the first."""
    _is_stopped: bool = False

    def is_overdue(self, now: datetime) -> bool:
        """Whether the age is above the cut-off."""
        return self.cutoff is not None and self.since is not None and now - self.since > self.cutoff

    def age(self, now: datetime) -> float:
        """The age of the first entry that no published checkpoint covers, seconds; 0 where all are covered."""
        return 0.0 if self.since is None else max(0.0, (now - self.since).total_seconds())

    def alarm(self, now: datetime) -> str | None:
        """The alarm for an operator, one line; None where all is well."""
        if self.since is None or now - self.since <= self.patience:
            return None
        if self.cutoff is None:
            if self.begun is None or now - self.begun <= self.patience:
                return None
            age = int((now - self.since).total_seconds())
            return f"alarm: entries since {self.since}, {age} seconds ago, are in no checkpoint; the publisher does not work"
        newest = "" if self.newest_at is None else f", the newest of which is of {self.newest_at}"
        state = "nothing is delivered" if self.is_overdue(now) else f"deliveries stop at {self.since + self.cutoff}"
        return f"alarm: entries since {self.since} are in no checkpoint that enough witnesses cosigned{newest}; {state}"

    async def watch(self, database: Database, clock: Clock) -> None:
        """Look at the database once, and log where deliveries stop or resume."""
        self.begun = self.begun or clock.now()
        with suppress(*FAILURES):  # while the database fails, the age counts on
            async with database.pool.acquire() as connection:
                self.since = await publication.uncovered_since(connection)
                self.newest_at = await publication.newest_at(connection)
        if self._is_stopped != self.is_overdue(clock.now()):
            self._is_stopped = not self._is_stopped
            if self._is_stopped:
                log().critical("the witnesses have been missing for too long; nothing is delivered")
            else:
                log().warning("the witnesses are back; deliveries go on")
