"""An agreement as other rooms see it: a value, so that no room holds another's rows.

An agreement holds what was granted: its own document, and the masks, row filter, rate, module and duties of the terms under
which it was concluded, which are the terms of its dataset's version. Later terms narrow it and never widen it; so do its
own narrowings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from exchange.agreements.models import Agreement, AgreementNarrowing
from exchange.agreements.schemas import AgreementOut
from policies.decision.obligations import stricter


@dataclass(frozen=True, slots=True)
class AgreementView:
    """The present grant of an agreement. `mask_key` is sealed; `not_before` and `not_after` are aware times.

    `masks` are the strictest of its own, of its narrowings, and of `terms`, which are the terms under which it was
    concluded, as JSON. `row_filters` are its own and those of its narrowings; both sides see them, unlike that of `terms`. An
    agreement `is_billed` if it has a price document.
    """

    id: UUID
    dataset_id: UUID
    provider_id: UUID
    consumer_id: UUID
    lane: str
    state: str
    purpose: str
    fields: Sequence[str]
    masks: Mapping[str, Any]
    row_filters: Sequence[Mapping[str, Any]]
    row_cap: int
    assessments: Mapping[str, Any]
    not_before: datetime
    not_after: datetime
    mask_key: bytes
    terms: Mapping[str, Any]
    answers: Sequence[str] = ()
    resharing: bool = False
    is_billed: bool = False


def view_of(
    row: Agreement, *, terms: Mapping[str, Any], narrowings: Iterable[AgreementNarrowing] = ()
) -> AgreementView:
    """The view of a row, under the terms of its version and with its narrowings."""
    fields, row_cap, not_after = list(row.fields), row.row_cap, row.not_after
    row_filters = [row.row_filter] if row.row_filter else []
    masks = [terms["masks"], row.masks]
    for narrowing in narrowings:
        fields = [name for name in fields if name not in narrowing.without]
        masks.append(narrowing.masks)
        row_filters += [narrowing.row_filter] if narrowing.row_filter else []
        row_cap = min(row_cap, narrowing.row_cap or row_cap)
        not_after = min(not_after, narrowing.not_after or not_after)
    return AgreementView(
        id=row.id,
        dataset_id=row.dataset_id,
        provider_id=row.provider_id,
        consumer_id=row.consumer_id,
        lane=row.lane,
        state=row.state,
        purpose=row.purpose,
        fields=tuple(fields),
        masks=strictest(masks, fields),
        row_filters=tuple(row_filters),
        row_cap=row_cap,
        assessments=row.assessments,
        not_before=row.not_before,
        not_after=not_after,
        mask_key=row.mask_key,
        terms=terms,
        answers=tuple(row.answers or ()),
        resharing=row.resharing,
        is_billed=row.billing is not None,
    )


def strictest(masks: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> dict[str, Any]:
    """Pick, from several masks by field, the strictest for each of these fields that has one."""
    granted, strict = set(fields), dict[str, Any]()
    for each in masks:
        for name in granted & each.keys():
            strict[name] = stricter(strict[name], each[name]) if name in strict else each[name]
    return strict


def in_force_document(agreement: AgreementOut) -> dict[str, Any]:
    """An agreement as JSON, with what is in force in place of what was concluded; for its ODRL policy."""
    document = agreement.model_dump(mode="json")
    in_force = document["in_force"]
    filters = in_force["row_filters"]
    row_filter = {"all": filters} if len(filters) > 1 else next(iter(filters), None)
    return {
        **document,
        **{name: in_force[name] for name in ("fields", "masks", "row_cap", "not_after")},
        "row_filter": row_filter,
    }
