"""Rate limits of one process: token buckets, and one for each organisation's changes."""

import time
from uuid import UUID

from cachetools import LRUCache

_ORGANISATIONS = 10_000


class RateLimit:
    """A token bucket in one process: `per_minute` acts a minute, and at most as many at once."""

    def __init__(self, per_minute: int) -> None:
        self._capacity = float(per_minute)
        self._tokens = float(per_minute)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Take a token. Returns False where none is left."""
        now = time.monotonic()
        self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._capacity / 60)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Changes:
    """The rate limit of each organisation on changes of what decisions rest on, which all deliveries have to follow."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._limits: LRUCache[UUID, RateLimit] = LRUCache(_ORGANISATIONS)

    def take(self, organisation: UUID) -> bool:
        """Count one more change of an organisation. Returns False where its allowance is used up."""
        limit = self._limits.get(organisation)
        if limit is None:
            limit = self._limits[organisation] = RateLimit(self._per_minute)
        return limit.take()
