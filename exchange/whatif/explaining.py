"""What would happen with a delivery that nobody has asked for yet.

The same facts, the same document and the same engine as of a delivery (deciding.py); only nothing is read and nothing
leaves. That somebody looked is on the ledger, as `policy.explained`.
"""

from datetime import UTC, datetime
from functools import lru_cache

from exchange.agreements.service import for_policy, lane_between
from exchange.catalog.schemas import DatasetDocument
from exchange.delivery import queries
from exchange.delivery.facts import resource_of, subject_of
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.whatif.schemas import ExplanationOut, ObligationOut, Question, RuleOut
from ledger import entries
from policies.decision import documents
from policies.decision.documents import Decision, DeliveryInput, Rbac
from policies.decision.explanations import explain as explained
from policies.engines.cache import DecisionCache
from policies.engines.tracing import TracedObligation, Tracer, trace_obligations
from policies.owner_rules.narrowing_engine import name_rule
from policies.rego.bundle import load_bundle

_NOT_THERE = "There is no such system and dataset of which you may ask this."


@lru_cache(maxsize=1)
def _tracer() -> Tracer:
    return Tracer(load_bundle())


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
    decision = await work.runtime[DecisionCache].decide(document)
    outcome = "allow" if decision.allow else "deny"
    work.record(
        entries.PolicyExplained.model_validate(
            {
                "at": work.now,
                "actor": work.principal.actor,
                "request": work.request,
                "object": entries.Object(
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
            "engine": work.runtime[DecisionCache].name,
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
        for rule, is_proven in _tracer().evaluate_rules(document).items()
        if is_proven or rule not in named
    ]
    if document.resource.terms.module is not None and decision.allow:
        rules.append(RuleOut(rule=name_rule(document.resource.terms.module), says="allow"))
    return rules + denying


def _obligations(document: DeliveryInput, decision: Decision, *, is_owner: bool) -> list[ObligationOut]:
    told = []
    digest = document.resource.terms.module
    before = _tracer().decide(document) if digest is not None else None
    for one in trace_obligations(document, decision, before=before):
        withheld = one.kind == "row_filter" and "agreement" not in one.sources and not is_owner
        value = datetime.fromtimestamp(one.value, UTC).isoformat() if one.kind == "not_after" else one.value
        told.append(
            ObligationOut(
                kind=one.kind,
                rule=_rule(one, digest),
                sources=list(one.sources),
                name=one.name,
                value=None if withheld else value,
                withheld=withheld,
            )
        )
    return told


def _rule(one: TracedObligation, module: str | None) -> str:
    if module is not None and "module" in one.sources:
        return name_rule(module)
    return "delivery.released" if one.kind == "column" else "delivery.obligations"
