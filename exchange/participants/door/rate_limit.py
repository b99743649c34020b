"""The rate limit on refusals that the ledger records for requests nobody is proven to have sent."""

import time


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
