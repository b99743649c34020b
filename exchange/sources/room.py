"""Room for uploads: how many one organisation sends at a time, the bytes its files take, and what stays free of the disk.

An upload that is begun and never ended keeps what has come. So the limits hold while a file comes in, over all processes
of a data directory, and not only at its end.
"""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from exchange.sources import storage
from exchange.sources.errors import StorageFull, TooManyUploads, UploadQuota
from exchange.sources.settings import SourceSettings

_BUSY_SECONDS, _FULL_SECONDS = "30", "600"


@dataclass(frozen=True, slots=True)
class Room:
    """The room of one organisation. `stored` are the bytes of its snapshots beside the one that an upload replaces."""

    settings: SourceSettings
    uploads: Path
    organisation: UUID
    stored: int

    def check_number(self) -> None:
        """Check that this upload, which has its directory, is not one too many. Raises TooManyUploads."""
        limit = self.settings.uploads_at_once
        if len(storage.running_uploads(self.uploads, self.organisation)) > limit:
            raise TooManyUploads(
                f"Your organisation may send {limit} files at a time; wait until one of them has ended.",
                headers={"Retry-After": _BUSY_SECONDS},
            )

    def check_bytes(self, coming: int) -> None:
        """Check that so many further bytes have room. Raises UploadQuota, StorageFull."""
        limit = self.settings.organisation_bytes_max
        received = sum(storage.size_of(path) for path in storage.running_uploads(self.uploads, self.organisation))
        if self.stored + received + coming > limit:
            raise UploadQuota(
                f"The files of your organisation may take {limit} bytes, and would take "
                f"{self.stored + received + coming}; withdraw sources that no dataset needs.",
            )
        if storage.free_bytes(self.uploads) - coming < self.settings.disk_reserve_bytes:
            raise full()


def full() -> StorageFull:
    """The problem of a disk without room."""
    return StorageFull(
        "The exchange's disk has no room for the file now; its operator has to make some. Try again later.",
        headers={"Retry-After": _FULL_SECONDS},
    )
