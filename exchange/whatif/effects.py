"""What terms would change that are not published yet: of agreements that run, and of deliveries, had the terms held then."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from exchange.agreements import queries as agreements
from exchange.agreements.service import for_policy
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.decisions import queries as decisions
from exchange.decisions.service import hash_salted
from exchange.delivery import queries as deliveries
from exchange.delivery.facts import resource_of
from exchange.kernel.database import driver
from exchange.kernel.problems import Conflict
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.sources import queries as sources
from exchange.whatif import queries
from exchange.whatif.errors import EffectsBusy
from exchange.whatif.parts import Turns
from exchange.whatif.schemas import ChangeOut, EffectsOut, PastOut
from policies.decision import documents
from policies.decision.documents import Decision, DeliveryInput, Rbac
from policies.engines.cache import DecisionCache

MOST_AGREEMENTS = 500
MOST_ENTRIES = 20_000
# Seconds: how long one waits for one's turn, which takes no connection of the database, and how long a turn is, which does.
_TURN_WITHIN = 10.0
_AGREEMENTS_WITHIN = 10.0
_PAST_WITHIN = 10.0  # older deliveries are left out


async def effects(work: Work, *, dataset_id: UUID) -> EffectsOut:
    """What publishing the draft of a dataset would change: of agreements that run, and of deliveries had it held then.

    A past delivery is decided again on what it was decided on, with the draft in place of the dataset. Where that is not
    kept any more, it is tried for the purpose, agreement and time that its entry names, with all its agreement grants.
    What cannot be decided in ten seconds is left out, the oldest first; one draft is looked at at a time. Raises NotFound,
    Conflict, EffectsBusy.
    """
    await _compared(work, dataset_id)  # who may not see it need not wait to hear of it
    await work.pause()
    async with _turn(work.runtime):
        compared = await _compared(work, dataset_id)
        if compared is None:
            return EffectsOut(agreements=[], refused=[], looked_at=0, exact=0, since=0)
        current, draft = compared
        return await _effects(work, dataset_id, draft=draft, current=current)


@asynccontextmanager
async def _turn(runtime: Runtime) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_TURN_WITHIN):
            await runtime[Turns].lock.acquire()
    except TimeoutError:
        raise EffectsBusy("Other drafts are being looked at; ask again in a few seconds.") from None
    try:
        yield
    finally:
        runtime[Turns].lock.release()


async def _compared(work: Work, dataset_id: UUID) -> tuple[documents.Resource, documents.Resource] | None:
    """The dataset as it is published and as it is drafted; None where nothing was ever granted or delivered of it."""
    dataset = await catalog.own_view(work.session, work.principal, dataset_id)
    work.permit("dataset", "draft", dataset.organisation_id)
    if dataset.draft is None:
        raise Conflict("There is no draft; what is published already holds.", state=dataset.state)
    listed = await catalog.any_dataset(work.session, str(dataset_id))
    if listed.version is None:
        return None
    source = await sources.any_source(work.session, dataset.draft.source)
    found = deliveries.Found(listed, source, ())
    draft = _in_force(resource_of(found, DatasetDocument.model_validate(dataset.draft.document)))
    source = await sources.any_source(work.session, listed.version.source_id)
    found = deliveries.Found(listed, source, ())
    current = _in_force(resource_of(found, DatasetDocument.model_validate(listed.version.document)))
    return current, draft


async def _effects(
    work: Work, dataset_id: UUID, *, draft: documents.Resource, current: documents.Resource
) -> EffectsOut:
    now = work.runtime.clock.seconds()
    until = time.monotonic() + _AGREEMENTS_WITHIN
    running = []
    for agreement in await agreements.running(work.session, dataset_id, limit=MOST_AGREEMENTS):
        consumer = await participants.organisation(work.session, agreement.consumer_id)
        if time.monotonic() > until:
            raise EffectsBusy("The module takes too long for the agreements that run; ask again, or make it quicker.")
        plain = for_policy(agreement)
        before = await work.runtime[DecisionCache].decide(_question(current, plain, consumer, now=now))
        after = await work.runtime[DecisionCache].decide(_question(draft, plain, consumer, now=now))
        changes = _changes(before, after)
        if changes or before.allow != after.allow:
            running.append(
                ChangeOut(
                    agreement=agreement.id,
                    consumer=agreement.consumer_id,
                    before="allow" if before.allow else "deny",
                    after="allow" if after.allow else "deny",
                    reasons=[reason.code for reason in after.reasons],
                    changes=changes,
                )
            )
    since, past = await queries.past_deliveries(work.session, dataset_id, most=MOST_ENTRIES)
    known = await agreements.by_ids(work.session, {UUID(body["agreement"]) for _, body in past})
    kept = _Kept(work, dataset_id)
    refused, exact, looked_at = [], 0, 0
    until = time.monotonic() + _PAST_WITHIN
    for index, body in reversed(past):
        if looked_at and time.monotonic() > until:
            since = index + 1
            break
        looked_at += 1
        document = await kept.as_it_was(draft, body)
        exact += document is not None
        if document is None:
            agreement = known[body["agreement"]]
            consumer = await participants.organisation(work.session, agreement.consumer_id)
            at = int(datetime.fromisoformat(body["at"]).timestamp())
            document = _question(draft, for_policy(agreement), consumer, now=at, purpose=body["purpose"])
        decision = await work.runtime[DecisionCache].decide(document)
        if not decision.allow:
            refused.append(
                PastOut(
                    entry=index,
                    agreement=body["agreement"],
                    purpose=body["purpose"],
                    reasons=[reason.code for reason in decision.reasons],
                )
            )
    return EffectsOut(agreements=running, refused=refused[::-1], looked_at=looked_at, exact=exact, since=since)


class _Kept:
    """What past deliveries were decided on; many rest on the same input, which is read once."""

    def __init__(self, work: Work, dataset: UUID) -> None:
        self._session = work.session
        self._dataset = dataset
        self._known: dict[tuple[str, int], dict[str, Any] | None] = {}

    async def as_it_was(self, draft: documents.Resource, body: dict[str, Any]) -> DeliveryInput | None:
        """The input of an entry, with the draft in place of the dataset; None where it is not kept, or not that."""
        digest = (body.get("decision") or {}).get("input")
        version = (body.get("object") or {}).get("version")
        if digest is None or version is None:
            return None
        if (digest, version) not in self._known:
            self._known[digest, version] = await self._read(digest, version)
        facts = self._known[digest, version]
        if facts is None:
            return None
        at = int(datetime.fromisoformat(body["at"]).timestamp())
        changed = {**facts, "resource": json.loads(draft.model_dump_json()), "now": at}
        try:
            return DeliveryInput.model_validate_json(json.dumps(changed, ensure_ascii=False))
        except ValidationError:  # of another schema
            return None

    async def _read(self, digest: str, version: int) -> dict[str, Any] | None:
        connection = await driver(self._session)
        kept = await decisions.find_input(connection, digest)
        salt = await catalog.salt_of(connection, self._dataset, version)
        if kept is None or salt is None or hash_salted(kept, salt=salt) != digest:
            return None
        facts: dict[str, Any] = json.loads(kept)
        return facts


def _in_force(resource: documents.Resource) -> documents.Resource:
    """A dataset as if it were published by an owner who is admitted: only what its document says is in question."""
    return resource.model_copy(update={"state": "published", "owner_state": "admitted"})


def _question(
    resource: documents.Resource,
    agreement: documents.Agreement,
    consumer: participants.Organisation,
    *,
    now: int,
    purpose: str | None = None,
) -> DeliveryInput:
    """All that an agreement grants, asked for by somebody of the consumer's who may."""
    subject = documents.Subject.model_validate(
        {
            "principal": agreement.consumer,
            "organisation": agreement.consumer,
            "kind": consumer.kind,
            "level": consumer.level,
            "organisation_state": "admitted",
            "principal_state": "active",
        }
    )
    return DeliveryInput(
        lane=agreement.lane,
        purpose=purpose or agreement.purposes[0],
        requested=(),
        filtered=(),
        subject=subject,
        rbac=Rbac(allow=True, roles=("consumer",)),
        resource=resource,
        agreements=(agreement.model_copy(update={"state": "active"}),),
        now=now,
    )


def _changes(before: Decision, after: Decision) -> list[str]:
    """What is different of a delivery, by field names and numbers; no value of a condition or a mask."""
    if before.obligations is None or after.obligations is None:
        return []
    old, new = _columns(before), _columns(after)
    changes = [f"column {name} is withheld" for name in old if name not in new]
    changes += [f"column {name} is released" for name in new if name not in old]
    changes += [
        f"column {name} is masked by {_kind(new[name])} instead of {_kind(old[name])}"
        for name in new
        if name in old and new[name] != old[name]
    ]
    if before.obligations.row_filters != after.obligations.row_filters:
        changes.append("other rows")
    if before.obligations.row_cap != after.obligations.row_cap:
        changes.append(f"at most {after.obligations.row_cap} rows instead of {before.obligations.row_cap}")
    if before.obligations.not_after != after.obligations.not_after:
        changes.append("another end")
    return changes


def _columns(decision: Decision) -> Mapping[str, dict[str, Any] | None]:
    assert decision.obligations is not None  # noqa: S101 - the caller looked
    return {column.name: column.mask for column in decision.obligations.columns}


def _kind(mask: dict[str, Any] | None) -> str:
    return str(mask["kind"]) if mask else "nothing"
