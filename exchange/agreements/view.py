"""An agreement as other rooms see it: a value, so that no room holds another's rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from exchange.agreements.models import Agreement


@dataclass(frozen=True, slots=True)
class AgreementView:
    """An agreement. `mask_key` is sealed; `not_before` and `not_after` are aware times."""

    id: UUID
    dataset_id: UUID
    consumer_id: UUID
    lane: str
    state: str
    purpose: str
    fields: Sequence[str]
    masks: Mapping[str, Any]
    row_filter: Mapping[str, Any] | None
    row_cap: int
    assessments: Mapping[str, Any]
    not_before: datetime
    not_after: datetime
    mask_key: bytes


def view_of(row: Agreement) -> AgreementView:
    """The view of a row."""
    return AgreementView(
        id=row.id,
        dataset_id=row.dataset_id,
        consumer_id=row.consumer_id,
        lane=row.lane,
        state=row.state,
        purpose=row.purpose,
        fields=tuple(row.fields),
        masks=row.masks,
        row_filter=row.row_filter,
        row_cap=row.row_cap,
        assessments=row.assessments,
        not_before=row.not_before,
        not_after=row.not_after,
        mask_key=row.mask_key,
    )
