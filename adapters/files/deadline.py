"""A time limit for imports, so that no file occupies a thread for ever."""

import time
from typing import Final

from adapters.contract import SourceError

_SECONDS: Final = 600


class Deadline:
    """The time by which an import ends, `seconds` from now."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._at = time.monotonic() + seconds

    def check(self) -> None:
        """Raise SourceError too-large after the deadline."""
        if time.monotonic() > self._at:
            raise SourceError(
                "too-large",
                f"the file takes more than {self._seconds:g} seconds to import; import it in parts, or as Parquet",
            )
