"""Deciding: facts and question become the one input document, and a decision, which is cached while it is valid.

An allowed request is then counted against the rates of the terms.
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeAlias
from uuid import UUID

from adapters.plan.condition import Condition, all_of
from adapters.plan.plan import Column
from exchange.decisions import service as decisions
from exchange.delivery import queries
from exchange.delivery.errors import AnswerUnknown, FieldUnknown, RateExceeded, denial
from exchange.delivery.facts import Ruling, subject_of
from exchange.delivery.people.grounds import Ground, Notices, find_notices, ground_of
from exchange.delivery.planning import columns_json, granted, row_condition, shuffling, sorting
from exchange.delivery.stages import Decided, Known, Planned
from exchange.kernel.runtime import Runtime
from policies.decision import documents
from policies.decision.documents import DeliveryInput, Rbac, Reason
from policies.engines.cache import DecisionCache, find_validity, keep, weigh

_MIDNIGHT_IN_CHINA = 8 * 3600

Counted: TypeAlias = tuple[Hashable, ...]
"""What a request has counted against: for a rate, an agreement, the length of a period in seconds, and its number."""


async def decide(runtime: Runtime, known: Known) -> Decided:
    """Decide on a delivery, or on answers, at the time it was asked for, or return the cached decision.

    What is decided is kept, so it holds no names that a sender makes up: unknown fields are refused, and so is a purpose
    that neither the terms nor an agreement have. A denial that holds whatever fields are requested is decided without
    them. Raises FieldUnknown, and the problem of a denial.
    """
    dataset, question, purpose = known.dataset, known.question, known.admitted.purpose
    filtered = tuple(sorted({condition.field for condition in question.filters}))
    cached = _cached(known, question.fields, filtered)
    if cached is not None:
        return Decided(known, cached)
    named = [(f"fields/{index}", name) for index, name in enumerate(question.fields)]
    named += [(f"filters/{index}/field", condition.field) for index, condition in enumerate(question.filters)]
    unknown = [(at, name) for at, name in named if name not in dataset.types]
    if unknown:
        raise FieldUnknown.of(unknown)
    offered = {answer.name for answer in dataset.resource.terms.answers}
    if not_offered := [(f"answers/{at}", name) for at, name in enumerate(known.answers) if name not in offered]:
        raise AnswerUnknown.of(not_offered)
    if purpose not in dataset.resource.terms.purposes and not any(
        purpose in agreement.purposes for agreement in dataset.agreements
    ):
        refusal = documents.deny(
            "purpose-not-granted", rule="delivery.purpose_in_terms", revision="", ref=str(dataset.id)
        )
        raise denial(refusal, agreements=dataset.agreements, terms=dataset.resource.terms, purpose=purpose)
    if named:
        whole = _cached(known, (), ()) or await _rule(runtime, known, (), ())
        if not whole.decision.allow and all(_is_of_all_fields(reason) for reason in whole.decision.reasons):
            return Decided(known, whole)
    return Decided(known, await _rule(runtime, known, question.fields, filtered))


def _is_of_all_fields(reason: Reason) -> bool:
    """Whether a reason holds whatever fields are requested. A notice may cover fewer fields than an agreement grants."""
    return reason.rule.startswith("delivery.") and reason.rule != "delivery.consent_settled"


def _key(known: Known, fields: Sequence[str], filtered: tuple[str, ...]) -> tuple[object, ...]:
    admitted, dataset = known.admitted, known.dataset
    holder = admitted.sender.holder.principal.key
    return (dataset.fence, dataset.id, holder, admitted.purpose, tuple(fields), filtered, known.answers)


def _cached(known: Known, fields: Sequence[str], filtered: tuple[str, ...]) -> Ruling | None:
    """The cached ruling, if it is valid at the time of the request."""
    cached = known.dataset.rulings.get(_key(known, fields, filtered))
    return cached if cached is not None and cached.begin <= known.admitted.asked.now < cached.end else None


async def _rule(runtime: Runtime, known: Known, fields: Sequence[str], filtered: tuple[str, ...]) -> Ruling:
    """Decide about these fields and filters, store the input, and cache the ruling."""
    dataset = known.dataset
    notices = await _notices(runtime, known)
    document = _document(runtime, known, tuple(sorted(set(fields))), filtered, notices)
    decision = await runtime[DecisionCache].decide(document)
    begin, end = find_validity(document)
    facts = document.facts()
    record = decisions.build_record(decision, engine=runtime[DecisionCache].name, facts=facts, salt=dataset.salt)
    await decisions.keep_input(runtime.database, runtime.clock, record, facts)
    columns: tuple[Column, ...] = ()
    where: Condition | None = None
    order: tuple[str, ...] = ()
    shuffle: bytes | None = None
    ground: Ground | None = None
    if decision.allow and decision.obligations is not None and decision.agreement is not None:
        obligations, agreement = decision.obligations, decision.agreement
        if known.answers:
            where = row_condition(dataset, obligations)
        else:
            columns, where = granted(fields, dataset=dataset, obligations=obligations, agreement=agreement)
            order = sorting(dataset, obligations=obligations, agreement=agreement)
            shuffle = shuffling(dataset, obligations=obligations, agreement=agreement)
        where = all_of(where, dataset.restricted)
        if obligations.people is not None:
            ground = ground_of(
                notices, obligations.people, owner=dataset.owner, keys=dataset.subject_keys, seal=runtime.seal
            )
    ruling = Ruling(
        decision=decision,
        record=record,
        plain=record.model_dump(exclude_none=True),
        columns=columns,
        columns_json=columns_json(columns),
        where=where,
        order=order,
        shuffle=shuffle,
        ground=ground,
        begin=begin,
        end=end,
        weight=weigh(decision) + 4 * sum(len(name) for name in (*fields, *filtered)),
    )
    if not any(reason.code == "policy-unavailable" for reason in decision.reasons):
        keep(dataset.rulings, _key(known, fields, filtered), ruling, weight=ruling.weight)
    return ruling


async def _notices(runtime: Runtime, known: Known) -> Notices | None:
    """The notices that the decision may turn on. A new one moves the fence."""
    dataset = known.dataset
    if not dataset.resource.turns_on_consent(dataset.lane, dataset.agreements):
        return None
    async with runtime.database.pool.acquire() as connection:
        return await find_notices(
            connection,
            resource=dataset.resource,
            agreements=dataset.agreements,
            lane=dataset.lane,
            consumer=known.admitted.sender.holder.principal.organisation,
            purpose=known.admitted.purpose,
        )


def _document(
    runtime: Runtime,
    known: Known,
    requested: tuple[str, ...],
    filtered: tuple[str, ...],
    notices: Notices | None,
) -> DeliveryInput:
    holder, dataset, purpose = known.admitted.sender.holder, known.dataset, known.admitted.purpose
    permit = runtime.roles.permits(
        principal=str(holder.principal.id),
        assignments=holder.principal.assignments,
        domain=str(holder.principal.organisation),
        resource="delivery",
        verb="request",
    )
    return DeliveryInput(
        lane=dataset.lane,
        purpose=purpose,
        requested=requested,
        filtered=filtered,
        subject=subject_of(holder),
        rbac=Rbac(allow=permit.allow, roles=permit.roles),
        resource=dataset.resource,
        agreements=candidates(dataset.agreements, purpose),
        consent=notices.for_policy() if notices is not None else None,
        answers=tuple(sorted(set(known.answers))),
        now=known.admitted.asked.now,
    )


def candidates(agreements: Iterable[documents.Agreement], purpose: str) -> tuple[documents.Agreement, ...]:
    """The agreements that a decision takes in, at most MAX_AGREEMENTS: those for the purpose first, otherwise in order."""
    in_order = sorted(agreements, key=lambda agreement: purpose not in agreement.purposes)
    return tuple(in_order[: documents.MAX_AGREEMENTS])


async def count_request(runtime: Runtime, planned: Planned, counted: set[Counted]) -> None:
    """Count a request against every rate, before anything is read. Raises RateExceeded.

    A request counts once it is allowed, whether or not it is answered, so that no more are answered than the terms allow.
    It counts once, however often it is attempted: `counted` holds what its attempts before have counted, and is added to.
    """
    agreement, local = UUID(planned.agreement), planned.known.admitted.asked.now + _MIDNIGHT_IN_CHINA
    fresh = set[Counted]()
    async with runtime.database.sessions.begin() as session:
        for rate in sorted(planned.rates, key=lambda rate: rate.seconds):
            period, elapsed = divmod(local, rate.seconds)
            count = (agreement, rate.seconds, period)
            if count in counted or count in fresh:
                continue
            if not await queries.count(session, agreement, seconds=rate.seconds, period=period, most=rate.requests):
                left = rate.seconds - elapsed
                raise RateExceeded("Ask again in the next period.", headers={"Retry-After": str(left)})
            fresh.add(count)
    counted |= fresh
