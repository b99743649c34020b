"""An organisation as other rooms see it: a value, so that no room holds another's rows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from exchange.participants.models import Organisation


@dataclass(frozen=True, slots=True)
class OrganisationView:
    """An organisation. `code` is its unified social credit code (GB 32100-2015), `region` a code of GB/T 2260.

    With `separates_duties`, nobody holds two of steward, approver and security administrator in it.
    """

    id: UUID
    handle: str
    kind: str
    code: str
    level: str
    region: str | None
    parent_id: UUID | None
    name_zh: str
    name_en: str
    state: str
    registered_at: datetime
    separates_duties: bool


def view_of(row: Organisation) -> OrganisationView:
    """The view of a row."""
    return OrganisationView(
        id=row.id,
        handle=row.handle,
        kind=row.kind,
        code=row.code,
        level=row.level,
        region=row.region,
        parent_id=row.parent_id,
        name_zh=row.name_zh,
        name_en=row.name_en,
        state=row.state,
        registered_at=row.registered_at,
        separates_duties=row.separates_duties,
    )
