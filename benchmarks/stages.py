"""Measure the stages of a governed read: clocks around the steps of the hot path, switched on for a round of their own.

`wall` is the time from a step's beginning to its end, waiting included: its share of a lone request's latency. `cpu` is
the processor time of the server's thread inside the step, waiting and other requests left out: its share of what limits
the throughput. What no step covers (parsing HTTP, routing, the event loop, the drivers' callbacks) is the rest.
"""

import time
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from exchange.delivery import answering, paging, routes
from exchange.delivery.stages import Planned
from exchange.participants.door.admit import Admission
from ledger.log.sequencer import Sequencer

_STEPS: tuple[tuple[str, Any, str], ...] = (
    ("verify the request", Admission, "run"),
    ("read the question", answering, "question_of"),
    ("decide", answering, "decide"),
    ("plan", answering, "plan"),
    ("read the record", paging, "read"),
    ("encode the answer", paging, "encode_json_page"),
    ("write the entry", paging, "completed"),
    ("write the entry", Planned, "submission"),
    ("make it durable", Sequencer, "append"),
    ("make it durable", Sequencer, "_commit"),
    ("sign the answer", paging, "signature_headers"),
)
_WAITED_FOR = "append"  # the commit runs beside the requests that wait for it
_TOTAL = ("all", routes, "answer")


@dataclass(slots=True)
class _Clock:
    calls: int = 0
    wall: float = 0.0
    cpu: float = 0.0


class _Stepped:
    """A coroutine whose steps are timed one by one."""

    def __init__(self, inner: Coroutine[Any, Any, Any], clock: _Clock) -> None:
        self._inner = inner
        self._clock = clock

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[..., Any] = self._inner.send
        argument: Any = None
        while True:
            begun = time.thread_time()
            try:
                waiting = step(argument)
            except StopIteration as stop:
                return stop.value
            finally:
                self._clock.cpu += time.thread_time() - begun
            try:
                argument = yield waiting
                step = self._inner.send
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the inner one's
                step, argument = self._inner.throw, error


class Stages:
    """The clocks; while they are on, every step of the hot path passes one."""

    def __init__(self) -> None:
        self._clocks: dict[tuple[str, str], _Clock] = {}
        self._plain: list[tuple[Any, str, Any]] = []

    def start(self) -> None:
        """Put a clock around every step."""
        self.stop()
        self._clocks.clear()
        for name, place, attribute in (*_STEPS, _TOTAL):
            plain = getattr(place, attribute)
            self._plain.append((place, attribute, plain))
            clock = self._clocks[name, attribute] = _Clock()
            setattr(
                place, attribute, _timed_async(plain, clock) if iscoroutinefunction(plain) else _timed(plain, clock)
            )

    def stop(self) -> None:
        """Take the clocks away again."""
        while self._plain:
            place, attribute, plain = self._plain.pop()
            setattr(place, attribute, plain)

    def report(self) -> dict[str, Any]:
        """Seconds by stage, and how many requests there were."""
        stages: dict[str, dict[str, float]] = {}
        for (name, attribute), clock in self._clocks.items():
            stage = stages.setdefault(name, {"wall": 0.0, "cpu": 0.0})
            stage["cpu"] += clock.cpu
            if name != "make it durable" or attribute == _WAITED_FOR:
                stage["wall"] += clock.wall
        return {"requests": self._clocks["all", "answer"].calls, "stages": stages}


def _timed(plain: Callable[..., Any], clock: _Clock) -> Callable[..., Any]:
    @wraps(plain)
    def call(*args: Any, **kwargs: Any) -> Any:
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            return plain(*args, **kwargs)
        finally:
            clock.calls += 1
            clock.cpu += time.thread_time() - cpu
            clock.wall += time.perf_counter() - wall

    return call


def _timed_async(plain: Callable[..., Coroutine[Any, Any, Any]], clock: _Clock) -> Callable[..., Any]:
    @wraps(plain)
    async def call(*args: Any, **kwargs: Any) -> Any:
        wall = time.perf_counter()
        try:
            return await _Stepped(plain(*args, **kwargs), clock)
        finally:
            clock.calls += 1
            clock.wall += time.perf_counter() - wall

    return call
