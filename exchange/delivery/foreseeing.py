"""What would happen: a delivery that nobody has asked for yet, and terms that are not published yet.

The same facts, the same document and the same engine as of a delivery (deciding.py); only nothing is read and nothing
leaves. That somebody looked is on the ledger, as `policy.explained`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from exchange.agreements import queries as agreements
from exchange.agreements.service import for_policy, lane_between
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.delivery import queries
from exchange.delivery.facts import resource_of, subject_of
from exchange.delivery.schemas import (
    ChangeOut,
    EffectsOut,
    ExplanationOut,
    ObligationOut,
    PastOut,
    Question,
    RuleOut,
)
from exchange.kernel.problems import Conflict, NotFound
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from ledger import bodies
from policies import documents
from policies.bundle import bundle
from policies.documents import Decision, DeliveryInput, Rbac
from policies.explanations import explain as explained
from policies.tracing import Tracer, obliged

MOST_AGREEMENTS = 500
MOST_ENTRIES = 20_000
_NOT_THERE = "There is no such system and dataset of which you may ask this."


@lru_cache(maxsize=1)
def _tracer() -> Tracer:
    return Tracer(bundle())


async def explain(work: Work, question: Question) -> ExplanationOut:
    """What would be decided about a delivery, and why.

    The owner asks about its datasets, a consumer about its own systems, an auditor about all. Raises NotFound.
    """
    holder = await participants.holder_of(work.session, question.system)
    if holder is None:
        raise NotFound(_NOT_THERE)
    consumer = holder.principal.organisation
    found = await queries.found(work.session, consumer, question.dataset)
    owner = found.listed.owner.id
    is_owner = work.may("delivery", "read", owner)
    if not is_owner and not work.may("delivery", "read", consumer):
        raise NotFound(_NOT_THERE)
    assert found.listed.version is not None  # noqa: S101 - `queries.found` gives none without
    at = question.at or work.runtime.clock.now()
    permit = work.runtime.roles.permits(
        principal=str(holder.principal.id),
        assignments=holder.principal.assignments,
        domain=str(consumer),
        resource="delivery",
        verb="request",
    )
    candidates = sorted(map(for_policy, found.agreements), key=lambda one: question.purpose not in one.purposes)
    document = DeliveryInput(
        lane=lane_between(provider_kind=found.listed.owner.kind, consumer_kind=holder.principal.organisation_kind),
        purpose=question.purpose,
        requested=tuple(question.fields),
        filtered=tuple(sorted(set(question.filtered))),
        subject=subject_of(holder),
        rbac=Rbac(allow=permit.allow, roles=permit.roles),
        resource=resource_of(found, DatasetDocument.model_validate(found.listed.version.document)),
        agreements=tuple(candidates[: documents.MAX_AGREEMENTS]),
        now=int(at.timestamp()),
    )
    decision = await work.runtime.engine.decide(document)
    outcome = "allow" if decision.allow else "deny"
    work.record(
        bodies.PolicyExplained.model_validate(
            {
                "at": work.now,
                "actor": work.principal.actor,
                "request": work.request,
                "object": bodies.Object(
                    kind="dataset", id=str(found.listed.dataset.id), version=found.listed.dataset.version
                ),
                "principal": str(question.system),
                "purpose": question.purpose,
                "outcome": outcome,
            }
        )
    )
    return ExplanationOut.model_validate(
        {
            "outcome": outcome,
            "at": at,
            "rules": _rules(document, decision),
            "agreement": decision.agreement,
            "obligations": _obligations(document, decision, is_owner=is_owner),
            "policy": decision.revision,
            "engine": work.runtime.engine.name,
        }
    )


def _rules(document: DeliveryInput, decision: Decision) -> list[RuleOut]:
    """Every rule that spoke: those that are proven, and the reasons of those that are not."""
    denying = [
        RuleOut(rule=one.rule, says="deny", code=one.code, ref=one.ref, remedy=explained(one).remedy)
        for one in decision.reasons
    ]
    named = {one.rule for one in denying}
    rules = [
        RuleOut(rule=rule, says="allow" if is_proven else "deny")
        for rule, is_proven in _tracer().proven(document).items()
        if is_proven or rule not in named
    ]
    return rules + denying


def _obligations(document: DeliveryInput, decision: Decision, *, is_owner: bool) -> list[ObligationOut]:
    told = []
    for one in obliged(document, decision):
        withheld = one.kind == "row_filter" and "agreement" not in one.sources and not is_owner
        value = datetime.fromtimestamp(one.value, UTC).isoformat() if one.kind == "not_after" else one.value
        told.append(
            ObligationOut(
                kind=one.kind,
                rule="delivery.released" if one.kind == "column" else "delivery.obligations",
                sources=list(one.sources),
                name=one.name,
                value=None if withheld else value,
                withheld=withheld,
            )
        )
    return told


async def effects(work: Work, *, dataset_id: UUID) -> EffectsOut:
    """What publishing the draft of a dataset would change: of agreements that run, and of deliveries had it held then.

    A past delivery is decided again under the draft for the purpose, agreement and time that its entry names, with all
    fields its agreement grants; who asked, and that it might, is taken as it was. Raises NotFound, Conflict.
    """
    dataset = await catalog.own_dataset(work.session, work.principal, dataset_id)
    work.permit("dataset", "draft", dataset.organisation_id)
    if dataset.draft is None:
        raise Conflict("There is no draft; what is published already holds.", state=dataset.state)
    listed = await catalog.any_dataset(work.session, str(dataset_id))
    if listed.version is None:  # nothing was ever granted or delivered of it
        return EffectsOut(agreements=[], refused=[], looked_at=0, since=0)
    source = await catalog.source_by_id(work.session, UUID(dataset.draft["source"]))
    found = queries.Found(listed, source, ())
    draft = _in_force(resource_of(found, DatasetDocument.model_validate(dataset.draft["document"])))
    now = work.runtime.clock.seconds()
    source = await catalog.source_by_id(work.session, listed.version.source_id)
    found = queries.Found(listed, source, ())
    current = _in_force(resource_of(found, DatasetDocument.model_validate(listed.version.document)))
    running = []
    for agreement in await agreements.running(work.session, dataset_id, limit=MOST_AGREEMENTS):
        consumer = await participants.organisation(work.session, agreement.consumer_id)
        plain = for_policy(agreement)
        before = await _decide(work, current, plain, consumer, now=now)
        after = await _decide(work, draft, plain, consumer, now=now)
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
    consumers = {
        one: await participants.organisation(work.session, one) for one in {a.consumer_id for a in known.values()}
    }
    refused = []
    for index, body in past:
        agreement = known[body["agreement"]]
        at = int(datetime.fromisoformat(body["at"]).timestamp())
        decision = await _decide(
            work, draft, for_policy(agreement), consumers[agreement.consumer_id], now=at, purpose=body["purpose"]
        )
        if not decision.allow:
            refused.append(
                PastOut(
                    entry=index,
                    agreement=body["agreement"],
                    purpose=body["purpose"],
                    reasons=[reason.code for reason in decision.reasons],
                )
            )
    return EffectsOut(agreements=running, refused=refused, looked_at=len(past), since=since)


def _in_force(resource: documents.Resource) -> documents.Resource:
    """A dataset as if it were published by an owner who is admitted: only what its document says is in question."""
    return resource.model_copy(update={"state": "published", "owner_state": "admitted"})


async def _decide(
    work: Work,
    resource: documents.Resource,
    agreement: documents.Agreement,
    consumer: participants.Organisation,
    *,
    now: int,
    purpose: str | None = None,
) -> Decision:
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
    document = DeliveryInput(
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
    return await work.runtime.engine.decide(document)


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
