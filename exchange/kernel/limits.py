"""Limits on what strangers can make the exchange do."""

import time


class Allowance:
    """So many acts a minute, in one process; what was saved up while nothing happened lasts one minute."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._left = float(per_minute)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Whether one more act is allowed now."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._most / 60)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
