"""Remembering decisions, for consumers that read one record at a time all day.

A decision follows from the policy and the facts, and the facts are in the key: a suspended agreement or a revoked role
makes another key, so nothing has to be told to this cache. Only time passes without changing a fact; therefore a
decision is remembered for the span in which no window of the document opens or closes.
"""

import hashlib
from collections import OrderedDict

from policies.decision.documents import NEVER, Decision, DeliveryInput
from policies.engines.engine import Engine


class DecisionCache:
    """
    An engine in front of an engine, which gives the same decisions. One for each event loop; not shared by threads.

    `size` is the number of decisions kept, the most recently used ones.
    """

    def __init__(self, engine: Engine, *, size: int = 10_000) -> None:
        self._engine = engine
        self._size = size
        self._kept: OrderedDict[bytes, tuple[int, int, Decision]] = OrderedDict()

    @property
    def name(self) -> str:
        """The name of the engine that decides."""
        return self._engine.name

    @property
    def revision(self) -> str:
        """The revision of the engine that decides."""
        return self._engine.revision

    async def decide(self, document: DeliveryInput) -> Decision:
        """The engine's decision, from memory where it cannot have changed; see Engine."""
        key = hashlib.sha256(document.facts()).digest() + self._engine.revision.encode()
        kept = self._kept.get(key)
        if kept is not None and kept[0] <= document.now < kept[1]:
            self._kept.move_to_end(key)
            return kept[2]
        decision = await self._engine.decide(document)
        if any(reason.code == "policy-unavailable" for reason in decision.reasons):
            return decision  # the next one asks again
        self._kept[key] = (*span(document), decision)
        self._kept.move_to_end(key)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return decision


def span(document: DeliveryInput) -> tuple[int, int]:
    """
    The time around `now` in which no window of the document opens or closes: from, up to and without, in seconds.

    The rules compare `now` with nothing but these edges (policies/delivery.rego), each as "at or after". A module of the
    owner's sees the minute as well.
    """
    edges = [document.resource.terms.not_after]
    for agreement in document.agreements:
        edges += (agreement.not_before, agreement.not_after)
    now = document.now
    if document.resource.terms.module is not None:
        edges += (now - now % 60, now - now % 60 + 60)
    begin = max((edge for edge in edges if edge <= now), default=0)
    return begin, min((edge for edge in edges if edge > now), default=NEVER + 1)
