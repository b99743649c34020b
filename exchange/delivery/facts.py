"""Facts: what a decision rests on, remembered for exactly as long as it cannot have changed.

Everything here was read in snapshots at one place of the ledger's fence. Whoever changes a fact advances the fence in
the same transaction, so facts are dropped as soon as the fence is seen to have moved, and an entry that rests on them
is only accepted while it has not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from adapters.contract import Adapter
from adapters.plan.condition import Condition
from adapters.plan.masks import FieldType
from adapters.plan.plan import Column, Field
from exchange.agreements.service import for_policy as agreement_for_policy
from exchange.agreements.service import lane_between
from exchange.catalog.checks import fields_of
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.terms.checks import for_policy as terms_for_policy
from exchange.delivery import queries
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Principal
from exchange.participants import queries as participants
from exchange.participants.queries import KeyHolder
from exchange.sources.service import adapter_of
from exchange.subjects.cipher import Subject
from exchange.subjects.gathering import Gathering
from exchange.subjects.identity import Identity, subject_keys
from ledger import entries
from ledger.log.head import begin_snapshot
from policies.decision import documents

_KEPT = 10_000
_DECISIONS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with the span of seconds in which time alone cannot change it, and all that follows from it alone.

    `record` is the decision as ledger entries hold it, `plain` the same as plain values. Where it allows, `columns` and
    `where` are what it leaves of the dataset, checked against the dataset's fields, `columns_json` is the columns' part
    of a plan's digest, and `order` is what pages may be sorted by.
    """

    decision: documents.Decision
    record: entries.Decision
    plain: dict[str, Any]
    columns: tuple[Column, ...]
    columns_json: orjson.Fragment
    where: Condition | None
    order: tuple[str, ...]
    begin: int
    end: int


@dataclass(slots=True)
class Offer:
    """What there is at a dataset for one consumer: the dataset, its source, and the agreements in between.

    `salt` is that of the dataset's version, and goes into every digest of what may hold its row filters. `content` names
    what the source holds: a file's snapshot, a table's shape.
    """

    dataset: UUID
    reference: str
    owner: UUID
    version: int
    salt: str
    lane: documents.Lane
    resource: documents.Resource
    agreements: tuple[documents.Agreement, ...]
    mask_keys: dict[str, bytes]
    fields: tuple[Field, ...]
    types: Mapping[str, FieldType]
    subject_keys: dict[str, Field]
    key: tuple[str, ...]
    content: str
    adapter: Adapter
    decisions: dict[object, Decided] = field(default_factory=dict)

    def remember(self, question: object, decided: Decided) -> None:
        """Keep a decision for the next question like it."""
        if len(self.decisions) >= _DECISIONS_KEPT:
            self.decisions.clear()
        self.decisions[question] = decided


