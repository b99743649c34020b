"""The kinds of sources there are: one line each."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.files.kind import FILE
from adapters.kind import Kind
from adapters.postgresql.kind import POSTGRESQL

KINDS: Final[Mapping[str, Kind[Any]]] = {kind.name: kind for kind in (FILE, POSTGRESQL)}
"""By name, as stored with each source."""
