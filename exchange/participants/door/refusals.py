"""Refusals that nobody is proven to have caused: how many get entries of their own, and one entry a minute for the rest.

A stranger may name any key, since keys are public. So requests that name a registered key have an allowance apart from
other strangers', and each key has one of its own: nobody uses up what the refusals of all others need.
"""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import datetime

from cachetools import LRUCache

from exchange.kernel.clock import rfc3339
from exchange.kernel.database import FAILURES
from exchange.kernel.logs import log
from exchange.kernel.loops import Loops, every
from exchange.kernel.runtime import Runtime
from exchange.participants.door.evidence import Claim, Copied, Named, Sender
from exchange.participants.door.rate_limit import RateLimit
from exchange.participants.door.settings import DoorSettings
from ledger import entries
from ledger.log import store
from ledger.log.head import Halted
from ledger.log.sequencer import SequencerClosed

SUMMARY = "refusals-summary"
_SECONDS = 60.0
_KEYS = 10_000


class Refusals:
    """The allowances of one process, and the refusals beyond them since the last summary."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._settings = settings = runtime[DoorSettings]
        self._strangers = RateLimit(settings.stranger_refusals)
        self._claimed = RateLimit(settings.claimed_refusals)
        self._keys: LRUCache[str, RateLimit] = LRUCache(_KEYS)
        self._counts: dict[str, int] = {}
        self._since: datetime | None = None

    def take(self, claim: Claim, problem: str) -> bool:
        """Whether the refusal of a claim gets an entry of its own; otherwise it is counted."""
        if isinstance(claim, Sender) or self._limit(claim):
            return True
        self._since = self._since or self._runtime.clock.now()
        self._counts[problem] = self._counts.get(problem, 0) + 1
        return False

    def _limit(self, claim: Claim) -> bool:
        if not names_registered_key(claim) or claim.signed is None:
            return self._strangers.take()
        keyid = claim.signed.keyid
        limit = self._keys.get(keyid)
        if limit is None:
            limit = self._keys[keyid] = RateLimit(self._settings.key_refusals)
        return limit.take() and self._claimed.take()

    async def summarise(self) -> None:
        """Append one entry about the refusals that were counted. Raises what appending raises."""
        counts, since = self._counts, self._since
        if since is None:
            return
        self._counts, self._since = {}, None
        body = entries.RequestsRefused(
            at=rfc3339(self._runtime.clock.now()), actor=entries.Actor(), since=rfc3339(since), problems=counts
        )
        appending = asyncio.create_task(self._runtime.sequencer.append(store.Submission(body.canonical())))
        try:
            await asyncio.shield(appending)
        except asyncio.CancelledError:
            with suppress(*FAILURES, SequencerClosed, Halted):  # written or not, it is known before this ends
                await appending
            if appending.exception() is not None:
                self._restore(counts, since)
            raise
        except Exception:
            self._restore(counts, since)
            raise

    async def close(self) -> None:
        """Append what was counted since the last summary, as the exchange stops. A failure is logged with the counts."""
        counts = dict(self._counts)
        try:
            await self.summarise()
        except (*FAILURES, SequencerClosed, Halted) as error:
            log().error(
                "refusals are not on the ledger", exc_info=error, reasons={k: str(v) for k, v in counts.items()}
            )

    def _restore(self, counts: dict[str, int], since: datetime) -> None:
        """Take counts back that are not on the ledger, beside those that came meanwhile."""
        self._since = since
        self._counts = {name: counts.get(name, 0) + self._counts.get(name, 0) for name in {*counts, *self._counts}}


def names_registered_key(claim: Claim) -> bool:
    """Whether a claim names a registered key; the request's sender may be another."""
    return isinstance(claim, Sender | Copied) or (isinstance(claim, Named) and claim.is_registered)


def open_refusals(runtime: Runtime, stack: AsyncExitStack) -> None:
    """Register the allowances, and the loop that sums up what is beyond them. The stack writes the last sum."""
    refusals = runtime.add(Refusals(runtime))
    stack.push_async_callback(refusals.close)
    runtime[Loops].add(every(_SECONDS, refusals.summarise, name=SUMMARY))
