"""A circuit breaker: while an engine keeps failing, every request is denied at once and the engine is not asked.

Without it, each request would wait for the time limit of a server that is down, and a restarted server would get all waiting
requests at once. The denial is `policy-unavailable`, the engine's own.
"""

import logging
import time
from collections.abc import Callable

from policies.decision.documents import Decision, DeliveryInput, deny
from policies.engines.contract import Engine

_LOG = logging.getLogger(__name__)


class Breaker:
    """
    An engine in front of an engine, for one event loop.

    After `failures` failures in a row the circuit opens: it denies at once for `rest` seconds. Then it passes one request to
    the engine as a probe, and denies the others meanwhile. A decision closes the circuit; a failure begins another rest.
    """

    def __init__(
        self, engine: Engine, *, failures: int = 5, rest: float = 2.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._failures = failures
        self._rest = rest
        self._clock = clock
        self._failures_in_a_row = 0
        self._rests_until = 0.0
        self._is_probing = False

    @property
    def name(self) -> str:
        """The name of the engine that decides."""
        return self._engine.name

    @property
    def revision(self) -> str:
        """The revision of the engine that decides."""
        return self._engine.revision

    @property
    def is_open(self) -> bool:
        """Whether the circuit is open: the engine gets no request but a probe."""
        return self._failures_in_a_row >= self._failures

    async def decide(self, document: DeliveryInput) -> Decision:
        """The engine's decision, or a denial while the circuit is open; see Engine."""
        if not self.is_open:
            return await self._ask(document)
        if self._is_probing or self._clock() < self._rests_until:
            return deny("policy-unavailable", rule="engine.circuit_open", revision=self.revision)
        self._is_probing = True
        try:
            return await self._ask(document)
        finally:
            self._is_probing = False

    async def _ask(self, document: DeliveryInput) -> Decision:
        was_open = self.is_open
        decision = await self._engine.decide(document)
        if any(reason.code == "policy-unavailable" for reason in decision.reasons):
            self._failures_in_a_row += 1
            if self.is_open:
                self._rests_until = self._clock() + self._rest
                if not was_open:
                    failures = self._failures_in_a_row
                    _LOG.error("%s failed %d times in a row; it rests %g seconds", self.name, failures, self._rest)
        else:
            if was_open:
                _LOG.warning("%s answers again", self.name)
            self._failures_in_a_row = 0
        return decision
