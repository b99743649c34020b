"""Explanations: the decision on a delivery before it is requested, with the rules behind it.

Facts, input document and engine are those of a delivery (delivery/deciding.py); the source is not read. The
explanation is on the ledger, as `policy.explained`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from exchange.agreements.service import for_policy, lane_between
from exchange.applications import queries as applications
from exchange.catalog.schemas import DatasetDocument
from exchange.delivery import queries
from exchange.delivery.deciding import candidates
from exchange.delivery.errors import AnswerUnknown, FieldUnknown
from exchange.delivery.facts import resource_of, subject_of
from exchange.delivery.people.grounds import find_notices
from exchange.kernel.database import driver
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.participants.reading import reading_of
from exchange.whatif.schemas import ExplanationOut, ObligationOut, Question, RuleOut
from ledger import entries
from policies.decision.documents import Decision, DeliveryInput, Rbac
from policies.decision.explanations import explain as explain_reason
from policies.engines.cache import DecisionCache
from policies.engines.tracing import TracedObligation, Tracer, trace_obligations
from policies.owner_rules.narrowing_engine import list_modules, name_rule
from policies.rego.bundle import load_bundle

_UNKNOWN = "There is no such system or dataset, or you may not ask about this pair."


@lru_cache(maxsize=1)
def _tracer() -> Tracer:
    return Tracer(load_bundle())


async def explain(work: Work, question: Question) -> ExplanationOut:
    """Explain the decision on a delivery, and put the explanation on the ledger.

    An owner may ask about its datasets and those who applied for them, a consumer about its own systems, an auditor about
    all. Raises NotFound, FieldUnknown.
    """
    holder = await participants.holder_of(work.session, question.system)
    if holder is None:
        raise NotFound(_UNKNOWN)
    consumer = holder.principal.organisation
    shared = await queries.shared_dataset(work.session, consumer, question.dataset)
    owner = shared.listed.owner.id
    reading = reading_of(work, "delivery")
    is_owner = reading.everything or owner in reading.owners
    is_own = reading.everything or consumer in reading.consumers
    if not is_own and not (
        is_owner and await applications.has_dealings(work.session, consumer, shared.listed.dataset.id)
    ):
        raise NotFound(_UNKNOWN)
    at = question.at or work.runtime.clock.now()
    permit = work.runtime.roles.permits(
        principal=str(holder.principal.id),
        assignments=holder.principal.assignments,
        domain=str(consumer),
        resource="delivery",
        verb="request",
    )
    names = [(f"fields/{index}", name) for index, name in enumerate(question.fields)]
    names += [(f"filtered/{index}", name) for index, name in enumerate(question.filtered)]
    known = {field["name"] for field in shared.document["fields"]}
    unknown = [(at, name) for at, name in names if name not in known]
    if unknown:
        raise FieldUnknown.of(unknown)
    offered = {answer["name"] for answer in shared.document["terms"].get("answers", ())}
    if not_offered := [(f"answers/{at}", name) for at, name in enumerate(question.answers) if name not in offered]:
        raise AnswerUnknown.of(not_offered)
    resource = resource_of(shared.listed, shared.source, DatasetDocument.model_validate(shared.document))
    agreements = [for_policy(agreement, resource.terms) for agreement in shared.agreements]
    lane = lane_between(provider_kind=shared.listed.owner.kind, consumer_kind=holder.principal.organisation_kind)
    notices = await find_notices(
        await driver(work.session),
        resource=resource,
        agreements=agreements,
        lane=lane,
        consumer=consumer,
        purpose=question.purpose,
    )
    document = DeliveryInput(
        lane=lane,
        purpose=question.purpose,
        requested=tuple(question.fields),
        filtered=tuple(sorted(set(question.filtered))),
        answers=tuple(sorted(set(question.answers))),
        subject=subject_of(holder),
        rbac=Rbac(allow=permit.allow, roles=permit.roles),
        resource=resource,
        agreements=candidates(agreements, question.purpose),
        consent=notices.for_policy() if notices is not None else None,
        now=int(at.timestamp()),
    )
    decision = await work.runtime[DecisionCache].decide(document)
    outcome = "allow" if decision.allow else "deny"
    work.entry(
        entries.PolicyExplained,
        about=("dataset", shared.listed.dataset.id),
        version=shared.listed.dataset.version,
        principal=str(question.system),
        purpose=question.purpose,
        outcome=outcome,
    )
    return ExplanationOut.model_validate(
        {
            "outcome": outcome,
            "at": at,
            "rules": _rules(document, decision),
            "agreement": decision.agreement,
            "obligations": _obligations(document, decision, shown=None if is_owner else _filters(shared, decision)),
            "policy": decision.revision,
            "engine": work.runtime[DecisionCache].name,
        }
    )


def _rules(document: DeliveryInput, decision: Decision) -> list[RuleOut]:
    """Each rule that applies: those that are proven, and the reasons of those that are not."""
    denying = [
        RuleOut(rule=reason.rule, says="deny", code=reason.code, ref=reason.ref, remedy=explain_reason(reason).remedy)
        for reason in decision.reasons
    ]
    reasoned = {rule.rule for rule in denying}
    rules = [
        RuleOut(rule=rule, says="allow" if is_proven else "deny")
        for rule, is_proven in _tracer().evaluate_rules(document).items()
        if is_proven or rule not in reasoned
    ]
    rules += [RuleOut(rule=name_rule(digest), says="allow") for digest in list_modules(document, decision)]
    return rules + denying


def _filters(shared: queries.SharedDataset, decision: Decision) -> list[Mapping[str, Any]]:
    """The row filters that both sides see: those of the agreement, without those of the terms that it was granted under."""
    chosen = [view for view in shared.agreements if str(view.id) == decision.agreement]
    return [condition for view in chosen for condition in view.row_filters]


def _obligations(
    document: DeliveryInput, decision: Decision, *, shown: Sequence[Mapping[str, Any]] | None
) -> list[ObligationOut]:
    """The obligations. `shown` are the row filters that the reader may see; None: all."""
    obligations = []
    digest = next(iter(list_modules(document, decision)), None)
    before = _tracer().decide(document) if digest is not None else None
    for traced in trace_obligations(document, decision, before=before):
        withheld = traced.kind == "row_filter" and shown is not None and traced.value not in shown
        value = datetime.fromtimestamp(traced.value, UTC).isoformat() if traced.kind == "not_after" else traced.value
        obligations.append(
            ObligationOut(
                kind=traced.kind,
                rule=_rule(traced, digest),
                sources=list(traced.sources),
                name=traced.name,
                value=None if withheld else value,
                withheld=withheld,
            )
        )
    return obligations


def _rule(traced: TracedObligation, module: str | None) -> str:
    if module is not None and "module" in traced.sources:
        return name_rule(module)
    return "delivery.released" if traced.kind == "column" else "delivery.obligations"
