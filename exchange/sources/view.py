"""A source as other rooms see it: a value, so that no room holds another's rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from adapters.plan.plan import Field


class SourceRow(Protocol):
    """What a view is made of: the columns of a source's row."""

    id: Any
    organisation_id: Any
    kind: Any
    state: Any
    config: Any
    secret: Any
    description: Any


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source. `secret` is sealed; `digest` names the content that was described, None before the first description."""

    id: UUID
    organisation: UUID
    kind: str
    state: str
    config: Mapping[str, Any]
    secret: bytes | None
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    digest: str | None


def view_of(row: SourceRow) -> SourceView:
    """The view of a row."""
    description = row.description
    return SourceView(
        id=row.id,
        organisation=row.organisation_id,
        kind=row.kind,
        state=row.state,
        config=row.config,
        secret=row.secret,
        fields=tuple(Field(**field) for field in description["fields"]) if description else (),
        key=tuple(description["key"]) if description else (),
        digest=description["digest"] if description else None,
    )
