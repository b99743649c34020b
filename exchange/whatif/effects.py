"""The effects of a draft on running agreements and past deliveries."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from exchange.agreements import queries as agreements
from exchange.agreements.fitting import describe_columns, describe_kept, find_misfits
from exchange.agreements.service import for_policy
from exchange.agreements.view import AgreementView
from exchange.audit.tasks import catch_up
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.decisions import queries as decisions
from exchange.decisions.service import hash_salted
from exchange.delivery.facts import resource_of
from exchange.delivery.people.grounds import find_notices
from exchange.kernel.database import driver
from exchange.kernel.problems import Conflict
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.participants.view import OrganisationView
from exchange.sources import queries as sources
from exchange.whatif import queries
from exchange.whatif.deriving import foresee_lineage
from exchange.whatif.errors import EffectsBusy
from exchange.whatif.parts import Turns
from exchange.whatif.schemas import ChangeOut, EffectsOut, PastOut, UnfitOut
from policies.decision import documents
from policies.decision.documents import Decision, DeliveryInput, Rbac
from policies.engines.cache import DecisionCache

MOST_AGREEMENTS = 500
MOST_ENTRIES = 20_000
# Seconds. Waiting for the turn takes no connection of the database; the turn itself takes one.
_TURN_WITHIN = 10.0
_AGREEMENTS_WITHIN = 10.0
_PAST_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class _Drafted:
    """A dataset as an input of decisions: its published version, and its draft."""

    id: UUID
    published: documents.Resource
    draft: documents.Resource
    before: DatasetDocument
    after: DatasetDocument


async def foresee(work: Work, *, dataset_id: UUID) -> EffectsOut:
    """Foresee the effects of publishing a dataset's draft: on running agreements, and on past deliveries.

    A past delivery is decided again on its own input, with the draft in place of the dataset. If that input is no longer
    stored, everything that its agreement grants is tried, for the entry's purpose and time. The newest deliveries come
    first, and those that cannot be decided within ten seconds are left out; a process compares one draft at a time.
    Raises NotFound, Conflict, EffectsBusy, IndexBehind.
    """
    await _drafted(work, dataset_id)  # refuses those who may not see the draft, before they wait for a turn
    await work.pause()
    async with _turn(work.runtime):
        await catch_up(work.runtime)
        drafted = await _drafted(work, dataset_id)
        if drafted is None:
            effects = EffectsOut(agreements=[], refused=[], looked_at=0, exact=0, since=0)
        else:
            effects = await _refused_deliveries(work, drafted, await _changed_agreements(work, drafted))
        lineage = await foresee_lineage(work, dataset_id)  # last, since it holds the agreements behind the draft
        return effects.model_copy(update={"inputs": lineage.inputs, "derived": lineage.derived})


@asynccontextmanager
async def _turn(runtime: Runtime) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_TURN_WITHIN):
            await runtime[Turns].lock.acquire()
    except TimeoutError:
        raise EffectsBusy("Other drafts are being compared; try again in a few seconds.") from None
    try:
        yield
    finally:
        runtime[Turns].lock.release()


async def _drafted(work: Work, dataset_id: UUID) -> _Drafted | None:
    """The dataset and its draft; None for a dataset that was never published. Raises NotFound, Forbidden, Conflict."""
    dataset = await catalog.own_view(work.session, work.principal, dataset_id)
    work.permit("dataset", "draft", dataset.organisation_id)
    if dataset.draft is None:
        raise Conflict("There is no draft; the published version is in force.", state=dataset.state)
    listed = await catalog.any_dataset(work.session, str(dataset_id))
    if listed.version is None:
        return None
    source_of_draft = await sources.any_source(work.session, dataset.draft.source)
    source = await sources.any_source(work.session, listed.version.source_id)
    draft = DatasetDocument.model_validate(dataset.draft.document)
    published = DatasetDocument.model_validate(listed.version.document)
    return _Drafted(
        dataset_id,
        published=_in_force(resource_of(listed, source, published)),
        draft=_in_force(resource_of(listed, source_of_draft, draft, is_draft=True)),
        before=published,
        after=draft,
    )


def _in_force(resource: documents.Resource) -> documents.Resource:
    """The dataset as if it were published and its owner admitted, so that only its document decides."""
    return resource.model_copy(update={"state": "published", "owner_state": "admitted"})


async def _changed_agreements(work: Work, drafted: _Drafted) -> list[ChangeOut]:
    """The running agreements for which the draft would change something. Raises EffectsBusy."""
    cache, now = work.runtime[DecisionCache], work.runtime.clock.seconds()
    until = time.monotonic() + _AGREEMENTS_WITHIN
    changed = []
    running = await agreements.running(work.session, drafted.id, limit=MOST_AGREEMENTS)
    consumers = await participants.organisations_by_ids(work.session, {row.consumer_id for row in running})
    for agreement in running:
        consumer = consumers[agreement.consumer_id]
        await asyncio.sleep(0)
        if time.monotonic() > until:
            raise EffectsBusy("The module takes too long over the running agreements; try again, or make it faster.")
        before = await cache.decide(await _input(work, drafted.published, agreement, consumer, now=now))
        after = await cache.decide(await _input(work, drafted.draft, agreement, consumer, now=now))
        changes = _changes(before, after) + describe_kept(agreement, before=drafted.before, after=drafted.after)
        unfit = find_misfits(agreement, drafted.after, before=drafted.before)
        if changes or unfit or before.allow != after.allow:
            changed.append(
                ChangeOut(
                    agreement=agreement.id,
                    consumer=agreement.consumer_id,
                    before="allow" if before.allow else "deny",
                    after="allow" if after.allow else "deny",
                    reasons=[reason.code for reason in after.reasons],
                    changes=changes,
                    unfit=[UnfitOut(field=misfit.field, error=misfit.error) for misfit in unfit],
                )
            )
    return changed


async def _refused_deliveries(work: Work, drafted: _Drafted, changes: list[ChangeOut]) -> EffectsOut:
    """The past deliveries that the draft would have refused, with the changes of agreements."""
    past = await queries.past_deliveries(work.session, drafted.id, most=MOST_ENTRIES)
    granted = await agreements.by_ids(work.session, {UUID(body["agreement"]) for _, body in past.entries})
    consumers = await participants.organisations_by_ids(work.session, {row.consumer_id for row in granted.values()})
    inputs = _Inputs(work, drafted)
    refused, exact, looked_at, since = [], 0, 0, past.since
    until = time.monotonic() + _PAST_WITHIN
    for index, body in past.entries:
        if looked_at and time.monotonic() > until:
            since = index + 1
            break
        looked_at += 1
        await asyncio.sleep(0)  # a cached decision waits for nothing, and other requests take their turns between two
        document = await inputs.of(body)
        exact += document is not None
        if document is None:
            agreement = granted[body["agreement"]]
            consumer = consumers[agreement.consumer_id]
            at = int(datetime.fromisoformat(body["at"]).timestamp())
            document = await _input(work, drafted.draft, agreement, consumer, now=at, purpose=body["purpose"])
        decision = await work.runtime[DecisionCache].decide(document)
        if not decision.allow:
            reasons = [reason.code for reason in decision.reasons]
            refused.append(PastOut(entry=index, agreement=body["agreement"], purpose=body["purpose"], reasons=reasons))
    return EffectsOut(agreements=changes, refused=refused[::-1], looked_at=looked_at, exact=exact, since=since)


class _Inputs:
    """The stored inputs of past decisions. Many deliveries share one input, which is read once."""

    def __init__(self, work: Work, drafted: _Drafted) -> None:
        self._session = work.session
        self._dataset = drafted.id
        self._resource = json.loads(drafted.draft.model_dump_json())
        self._read: dict[tuple[str, int], dict[str, Any] | None] = {}

    async def of(self, body: dict[str, Any]) -> DeliveryInput | None:
        """The input of an entry, with the draft in place of the dataset; None if it is not stored, or altered."""
        digest = (body.get("decision") or {}).get("input")
        version = (body.get("object") or {}).get("version")
        if digest is None or version is None:
            return None
        if (digest, version) not in self._read:
            self._read[digest, version] = await self._input(digest, version)
        facts = self._read[digest, version]
        if facts is None:
            return None
        at = int(datetime.fromisoformat(body["at"]).timestamp())
        try:
            return DeliveryInput.model_validate_json(
                json.dumps({**facts, "resource": self._resource, "now": at}, ensure_ascii=False)
            )
        except ValidationError:  # of another schema
            return None

    async def _input(self, digest: str, version: int) -> dict[str, Any] | None:
        connection = await driver(self._session)
        stored = await decisions.find_input(connection, digest)
        salt = await catalog.salt_of(connection, self._dataset, version)
        if stored is None or salt is None or hash_salted(stored, salt=salt) != digest:
            return None
        facts: dict[str, Any] = json.loads(stored)
        return facts


async def _input(
    work: Work,
    resource: documents.Resource,
    agreement: AgreementView,
    consumer: OrganisationView,
    *,
    now: int,
    purpose: str | None = None,
) -> DeliveryInput:
    """The input of a decision: a permitted system of the consumer requests everything that an agreement grants.

    People's consents are asked as they are now, also for a delivery of the past.
    """
    granted = for_policy(agreement, resource.terms)
    subject = documents.Subject.model_validate(
        {
            "principal": granted.consumer,
            "organisation": granted.consumer,
            "kind": consumer.kind,
            "level": consumer.level,
            "organisation_state": "admitted",
            "principal_state": "active",
        }
    )
    notices = await find_notices(
        await driver(work.session),
        resource=resource,
        agreements=[granted],
        lane=granted.lane,
        consumer=agreement.consumer_id,
        purpose=purpose or agreement.purpose,
    )
    return DeliveryInput(
        lane=granted.lane,
        purpose=purpose or agreement.purpose,
        requested=(),
        filtered=(),
        subject=subject,
        rbac=Rbac(allow=True, roles=("consumer",)),
        resource=resource,
        agreements=(granted.model_copy(update={"state": "active"}),),
        consent=notices.for_policy() if notices is not None else None,
        now=now,
    )


def _changes(before: Decision, after: Decision) -> list[str]:
    """The differences between two deliveries, by field names and numbers; no value of a condition or a mask."""
    if before.obligations is None or after.obligations is None:
        return []
    old, new = _masks(before.obligations.columns), _masks(after.obligations.columns)
    changes = describe_columns(old, new)
    if before.obligations.row_filters != after.obligations.row_filters:
        changes.append("other rows")
    if before.obligations.row_cap != after.obligations.row_cap:
        changes.append(f"at most {after.obligations.row_cap} rows instead of {before.obligations.row_cap}")
    if before.obligations.not_after != after.obligations.not_after:
        changes.append("another end")
    if before.obligations.rates != after.obligations.rates:
        changes.append("another rate of requests")
    if before.obligations.people is None and after.obligations.people is not None:
        changes.append("only the rows of people who consent")
    if before.obligations.people is not None and after.obligations.people is None:
        changes.append("rows whoever they are about, without consent")
    return changes


def _masks(columns: Iterable[documents.Column]) -> Mapping[str, dict[str, Any] | None]:
    return {column.name: column.mask for column in columns}
