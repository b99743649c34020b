"""Usage: what the entries of an account come to in a calendar month, by the rule set `usage-1`.

- The month of an entry is that of its time in China, never before that of the account's billed entry before it, and never
  one of which a statement was issued before it.
- `delivery.completed` counts one call and the rows that were delivered; an answer about people counts one call.
- `delivery.aborted` counts the same where the price says `as_delivered`, and nothing where it says `free`.
- An answer with the plan and content of an earlier one of the same month counts nothing within the price's window. The
  time of an answer is the latest time of any billed entry of the month up to it, so that clocks that differ change nothing.
- `delivery.started` counts nothing; a stream without an end is listed. Adjustments and split tables have a month too.
- Refusals have no place in an account.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from ledger.billing.adjustments import ADJUSTED
from ledger.billing.prices import Price, Trial
from ledger.billing.splits import SIGNED

_CHINA = timezone(timedelta(hours=8))
_DELIVERED = frozenset({"delivery.completed", "delivery.aborted"})
_ANSWERED = frozenset({"answer.given", "code.redeemed"})
ISSUED = "statement.issued"
COUNTED = _DELIVERED | _ANSWERED | {"delivery.started", ADJUSTED, SIGNED}
"""The types of entries that have a month; what is stated or issued for a month has none of its own."""


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


def month_after(month: str) -> str:
    """The month after a month. Raises ValueError."""
    return bounds_of(month)[1].astimezone(_CHINA).strftime("%Y-%m")


def bounds_of(month: str) -> tuple[datetime, datetime]:
    """The first moment of a month in China, and that of the next. Raises ValueError."""
    first = datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=_CHINA)
    after = (first + timedelta(days=32)).replace(day=1)
    return first.astimezone(UTC), after.astimezone(UTC)


class Months:
    """The months of an account's entries, which are asked for in the account's order."""

    def __init__(self) -> None:
        self._least = ""

    def of(self, body: Mapping[str, Any]) -> str | None:
        """The month of an entry; None for one that has none, such as that of a statement."""
        if body["type"] == ISSUED:
            self._least = max(self._least, month_after(body["month"]))
        if body["type"] not in COUNTED:
            return None
        self._least = max(self._least, month_of(body["at"]))
        return self._least


class Counter:
    """Counts the entries of one month. It remembers the answers of the price's window and the open streams, and no more."""

    def __init__(self, price: Price) -> None:
        self.usage = Usage()
        self._price = price
        self._window = timedelta(seconds=price.repeat_window)
        self._trial_end = datetime.fromisoformat(price.model.until) if isinstance(price.model, Trial) else None
        self._now = datetime.min.replace(tzinfo=UTC)
        self._plans: dict[int, str] = {}
        # In the order of these times. Of a plain dict, the first of many would be looked for among those that were deleted.
        self._free_until: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def add(self, index: int, body: Mapping[str, Any]) -> None:
        """Count the next entry of the account, by its index and body."""
        kind = body["type"]
        if kind == "delivery.started":
            self._plans[index] = body["plan"]
        if kind not in _DELIVERED | _ANSWERED:
            return
        plan = body.get("plan") or self._plans.pop(body.get("started", -1), None)
        if kind == "delivery.aborted" and self._price.aborted == "free":
            self.usage.aborted += 1
            return
        at = datetime.fromisoformat(body["at"])
        self._now = max(self._now, at)
        result = body.get("result") or {"rows": 0, "bytes": 0, "content": body.get("content", "")}
        if plan is not None and self._is_repeated((plan, result["content"])):
            self.usage.repeated += 1
            return
        self.usage.bytes += result["bytes"]
        if self._trial_end is not None and at < self._trial_end:
            self.usage.in_trial[0] += 1
            self.usage.in_trial[1] += result["rows"]
        else:
            self.usage.calls += 1
            self.usage.records += result["rows"]

    def document(self) -> dict[str, Any]:
        """The usage as JSON, with the streams that have no end yet."""
        self.usage.open = sorted(self._plans)
        return self.usage.document()

    def _is_repeated(self, answer: tuple[str, str]) -> bool:
        """Whether an answer is free because of an earlier one; else it begins a window."""
        while self._free_until and next(iter(self._free_until.values())) <= self._now:
            self._free_until.popitem(last=False)
        if answer in self._free_until:
            return True
        if self._window:
            self._free_until[answer] = self._now + self._window
        return False
