"""Watching the policy server: whether it answers, with the bundle of this version, also while nobody asks for data.

While it fails, deliveries are denied (`policy-unavailable`), so the operator learns of them before a consumer does.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from exchange.kernel.clock import rfc3339
from exchange.kernel.logs import log
from exchange.kernel.loops import Loops, every
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.health import Alarms

POLICY_SERVER = "policy-server-watch"
_SECONDS = 5.0


class PolicyServer:
    """The policy server as this process last saw it. `probe` returns what is wrong with it, None where nothing is."""

    def __init__(self, runtime: Runtime, probe: Callable[[], Awaitable[str | None]]) -> None:
        self._clock = runtime.clock
        self._probe = probe
        self._fault: str | None = None
        self._since: datetime | None = None

    async def watch(self) -> None:
        """Look once, and log where it fails or is back."""
        fault, before = await self._probe(), self._fault
        self._fault = fault
        if fault is None:
            self._since = None
            if before is not None:
                log().warning("the policy server decides again")
        elif self._since is None:
            self._since = self._clock.now()
            log().critical(
                "the policy server does not decide; deliveries that need a new decision are denied", error=fault
            )

    def alarm(self) -> str | None:
        """The alarm for an operator, one line; None where all is well."""
        if self._fault is None or self._since is None:
            return None
        since = rfc3339(self._since)
        return f"alarm: the policy server {self._fault} since {since}; deliveries that need a new decision are denied"


def watch_policy_server(runtime: Runtime, probe: Callable[[], Awaitable[str | None]]) -> None:
    """Register the loop that looks at the policy server, and its alarm."""
    server = runtime.add(PolicyServer(runtime, probe))
    runtime[Alarms].sources.append(server.alarm)
    runtime[Loops].add(every(_SECONDS, server.watch, name=POLICY_SERVER))
