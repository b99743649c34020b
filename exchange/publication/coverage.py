"""How far published checkpoints cover the ledger, as a process saw it last: what readiness tells and deliveries rest on.

Without witnesses nothing depends on it, and `cutoff` stays None.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True)
class Coverage:
    """`since` is when the first entry was made that no published checkpoint covers, None where all are.

    An age of `patience` is worth an alarm; from `cutoff` on nothing is delivered.
    """

    since: datetime | None = None
    patience: timedelta = timedelta()
    cutoff: timedelta | None = None

    def is_overdue(self, now: datetime) -> bool:
        """Whether the ledger has been without its witnesses for longer than is allowed."""
        return self.cutoff is not None and self.since is not None and now - self.since > self.cutoff

    def alarm(self, now: datetime) -> str | None:
        """What an operator has to know, in a line; None where all is well."""
        if self.cutoff is None or self.since is None or now - self.since <= self.patience:
            return None
        state = "nothing is delivered" if self.is_overdue(now) else f"deliveries stop at {self.since + self.cutoff}"
        return f"alarm: entries since {self.since} are in no checkpoint that enough witnesses cosigned; {state}"
