"""A source as other rooms see it: a value, so that no room holds another's rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.plan.plan import Field
from exchange.sources.models import Source


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source. `secret` is sealed; `digest` names the described content, None before the first description.

    `content_version` counts the contents of a file, the last of which came at `refreshed_at`.
    """

    id: UUID
    organisation: UUID
    kind: str
    state: str
    config: Mapping[str, Any]
    secret: bytes | None = field(repr=False)
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    digest: str | None
    content_version: int
    refreshed_at: datetime | None


def view_of(row: Source) -> SourceView:
    """The view of a row."""
    description = row.description
    return SourceView(
        id=row.id,
        organisation=row.organisation_id,
        kind=row.kind,
        state=row.state,
        config=row.config,
        secret=row.secret,
        fields=tuple(Field(**member) for member in description["fields"]) if description else (),
        key=tuple(description["key"]) if description else (),
        digest=description["digest"] if description else None,
        content_version=row.content_version,
        refreshed_at=row.refreshed_at,
    )
