"""Usage: what the entries of an account come to in a calendar month, by the rule set `usage-1`.

- The month of an entry is that of its time in China, and never before that of the account's billed entry before it.
- `delivery.completed` counts one call and the rows that were delivered; an answer about people counts one call.
- `delivery.aborted` counts the same where the price says `as_delivered`, and nothing where it says `free`.
- An answer with the plan and content of an earlier one of the same month counts nothing within the price's window.
- `delivery.started` counts nothing; a stream without an end is listed.
- Refusals have no place in an account.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from ledger.billing.prices import Price, Trial

_CHINA = timezone(timedelta(hours=8))
_DELIVERED = frozenset({"delivery.completed", "delivery.aborted"})
_ANSWERED = frozenset({"answer.given", "code.redeemed"})
COUNTED = _DELIVERED | _ANSWERED | {"delivery.started"}
"""The types of entries that have a month; entries about statements have none."""


@dataclass(slots=True)
class Usage:
    """What was counted. `repeated` and `aborted` are the numbers of ends that counted nothing, by their reason.

    `open` are the indexes of streams without an end in the range. `in_trial` are calls and records of a trial's time.
    """

    calls: int = 0
    records: int = 0
    bytes: int = 0
    repeated: int = 0
    aborted: int = 0
    in_trial: list[int] = field(default_factory=lambda: [0, 0])
    open: list[int] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The usage as JSON."""
        return {
            "aborted": self.aborted,
            "bytes": self.bytes,
            "calls": self.calls,
            "in_trial": self.in_trial,
            "open": self.open,
            "records": self.records,
            "repeated": self.repeated,
        }


def month_of(at: str) -> str:
    """The calendar month in China of an entry's time, such as 2026-12."""
    return datetime.fromisoformat(at).astimezone(_CHINA).strftime("%Y-%m")


def bounds_of(month: str) -> tuple[datetime, datetime]:
    """The first moment of a month in China, and that of the next. Raises ValueError."""
    first = datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=_CHINA)
    after = (first + timedelta(days=32)).replace(day=1)
    return first.astimezone(UTC), after.astimezone(UTC)


def count(entries: Iterable[tuple[int, Mapping[str, Any]]], price: Price) -> Usage:
    """Count the entries of one month, given in the account's order as index and body."""
    usage = Usage()
    plans: dict[int, str] = {}
    free_until: dict[tuple[str, str], datetime] = {}
    trial_end = datetime.fromisoformat(price.model.until) if isinstance(price.model, Trial) else None
    for index, body in entries:
        kind = body["type"]
        if kind == "delivery.started":
            plans[index] = body["plan"]
            continue
        if kind not in COUNTED:
            continue
        plan = body.get("plan") or plans.pop(body.get("started", -1), None)
        if kind == "delivery.aborted" and price.aborted == "free":
            usage.aborted += 1
            continue
        at = datetime.fromisoformat(body["at"])
        result = body.get("result") or {"rows": 0, "bytes": 0, "content": body.get("content", "")}
        key = (plan or "", result["content"])
        if plan is not None and at < free_until.get(key, at):
            usage.repeated += 1
            continue
        free_until[key] = at + timedelta(seconds=price.repeat_window)
        usage.bytes += result["bytes"]
        if trial_end is not None and at < trial_end:
            usage.in_trial[0] += 1
            usage.in_trial[1] += result["rows"]
        else:
            usage.calls += 1
            usage.records += result["rows"]
    usage.open = sorted(plans)
    return usage
