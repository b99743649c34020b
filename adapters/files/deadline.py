"""A bound in time on reading a file: whatever its bytes are, a thread is not busy with them for ever."""

import time
from typing import Final

from adapters.contract import SourceError

_SECONDS: Final = 600


class Deadline:
    """The time by which an import has to have ended, from now on."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._at = time.monotonic() + seconds

    def check(self) -> None:
        """Raises SourceError too-large when the time is over."""
        if time.monotonic() > self._at:
            raise SourceError(
                "too-large",
                f"the file takes more than {self._seconds:g} seconds to import; import it in parts, or as Parquet",
            )
