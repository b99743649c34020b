"""Datasets as other rooms see them: values, so that no room holds another's rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from exchange.catalog.models import Dataset, DatasetVersion
from exchange.participants.view import OrganisationView


@dataclass(frozen=True, slots=True)
class Draft:
    """A dataset's draft: the source it reads, its document as JSON, and the salt of the document's digest.

    `by` is the principal who drafted it; None for a draft of a former version of the exchange.
    """

    source: UUID
    document: Mapping[str, Any]
    salt: str
    by: UUID | None


@dataclass(frozen=True, slots=True)
class DatasetView:
    """A dataset. `version` is the number of the published version, 0 before the first."""

    id: UUID
    organisation_id: UUID
    handle: str
    state: str
    version: int
    draft: Draft | None
    withdrawal: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A published version: the document as JSON, with the salted digest that is on the ledger."""

    version: int
    source_id: UUID
    document: Mapping[str, Any]
    digest: str
    salt: str
    published_at: datetime
    predates_basis: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A dataset with the organisation that owns it and its published version, None before the first."""

    dataset: DatasetView
    owner: OrganisationView
    version: PublishedVersion | None


def dataset_of(row: Dataset) -> DatasetView:
    """The view of a dataset's row."""
    return DatasetView(
        id=row.id,
        organisation_id=row.organisation_id,
        handle=row.handle,
        state=row.state,
        version=row.version,
        draft=draft_of(row),
        withdrawal=row.withdrawal,
    )


def draft_of(row: Dataset) -> Draft | None:
    """The draft in a dataset's row."""
    if row.draft is None:
        return None
    by = row.draft.get("by")
    return Draft(
        source=UUID(row.draft["source"]),
        document=row.draft["document"],
        salt=row.draft["salt"],
        by=UUID(by) if by is not None else None,
    )


def version_of(row: DatasetVersion) -> PublishedVersion:
    """The view of a version's row."""
    return PublishedVersion(
        version=row.version,
        source_id=row.source_id,
        document=row.document,
        digest=row.digest,
        salt=row.salt,
        published_at=row.published_at,
        predates_basis=row.predates_basis,
    )
