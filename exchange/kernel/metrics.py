"""Metrics: what an exchange counts and measures, through OpenTelemetry's API.

Nothing is kept unless the process collects metrics (`admin/server/metrics.py`). Attributes are names of routes, problems and
statuses: never a person, an organisation or a value, so their number is bounded.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from exchange.kernel.database import Database
from ledger.log import store
from ledger.log.sequencer import Sequencer

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_meter = metrics.get_meter("data-exchange")
_is_collected: Final[list[bool]] = []
_FAILED = 500

REQUESTS = _meter.create_histogram(
    "http.server.request.duration", "s", "Time to answer a request", explicit_bucket_boundaries_advisory=_BUCKETS
)
DELIVERIES = _meter.create_counter("exchange.deliveries", "1", "Requests for data, by outcome and the problem's slug")
JOBS = _meter.create_counter("exchange.jobs", "1", "Background jobs, by kind and outcome")
REFUSALS = _meter.create_counter("exchange.refusals", "1", "Requests answered with a problem, by its slug")
APPENDS = _meter.create_histogram(
    "exchange.ledger.append.duration",
    "s",
    "Time until an entry of a delivery or a refusal is durable",
    explicit_bucket_boundaries_advisory=_BUCKETS,
)


def begin_collecting(provider: metrics.MeterProvider) -> None:
    """Collect this process's metrics with a provider from now on. Called before the application is made."""
    metrics.set_meter_provider(provider)
    _is_collected[:] = [True]


def gauge(name: str, unit: str, description: str, read: Callable[[], Mapping[str, float]]) -> None:
    """Read values by their `state` whenever the metrics are collected; an empty state has no attribute."""
    if not _is_collected:
        return

    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(value, {"state": state} if state else {}) for state, value in read().items()]

    _meter.create_observable_gauge(name, callbacks=[observe], unit=unit, description=description)


def count_request(*, method: str, route: str, status: int, seconds: float, problem: str | None, is_data: bool) -> None:
    """Count a request that has been answered. `is_data`: it asked for data."""
    if not _is_collected:
        return
    attributes: dict[str, Any] = {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
    }
    REQUESTS.record(seconds, attributes)
    if problem is not None:
        REFUSALS.add(1, {"problem": problem})
    if is_data:
        outcome = "delivered" if problem is None else "failed" if status >= _FAILED else "refused"
        DELIVERIES.add(1, {"outcome": outcome, "problem": problem or ""})


def count_job(*, kind: str, outcome: str) -> None:
    """Count an attempt at a background job: `done`, `tried again` or `held`."""
    JOBS.add(1, {"kind": kind, "outcome": outcome})


class _MeasuredSequencer(Sequencer):
    """A sequencer whose appends are measured; `waiting` is how many wait now."""

    waiting = 0

    async def append(self, submission: store.Submission) -> int:
        """Append one entry, as Sequencer does."""
        begun = time.perf_counter()
        self.waiting += 1
        try:
            return await super().append(submission)
        finally:
            self.waiting -= 1
            APPENDS.record(time.perf_counter() - begun)


def open_sequencer(database: Database) -> Sequencer:
    """The process's sequencer; where metrics are collected, its queue and the database's connections are measured."""
    if not _is_collected:
        return Sequencer(database.appending)
    sequencer = _MeasuredSequencer(database.appending)
    gauge("exchange.ledger.waiting", "1", "Entries that wait for the ledger", lambda: {"": sequencer.waiting})

    def connections() -> dict[str, float]:
        idle, size = database.pool.get_idle_size(), database.pool.get_size()
        return {"idle": idle, "used": size - idle}

    gauge("exchange.database.connections", "1", "Connections of the delivery path", connections)
    return sequencer
