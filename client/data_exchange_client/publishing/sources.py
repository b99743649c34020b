"""Sources to publish: a file of one's own, or a table in one's own PostgreSQL database."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from data_exchange_client.api import Client
from data_exchange_client.errors import CannotDo

TYPES: Final = ("string", "integer", "decimal", "number", "boolean", "date", "timestamp")
"""The types that a field of a file can be read as."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file to upload. `options` are the import's, as the API has them; what they leave out is inferred."""

    path: Path
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name, without its directory."""
        return self.path.name

    def require(self) -> None:
        """Raise CannotDo unless the path is a readable file with content."""
        if not self.path.exists():
            raise CannotDo(f"there is no file {self.path}")
        if not self.path.is_file():
            raise CannotDo(f"{self.path} is not a file")
        try:
            with self.path.open("rb") as file:
                is_empty = not file.read(1)
        except OSError as error:
            raise CannotDo(f"{self.path} cannot be read: {error.strerror}") from error
        if is_empty:
            raise CannotDo(f"{self.path} is empty")

    def document(self, title: str, types: Mapping[str, str]) -> dict[str, Any]:
        """The source as the API registers it. `types` are read where the options state none."""
        options = dict(self.options)
        if stated := {**types, **options.get("types", {})}:
            options["types"] = stated
        return {"kind": "file", "title": title, "options": options}

    def upload(self, client: Client, source: str) -> dict[str, Any]:
        """Upload the file as a source's content; the source as the exchange then describes it. Raises as Client.request."""
        answer = client.request(
            "PUT",
            f"/api/v1/sources/{source}/content",
            # Only the name's suffix matters, so the rest of the name stays on this machine.
            params={"filename": "upload" + self.path.suffix.encode("ascii", "ignore").decode()},
            content=self.path,
            headers={"content-type": "application/octet-stream"},
        )
        return dict(answer.json())

    def digest(self) -> str:
        """The SHA-256 of the file, in hex."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table or view of PostgreSQL. `dsn` holds the password, so it is never shown."""

    dsn: str = field(repr=False)
    table: str
    schema: str = "public"

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table

    def require(self) -> None:
        """Check nothing: the exchange connects to the source, not this machine."""

    def document(self, title: str, types: Mapping[str, str]) -> dict[str, Any]:
        """The source as the API registers it. A table has types of its own, so `types` are not stated."""
        del types
        return {
            "kind": "postgresql",
            "title": title,
            "dsn": self.dsn,
            "table": self.table,
            "table_schema": self.schema,
        }

    def digest(self) -> str:
        """The SHA-256 of the table's name, in hex."""
        return hashlib.sha256(f"{self.schema}.{self.table}".encode()).hexdigest()


Source = FileSource | TableSource


def table_source(address: str, *, table: str, schema: str, password_file: Path | None) -> TableSource:
    """A table at `postgresql://login@host:port/database`, with the password of a file or of PGPASSWORD.

    A password in the address would be in the machine's list of processes and in the shell's history, so it is refused.
    Raises CannotDo.
    """
    try:
        parts = urlsplit(address)
        host, login, given = parts.hostname, parts.username, parts.password
    except ValueError as error:
        raise CannotDo(f"the address of the database cannot be read: {error}") from None
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise CannotDo("the address of a database is postgresql://LOGIN@HOST:PORT/DATABASE")
    if given is not None or "password=" in parts.query:
        raise CannotDo(
            "a password does not belong in an argument, which other users of this machine can read",
            hint="put it into a file of mode 0600 and name it with --password-file, or into PGPASSWORD",
        )
    password = _read_password(password_file) if password_file else os.environ.get("PGPASSWORD", "")
    if password and not login:
        raise CannotDo("a password needs a login: postgresql://LOGIN@HOST:PORT/DATABASE")
    if password:
        where = f"[{host}]" if host and ":" in host else host or ""
        port = f":{parts.port}" if parts.port else ""
        parts = parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}:{quote(password, safe='')}@{where}{port}")
    return TableSource(urlunsplit(parts), table, schema)


def _read_password(path: Path) -> str:
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise CannotDo(f"{path} can be read by others; run: chmod 600 {path}")
        return path.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError) as error:
        raise CannotDo(f"{path} cannot be read: {error}") from error
    except IndexError:
        raise CannotDo(f"{path} is empty; its first line is the password") from None
