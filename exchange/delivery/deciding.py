"""Deciding: the facts in the one input document, the decision out of it, remembered while nothing it rests on moves."""

import hashlib

from exchange.delivery.facts import Decided, Facts, Offer
from exchange.delivery.schemas import DeliveryRequest
from exchange.kernel.runtime import Runtime
from exchange.participants.queries import KeyHolder
from policies.cache import span
from policies.documents import DeliveryInput, Rbac


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
        agreements=offer.agreements,
        now=now,
    )
    decision = await runtime.engine.decide(document)
    begin, end = span(document)
    decided = Decided(
        decision=decision,
        input=hashlib.sha256(document.facts()).hexdigest(),
        obligations=hashlib.sha256(decision.obligations.model_dump_json().encode()).hexdigest()
        if decision.obligations
        else None,
        begin=begin,
        end=end,
    )
    if not any(reason.code == "policy-unavailable" for reason in decision.reasons):
        offer.remember(question, decided)
    return decided
