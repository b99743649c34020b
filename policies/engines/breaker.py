"""A circuit breaker: an engine that keeps failing is left alone for a while, and everything is denied meanwhile.

Without it each request would wait for the time limit of a server that is gone, and its return would meet all of them at
once. Not being asked is not an allowance: what is answered is `policy-unavailable`, as by the engine itself.
"""

import logging
import time
from collections.abc import Callable

from policies.decision.documents import Decision, DeliveryInput, deny
from policies.engines.engine import Engine

_LOG = logging.getLogger(__name__)


class Breaker:
    """
    An engine in front of an engine, for one event loop.

    After `failures` decisions in a row that could not be made, it denies at once for `rest` seconds. Then one question is
    let through as a probe, and the others are still denied until that is answered: a decision closes the circuit again,
    another failure begins another rest.
    """

    def __init__(
        self, engine: Engine, *, failures: int = 5, rest: float = 2.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._failures = failures
        self._rest = rest
        self._clock = clock
        self._in_a_row = 0
        self._until = 0.0
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
        """Whether the engine is left alone at present, but for a probe."""
        return self._in_a_row >= self._failures

    async def decide(self, document: DeliveryInput) -> Decision:
        """The engine's decision, or a denial while it is left alone; see Engine."""
        if not self.is_open:
            return await self._ask(document)
        if self._is_probing or self._clock() < self._until:
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
            self._in_a_row += 1
            if self.is_open:
                self._until = self._clock() + self._rest
                if not was_open:
                    _LOG.error("%s failed %d times in a row and is left alone", self.name, self._in_a_row)
        else:
            if was_open:
                _LOG.warning("%s answers again", self.name)
            self._in_a_row = 0
        return decision
