"""Deciding: the facts in the one input document, the decision out of it, remembered while nothing it rests on moves."""

from adapters.plan.condition import Condition
from adapters.plan.plan import Column
from exchange.decisions import service as decisions
from exchange.delivery.facts import Decided, Facts, Offer
from exchange.delivery.planning import columns_json, granted, sorting
from exchange.delivery.schemas import DeliveryRequest
from exchange.kernel.runtime import Runtime
from exchange.participants.queries import KeyHolder
from policies.decision import documents
from policies.decision.documents import DeliveryInput, Rbac
from policies.engines.cache import DecisionCache, find_validity


async def decide(
    runtime: Runtime, facts: Facts, *, holder: KeyHolder, offer: Offer, request: DeliveryRequest, purpose: str, now: int
) -> Decided:
    """The decision on a delivery at a time in epoch seconds."""
    principal = holder.principal
    filtered = tuple(sorted({one.field for one in request.filters}))
    question = (principal.key, purpose, tuple(request.fields), filtered)
    known = offer.decisions.get(question)
    if known is not None and known.begin <= now < known.end:
        return known
    permit = runtime.roles.permits(
        principal=str(principal.id),
        assignments=principal.assignments,
        domain=str(principal.organisation),
        resource="delivery",
        verb="request",
    )
    document = DeliveryInput(
        lane=offer.lane,
        purpose=purpose,
        requested=tuple(request.fields),
        filtered=filtered,
        subject=facts.subject(holder),
        rbac=Rbac(allow=permit.allow, roles=permit.roles),
        resource=offer.resource,
        agreements=candidates(offer, purpose),
        now=now,
    )
    decision = await runtime[DecisionCache].decide(document)
    begin, end = find_validity(document)
    facts_read = document.facts()
    record = decisions.build_record(decision, engine=runtime[DecisionCache].name, facts=facts_read, salt=offer.salt)
    await decisions.keep_input(runtime.database, runtime.clock, record, facts_read)
    columns: tuple[Column, ...] = ()
    where: Condition | None = None
    order: tuple[str, ...] = ()
    if decision.allow and decision.obligations is not None and decision.agreement is not None:
        columns, where = granted(
            request.fields, offer=offer, obligations=decision.obligations, agreement=decision.agreement
        )
        order = sorting(offer, obligations=decision.obligations, agreement=decision.agreement)
    decided = Decided(
        decision=decision,
        record=record,
        plain=record.model_dump(exclude_none=True),
        columns=columns,
        columns_json=columns_json(columns),
        where=where,
        order=order,
        begin=begin,
        end=end,
    )
    if not any(reason.code == "policy-unavailable" for reason in decision.reasons):
        offer.remember(question, decided)
    return decided


def candidates(offer: Offer, purpose: str) -> tuple[documents.Agreement, ...]:
    """The agreements that go into a decision: those made for the purpose first, of these the active, then the newest."""
    return tuple(sorted(offer.agreements, key=lambda one: purpose not in one.purposes)[: documents.MAX_AGREEMENTS])
