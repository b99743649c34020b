"""From what is stored about a source to an adapter that answers.

The kinds of sources, by name: `file` (config `digest`: of an imported snapshot) and `postgresql`
(config `table`, and optionally `schema`, `url`, `time_zone`; the secret is the whole URL, or the password where
config has the URL).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from adapters.contract import Adapter, SourceError
from adapters.duckdb.engine import Engine
from adapters.files.adapter import FileAdapter
from adapters.postgresql.adapter import PostgresAdapter
from adapters.postgresql.address import Gate
from adapters.postgresql.source import PgSource

KINDS: Final = ("file", "postgresql")
_DIGEST: Final = re.compile("[0-9a-f]{64}")


def open_adapter(
    kind: str,
    config: Mapping[str, Any],
    secret: str | None,
    snapshot_directory: Path,
    *,
    engine: Engine | None = None,
    gate: Gate | None = None,
) -> Adapter:
    """An adapter for a stored source. It connects on first use, where `gate` lets it.

    All files should share one `engine` over `snapshot_directory`; without it an adapter makes, and closes, its own.
    Raises SourceError option-invalid for an unknown kind or a config that lacks or exceeds what its kind needs.
    """
    if kind == "file":
        digest = _text(config, "digest")
        _no_more(config, {"digest"})
        if not _DIGEST.fullmatch(digest):
            raise SourceError("option-invalid", "a snapshot is named by a hex SHA-256")
        path = snapshot_directory / f"{digest}.parquet"
        if engine is not None:
            return FileAdapter(path, engine)
        return FileAdapter(path, Engine(snapshot_directory), owns_engine=True)
    if kind == "postgresql":
        _no_more(config, {"url", "table", "schema", "time_zone"})
        url, password = (config["url"], secret) if "url" in config else (secret, None)
        if not isinstance(url, str):
            raise SourceError("option-invalid", "the address of the database is missing")
        return PostgresAdapter(
            PgSource(
                url,
                _text(config, "table"),
                schema=_text(config, "schema", "public"),
                password=password,
                time_zone=_text(config, "time_zone", "UTC"),
                gate=gate,
            )
        )
    raise SourceError("option-invalid", f"a source is one of {', '.join(KINDS)}")


def _text(config: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = config.get(name, default)
    if not isinstance(value, str):
        raise SourceError("option-invalid", f'the source needs "{name}"')
    return value


def _no_more(config: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(str(name) for name in config.keys() - known)
    if unknown:
        raise SourceError("option-invalid", f"unknown in this kind of source: {', '.join(unknown)}")