class Facts:
    """The facts one process knows, at one place of the fence. Each comes with the place it was read at."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._fence = -1
        self._holders: dict[str, KeyHolder] = {}
        self._offers: dict[tuple[UUID, str], Offer] = {}
        self._subjects: dict[Identity, Subject] = {}
        self._gathering = Gathering(runtime)

    def forget(self, fence: int) -> None:
        """Drop what was read before the fence came to stand here; it only ever moves forward."""
        if fence > self._fence:
            self._fence = fence
            self._holders.clear()
            self._offers.clear()
            self._subjects.clear()

    async def holder(self, keyid: str) -> tuple[int, KeyHolder | None]:
        """Who a key speaks for; None where it is not known, which is never remembered."""
        known = self._holders.get(keyid)
        if known is not None:
            return self._fence, known
        async with self._runtime.database.sessions() as session:
            fence = await begin_snapshot(session)
            holder = await participants.key_holder(session, keyid)
        self.forget(fence)
        if holder is not None and fence == self._fence and len(self._holders) < _KEPT:
            self._holders[keyid] = holder
        return fence, holder

    async def offer(self, principal: Principal, reference: str) -> tuple[int, Offer]:
        """What there is at a dataset for the principal's organisation. Raises NotFound, SourceFailed."""
        place = (principal.organisation, reference)
        known = self._offers.get(place)
        if known is not None:
            return self._fence, known
        async with self._runtime.database.sessions() as session:
            fence = await begin_snapshot(session)
            found = await queries.found(session, principal.organisation, reference)
        self.forget(fence)
        offer = _offer(self._runtime, found, principal)
        if fence == self._fence and len(self._offers) < _KEPT:
            self._offers[place] = offer
        return fence, offer

    async def subjects(self, fence: int, identities: Sequence[Identity]) -> dict[Identity, Subject]:
        """The people of identities, with their keys open, as they are at a place of the fence or after it.

        An erasure moves the fence, so that no entry tells of somebody under a key that was destroyed before it.
        """
        is_current = fence == self._fence
        known = {one: self._subjects[one] for one in identities if one in self._subjects} if is_current else {}
        missing = [one for one in identities if one not in known]
        if not missing:
            return known
        found = await self._gathering.ensure(missing)
        if fence == self._fence:
            if len(self._subjects) + len(found) > _KEPT:
                self._subjects.clear()
            self._subjects |= found
        return known | found

    def subject(self, holder: KeyHolder) -> documents.Subject:
        """The sender as a decision's subject."""
        return subject_of(holder)


def subject_of(holder: KeyHolder) -> documents.Subject:
    """Whoever holds a key as a decision's subject."""
    principal = holder.principal
    return documents.Subject.model_validate(
        {
            "principal": str(principal.id),
            "organisation": str(principal.organisation),
            "kind": principal.organisation_kind,
            "level": holder.organisation_level,
            "organisation_state": holder.organisation_state,
            "principal_state": holder.principal_state,
        }
    )


def _offer(runtime: Runtime, found: queries.Found, principal: Principal) -> Offer:
    listed = found.listed
    assert listed.version is not None  # noqa: S101 - `queries.found` gives none without
    document = DatasetDocument.model_validate(listed.version.document)
    fields = fields_of(document)
    lane = lane_between(provider_kind=listed.owner.kind, consumer_kind=principal.organisation_kind)
    return Offer(
        dataset=listed.dataset.id,
        reference=f"{listed.owner.handle}/{listed.dataset.handle}",
        owner=listed.owner.id,
        version=listed.version.version,
        salt=listed.version.salt,
        lane=lane,
        resource=resource_of(found, document),
        agreements=tuple(agreement_for_policy(agreement) for agreement in found.agreements),
        mask_keys={
            str(agreement.id): runtime.seal.open(agreement.mask_key, name=f"agreement/{agreement.id}")
            for agreement in found.agreements
        },
        fields=fields,
        types={field.name: field.type for field in fields},
        subject_keys=subject_keys(document),
        key=found.source.key,
        content=f"{found.source.id}/{found.source.digest or ''}",
        adapter=adapter_of(runtime, found.source),
    )


def resource_of(found: queries.Found, document: DatasetDocument) -> documents.Resource:
    """The dataset as decisions know it, under one of its documents. Raises ValidationError for one they cannot take in."""
    listed = found.listed
    in_source = {field.name for field in found.source.fields}
    return documents.Resource.model_validate(
        {
            "dataset": str(listed.dataset.id),
            "owner": str(listed.owner.id),
            "owner_state": listed.owner.state,
            "state": listed.dataset.state,
            "version": listed.dataset.version,
            "sharing": document.sharing.attribute,
            "level": document.effective_level,
            "fields": [
                {
                    "name": one.name,
                    "level": one.level,
                    "personal": one.personal,
                    "sensitive": one.sensitive,
                    # What a module obliges is held against the types before it is believed.
                    **({"type": one.type} if document.terms.module else {}),
                }
                for one in document.fields
                if one.name in in_source
            ],
            "terms": terms_for_policy(document.terms),
            "assessments": document.assessments.on_file,
        }
    )
