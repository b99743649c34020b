"""Naming: the people whom a question names become pseudonyms in its entry, with commitments to sealed details.

A question names people by `eq` and `in` on a field that identifies a person. The agreement grants that field in the
clear, or the question was refused.
"""

from dataclasses import dataclass, field
from typing import Any

from adapters.plan.plan import typed_value
from exchange.delivery.facts import DatasetFacts, Facts
from exchange.delivery.schemas import DeliveryRequest
from exchange.subjects.identity import Identity, identity, text_of
from ledger.log.store import Sealed

MOST = 100
"""The greatest number of people listed in one entry; beyond it the entry has their number."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The people of a question: fields of its entry, and the details sealed beside it."""

    fields: dict[str, Any] = field(default_factory=dict)
    sealed: tuple[Sealed, ...] = ()

    @property
    def names_one(self) -> bool:
        """Whether the question names one person."""
        return len(self.sealed) == 1


NOBODY = Naming()


def people_in(question: DeliveryRequest, dataset: DatasetFacts) -> dict[Identity, dict[str, str]]:
    """The people whom a question names, in its order, each with the details to seal. Its filters fit the fields."""
    people: dict[Identity, dict[str, str]] = {}
    for condition in question.filters:
        key = dataset.subject_keys.get(condition.field)
        if key is None or condition.op not in {"eq", "in"}:
            continue
        for value in condition.value if isinstance(condition.value, list) else (condition.value,):
            text = text_of(typed_value(key.type, value, "/value"))
            details = {"dataset": str(dataset.id), "field": condition.field, "op": condition.op, "value": text}
            people.setdefault(identity(dataset.owner, key, value), details)
    return people


async def name_people(facts: Facts, question: DeliveryRequest, dataset: DatasetFacts) -> Naming:
    """Seal how a question names people, under their keys at the fence of the dataset's facts, or later ones."""
    people = people_in(question, dataset)
    if not people:
        return NOBODY
    listed = list(people)[:MOST]
    subjects = await facts.subjects(dataset.fence, listed)
    rows = [subjects[identity].seal(people[identity]) for identity in listed]
    fields: dict[str, Any] = {
        "subjects": [row.subject.hex() for _, row in rows],
        "sealed": [commitment for commitment, _ in rows],
    }
    if len(people) > MOST:
        fields["named"] = len(people)
    return Naming(fields, tuple([row for _, row in rows]))
