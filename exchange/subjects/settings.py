"""Settings of data subjects: the directory of the secret slots, and the retention of sealed details."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from exchange.kernel.settings import KernelSettings


class SubjectSettings(KernelSettings):
    """Keys of data subjects, and their retention."""

    subject_keys: Annotated[
        Path | None,
        Field(
            description="The directory of the secrets that an erasure destroys; unset: keys/subjects in the data directory"
        ),
    ] = None
    retention_days: Annotated[
        int,
        Field(
            ge=0,
            le=36_600,
            description="Retention of sealed details about a person, days; an earlier erasure is refused",
        ),
    ] = 1096

    @property
    def slots(self) -> Path:
        """The directory of the secrets that an erasure destroys."""
        return self.subject_keys or self.data / "keys" / "subjects"
