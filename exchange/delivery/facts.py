"""The cache of the facts that decisions rest on: keys, datasets with their agreements, and people's keys.

A fact is read in a snapshot together with the ledger's fence. A change of a fact advances the fence in the same
transaction, so the cache is cleared as soon as the fence has moved, and the ledger accepts an entry that rests on facts
only while it has not.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from cachetools import LRUCache

from adapters.contract import Adapter
from adapters.plan.condition import Condition
from adapters.plan.masks import FieldType
from adapters.plan.plan import Column, Field
from exchange.agreements.service import for_policy as agreement_for_policy
from exchange.agreements.service import lane_between
from exchange.catalog.checks import fields_of
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.terms.checks import for_policy as terms_for_policy
from exchange.catalog.view import Listed
from exchange.delivery import queries
from exchange.delivery.people.grounds import Ground
from exchange.kernel.database import FAILURES
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Principal
from exchange.participants import queries as participants
from exchange.participants.queries import KeyHolder, KeyLookup
from exchange.sources.readers import Readers
from exchange.sources.service import adapter_of
from exchange.sources.view import SourceView
from exchange.subjects.cipher import Subject
from exchange.subjects.gathering import Gathering
from exchange.subjects.identity import Identity, SubjectKey, subject_keys
from exchange.subjects.requests.restrictions import condition_of
from ledger import entries
from ledger.log.head import FenceBusy, begin_snapshot, hold_fence, read_head
from policies.decision import documents
from policies.engines.cache import keep
from signatures import SignedRequest

_FACTS = 10_000
_HOLDING_AT_ONCE = 2  # deliveries of a process that hold the fence; each takes a connection of the pool
_HOLDING_SECONDS = 3.0
_HOLDING_WAIT = 10.0
# Bytes of memory, as far as they depend on the number and length of names.
_DATASETS_BYTES = 256 * 2**20
_RULINGS_BYTES = 64 * 2**20
_OVERHEAD = 10_000
_PER_BYTE = 10  # Python values of a document take about ten times its JSON


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision, the interval [begin, end) in epoch seconds for which it is valid, and the plan parts derived from it.

    `record` is the decision as ledger entries hold it, `plain` the same as plain values. If it allows, `columns` and
    `where` are what it leaves of the dataset, checked against the dataset's fields; `columns_json` is the columns' part of
    a plan's digest; `order` is what pages may be sorted by; `ground` is by whose consent rows are
    released. `weight` is about its size in memory, in bytes.
    """

    decision: documents.Decision
    record: entries.Decision
    plain: dict[str, Any]
    columns: tuple[Column, ...]
    columns_json: orjson.Fragment
    where: Condition | None
    order: tuple[str, ...]
    shuffle: bytes | None
    ground: Ground | None
    begin: int
    end: int
    weight: int


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """A dataset for one consumer: its version, its source, and the agreements between the two, as the fence stood.

    `restricted` leaves out the rows about people whose data is restricted.
    `salt` is that of the dataset's version, and goes into each digest of a document that may hold its row filters.
    `accounts` are the agreements whose deliveries are billed.
    `content` names what the source holds: a file's snapshot, a table's shape; `snapshot` is the
    file's digest, None for a table. `rulings` caches the decisions of all
    datasets together. `weight` is about the size of the facts in memory, in bytes.
    """

    fence: int
    id: UUID
    reference: str
    owner: UUID
    version: int
    salt: str
    lane: documents.Lane
    resource: documents.Resource
    agreements: tuple[documents.Agreement, ...]
    accounts: frozenset[str]
    mask_keys: dict[str, bytes]
    fields: tuple[Field, ...]
    types: Mapping[str, FieldType]
    subject_keys: dict[str, SubjectKey]
    restricted: Condition | None
    key: tuple[str, ...]
    source: UUID
    source_key: tuple[str, ...]
    content: str
    content_version: int
    snapshot: str | None
    adapter: Adapter
    rulings: LRUCache[object, Ruling]
    weight: int


