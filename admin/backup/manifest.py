"""The manifest of a backup: the point of the ledger that it holds, and a digest of each of its files."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from admin.terminal import CannotDo
from groundwork import durable

DUMP: Final = "database.dump"
FILES: Final = "data"
_NAME: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of a backup. `head` is the last entry's hash in hexadecimal, `server` PostgreSQL's major version.

    `digests` has the SHA-256 of each file, by its path in the backup.
    """

    at: str
    version: str
    origin: str
    incarnation: int
    size: int
    head: str
    revision: str
    server: int
    digests: Mapping[str, str]

    def write(self, backup: Path) -> None:
        """Write the manifest, which makes the backup complete."""
        durable.write(backup / _NAME, json.dumps(asdict(self), indent=1).encode() + b"\n")

    @classmethod
    def read(cls, backup: Path) -> "Manifest":
        """The manifest of a complete backup. Raises CannotDo."""
        try:
            return cls(**json.loads((backup / _NAME).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise CannotDo(
                f"{backup} is not a complete backup: its {_NAME} cannot be read",
                hint="a backup that was broken off has none; take another",
            ) from error

    def check(self, backup: Path) -> None:
        """Compare every file with its digest. Raises CannotDo, which names the first that differs."""
        for name, digest in self.digests.items():
            path = backup / name
            if not path.is_file() or digest_of(path) != digest:
                raise CannotDo(f"{path} is missing or was changed since the backup; nothing was restored")


def digest_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
