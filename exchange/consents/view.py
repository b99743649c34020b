"""Consents as other rooms see them: values, so that no room holds another's rows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ScopeView:
    """A notice's scope, as it stands in the reader's snapshot.

    `fields` are those that the consent covers; `identified_by` is the field whose value identifies the person of a row.
    `epoch` advances with every ending of a consent, `revision` with every change of who may be delivered: a set of people
    that was read at a revision holds as long as that revision and no person's term ends.
    """

    scope: int
    notice: UUID
    fields: frozenset[str]
    identified_by: str
    epoch: int
    revision: int


@dataclass(frozen=True, slots=True)
class LockedScope:
    """A scope that the present transaction has locked: what it is about, and where it stands."""

    scope: int
    notice: UUID
    controller: UUID
    dataset: UUID
    recipient: UUID
    purpose: str
    epoch: int
    closed_at: datetime | None