class Facts:
    """The facts that one process knows, all of one place of the fence."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._fence = -1
        self._keys: LRUCache[str, KeyLookup] = LRUCache(_FACTS)
        self._datasets: LRUCache[tuple[UUID, str], DatasetFacts] = LRUCache(
            _DATASETS_BYTES, getsizeof=attrgetter("weight")
        )
        self._rulings: LRUCache[object, Ruling] = LRUCache(_RULINGS_BYTES, getsizeof=attrgetter("weight"))
        self._subjects: LRUCache[Identity, Subject] = LRUCache(_FACTS)
        self._gathering = Gathering(runtime)
        self._holding = asyncio.Semaphore(_HOLDING_AT_ONCE)

    def forget(self, fence: int) -> None:
        """Clear the cache if the fence has moved on to here; it only moves forward."""
        if fence > self._fence:
            self._fence = fence
            self._keys.clear()
            self._datasets.clear()
            self._rulings.clear()
            self._subjects.clear()

    @asynccontextmanager
    async def standing_still(self) -> AsyncIterator[None]:
        """Hold the fence for the block, so that facts read in it stay true; for a few seconds at most, and for few at once.

        Changes wait meanwhile; other deliveries do not. Raises FenceBusy.
        """
        try:
            async with asyncio.timeout(_HOLDING_WAIT):
                await self._holding.acquire()
        except TimeoutError as error:
            raise FenceBusy from error
        try:
            async with self._runtime.database.pool.acquire() as connection:
                transaction = connection.transaction()
                await transaction.start()
                try:
                    await hold_fence(connection, seconds=_HOLDING_SECONDS)
                    self.forget((await read_head(connection)).fence)
                    yield
                finally:
                    with suppress(*FAILURES):  # the database has ended a transaction that took too long
                        await transaction.rollback()
        finally:
            self._holding.release()

    async def look_up(self, signed: SignedRequest) -> KeyLookup:
        """The holder of a request's key. An unknown key is not cached; the ledger looks the nonce up."""
        try:
            return self._keys[signed.keyid]
        except KeyError:
            pass
        async with self._runtime.database.sessions() as session:
            fence = await begin_snapshot(session)
            holder = await participants.key_holder(session, signed.keyid)
        self.forget(fence)
        lookup = KeyLookup(fence, is_used=False, holder=holder)
        if holder is not None and fence == self._fence:
            self._keys[signed.keyid] = lookup
        return lookup

    async def dataset(self, principal: Principal, reference: str) -> DatasetFacts:
        """The facts of a dataset for the principal's organisation. Raises NotFound, SourceFailed."""
        key = (principal.organisation, reference)
        try:
            return self._datasets[key]
        except KeyError:
            pass
        async with self._runtime.database.sessions() as session:
            fence = await begin_snapshot(session)
            shared = await queries.shared_dataset(session, principal.organisation, reference)
        self.forget(fence)
        dataset = _facts_of(self._runtime, shared, principal, fence, self._rulings)
        if fence == self._fence:
            keep(self._datasets, key, dataset, weight=dataset.weight)
        return dataset

    async def subjects(self, fence: int, identities: Sequence[Identity]) -> dict[Identity, Subject]:
        """The people of identities, with their keys open, as they are where the fence stands or later.

        An erasure moves the fence, so that no entry names somebody under a key that was destroyed before it.
        """
        known: dict[Identity, Subject] = {}
        if fence == self._fence:
            known = {identity: self._subjects[identity] for identity in identities if identity in self._subjects}
        missing = [identity for identity in identities if identity not in known]
        if not missing:
            return known
        opened = await self._gathering.ensure(missing)
        if fence == self._fence:
            self._subjects.update(opened)
        return known | opened


def subject_of(holder: KeyHolder) -> documents.Subject:
    """The holder of a key as the subject of a decision."""
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


def _facts_of(
    runtime: Runtime,
    shared: queries.SharedDataset,
    principal: Principal,
    fence: int,
    rulings: LRUCache[object, Ruling],
) -> DatasetFacts:
    listed, source = shared.listed, shared.source
    document = DatasetDocument.model_validate(shared.document)
    fields = fields_of(document)
    kind = runtime[Readers].kinds.get(source.kind)
    # The key of a file is a guess: its pages have the order of the file, as its streams have.
    is_file = kind is not None and kind.takes_upload
    resource = resource_of(listed, source, document)
    agreements = tuple(agreement_for_policy(agreement, resource.terms) for agreement in shared.agreements)
    parts = (resource, *agreements)
    types = {field.name: field.type for field in fields}
    keys = subject_keys(document)
    return DatasetFacts(
        fence=fence,
        id=listed.dataset.id,
        reference=f"{listed.owner.handle}/{listed.dataset.handle}",
        owner=listed.owner.id,
        version=shared.version,
        salt=shared.salt,
        lane=lane_between(provider_kind=listed.owner.kind, consumer_kind=principal.organisation_kind),
        resource=resource,
        agreements=agreements,
        accounts=frozenset(str(agreement.id) for agreement in shared.agreements if agreement.is_billed),
        mask_keys={
            str(agreement.id): runtime.seal.open(agreement.mask_key, name=f"agreement/{agreement.id}")
            for agreement in shared.agreements
        },
        fields=fields,
        types=types,
        subject_keys=keys,
        restricted=condition_of(shared.restrictions, owner=listed.owner.id, keys=keys, types=types, seal=runtime.seal)
        if shared.restrictions
        else None,
        key=() if is_file else source.key,
        source=source.id,
        source_key=source.key,
        content=f"{source.id}/{source.digest or ''}",
        content_version=source.content_version,
        snapshot=source.digest if is_file else None,
        adapter=adapter_of(runtime, source),
        rulings=rulings,
        weight=_OVERHEAD * (1 + len(shared.restrictions))
        + _PER_BYTE * sum(len(part.model_dump_json()) for part in parts),
    )


def resource_of(
    listed: Listed, source: SourceView, document: DatasetDocument, *, is_draft: bool = False
) -> documents.Resource:
    """A dataset as the resource of a decision, under one of its documents. Raises ValidationError if it does not fit."""
    is_older = not is_draft and listed.version is not None and listed.version.predates_basis
    in_source = {field.name for field in source.fields}
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
                    "name": field.name,
                    "level": field.level,
                    "personal": field.personal,
                    "sensitive": field.sensitive,
                    "type": field.type,
                    "subject_key": field.subject_key,
                }
                for field in document.fields
                if field.name in in_source
            ],
            "terms": terms_for_policy(document.terms, is_older=is_older),
            "assessments": document.assessments.on_file,
        }
    )
