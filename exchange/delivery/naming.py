"""Naming: the people whom a question names, as its entry tells of them: by pseudonym, with commitments to what is sealed.

A question names people by `eq` and `in` on a field that identifies the person a row is about; the agreement has granted
that field in the clear, or the question was refused. One that names nobody costs nothing here.
"""

from dataclasses import dataclass, field
from typing import Any

from adapters.plan.plan import typed_value
from exchange.delivery.facts import Facts, Offer
from exchange.delivery.schemas import DeliveryRequest
from exchange.subjects.identity import Identity, scheme_of, text_of
from ledger.log.store import Sealed

MOST = 100
"""People listed in one entry; of more, the number is told."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Whom a question named: the fields of its entry, and the rows that are sealed beside it."""

    fields: dict[str, Any] = field(default_factory=dict)
    sealed: tuple[Sealed, ...] = ()


NOBODY = Naming()


def named(request: DeliveryRequest, offer: Offer) -> dict[Identity, dict[str, str]]:
    """Everybody a question names, in its order, each with what is to be sealed: how it did. Its filters fit the fields."""
    found: dict[Identity, dict[str, str]] = {}
    for one in request.filters:
        key = offer.subject_keys.get(one.field)
        if key is None or one.op not in {"eq", "in"}:
            continue
        scheme = scheme_of(offer.owner, one.field)
        for value in one.value if isinstance(one.value, list) else (one.value,):
            text = text_of(typed_value(key.type, value, "/value"))
            details = {"dataset": str(offer.dataset), "field": one.field, "op": one.op, "value": text}
            found.setdefault(Identity(scheme, text), details)
    return found


async def name(facts: Facts, fence: int, request: DeliveryRequest, offer: Offer) -> Naming:
    """Seal how a question names people, under keys as they are at a place of the fence."""
    people = named(request, offer)
    if not people:
        return NOBODY
    listed = list(people)[:MOST]
    subjects = await facts.subjects(fence, listed)
    sealed = [subjects[one].seal(people[one]) for one in listed]
    fields: dict[str, Any] = {
        "subjects": [row.subject.hex() for _, row in sealed],
        "sealed": [commitment for commitment, _ in sealed],
    }
    if len(people) > MOST:
        fields["named"] = len(people)
    return Naming(fields, tuple([row for _, row in sealed]))
