"""A cache of decisions, for consumers that read one record at a time all day.

A decision follows from the policy and the facts, and the key holds all facts: a suspended agreement or a revoked role makes
another key, so nothing has to invalidate an entry. Only time passes without changing a fact; so a decision is valid until
the next time at which a validity period in its document begins or ends.
"""

import hashlib
from typing import TypeVar

from cachetools import LRUCache

from policies.decision.documents import NEVER, Decision, DeliveryInput
from policies.engines.contract import Engine

_K = TypeVar("_K")
_V = TypeVar("_V")
_OVERHEAD = 2_000
_PER_BYTE = 10  # Python values of a document take about ten times its JSON


class DecisionCache:
    """
    An engine in front of an engine, which gives the same decisions. For one event loop; not safe to share between threads.

    It holds the most recently used decisions, as many as have about `size` bytes together.
    """

    def __init__(self, engine: Engine, *, size: int = 64 * 2**20) -> None:
        self._engine = engine
        self._decisions: LRUCache[bytes, tuple[int, int, Decision, int]] = LRUCache(
            maxsize=size, getsizeof=lambda cached: cached[3]
        )

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
        weight = weigh(decision)
        keep(self._decisions, key, (*find_validity(document), decision, weight), weight=weight)
        return decision


def weigh(decision: Decision) -> int:
    """About the size of a decision in memory, in bytes: it grows with the number and length of the names in it."""
    return _OVERHEAD + _PER_BYTE * len(decision.__pydantic_serializer__.to_json(decision))


def keep(cache: LRUCache[_K, _V], key: _K, value: _V, *, weight: int) -> None:
    """Put a value into a cache that is bounded by weight, unless it alone is heavier than the cache may be."""
    if weight <= cache.maxsize:
        cache[key] = value


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
