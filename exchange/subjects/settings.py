"""Settings of data subjects: where the secrets lie that an erasure destroys, and how long details are kept."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from exchange.kernel.settings import KernelSettings


class SubjectSettings(KernelSettings):
    """Keys of data subjects, and their retention."""

    subject_keys: Annotated[
        Path | None,
        Field(description="Where the secrets lie that an erasure destroys; unset: keys/subjects in the data directory"),
    ] = None
    retention_days: Annotated[
        int,
        Field(
            ge=0,
            le=36_600,
            description="Days that sealed details about a person are kept at least; an erasure before is refused",
        ),
    ] = 1096

    @property
    def slots(self) -> Path:
        """The directory of the secrets that an erasure destroys."""
        return self.subject_keys or self.data / "keys" / "subjects"
