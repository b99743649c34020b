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
class ScopeState:
    """Where a scope stands, and the people whose consent has ended since an epoch, by number. Some may consent again."""

    scope: int
    epoch: int
    revision: int
    ended: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Who of some people consents, in one snapshot: epochs by scope, and numbers by lookup.

    `newest` is the greatest number that anybody has, or -1.
    """

    epochs: dict[int, int]
    consenting: dict[bytes, int]
    newest: int


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
