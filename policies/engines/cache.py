"""A cache of decisions, for consumers that read one record at a time all day.

A decision follows from the policy and the facts, and the key holds all facts: a suspended agreement or a revoked role makes
another key, so nothing has to invalidate an entry. Only time passes without changing a fact; so a decision is valid until
the next time at which a validity period in its document begins or ends.
"""

import hashlib

from cachetools import LRUCache

from policies.decision.documents import NEVER, Decision, DeliveryInput
from policies.engines.contract import Engine


class DecisionCache:
    """
    An engine in front of an engine, which gives the same decisions. For one event loop; not safe to share between threads.

    It holds the `size` most recently used decisions.
    """

    def __init__(self, engine: Engine, *, size: int = 10_000) -> None:
        self._engine = engine
        self._decisions: LRUCache[bytes, tuple[int, int, Decision]] = LRUCache(maxsize=size)

    @property
    def name(self) -> str:
        """The name of the engine that decides."""
        return self._engine.name

    @property
    def revision(self) -> str:
        """The revision of the engine that decides."""
        return self._engine.revision

    async def decide(self, document: DeliveryInput) -> Decision:
        """The engine's decision, or the cached one while it is valid; see Engine."""
        key = hashlib.sha256(document.facts()).digest() + self._engine.revision.encode()
        cached = self._decisions.get(key)
        if cached is not None and cached[0] <= document.now < cached[1]:
            return cached[2]
        decision = await self._engine.decide(document)
        if any(reason.code == "policy-unavailable" for reason in decision.reasons):
            return decision  # the next request asks the engine again
        self._decisions[key] = (*find_validity(document), decision)
        return decision


def find_validity(document: DeliveryInput) -> tuple[int, int]:
    """
    The interval [begin, end) around `now`, in epoch seconds, in which time alone cannot change the decision.

    The rules compare `now` only with the ends of validity periods, each as "at or after" (policies/rego/delivery.rego). An
    owner's module also reads the minute.
    """
    edges = [document.resource.terms.not_after]
    for agreement in document.agreements:
        edges += (agreement.not_before, agreement.not_after)
    now = document.now
    if document.resource.terms.module is not None or any(agreement.module for agreement in document.agreements):
        edges += (now - now % 60, now - now % 60 + 60)
    begin = max((edge for edge in edges if edge <= now), default=0)
    return begin, min((edge for edge in edges if edge > now), default=NEVER + 1)
