"""Restrictions: of people whose data an owner stores and does nothing else with, no delivery and no answer has rows.

A restriction is a fact of the dataset: its beginning and its end move the fence. It is one more condition on rows, by each
field that identifies people and in each spelling of the identifier, so that it holds wherever rows are read.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from adapters.plan.condition import Comparison, Condition, PlanError, all_of
from adapters.plan.plan import check_condition, typed_value
from exchange.catalog.identifier_schemes import is_declared, spellings
from exchange.kernel.keys.sealing import Seal
from exchange.subjects.identity import Identity, SubjectKey, as_sent, scheme_of

QUESTION: Final = "person_request/{}/question"


@dataclass(frozen=True, slots=True)
class Restriction:
    """The request that restricts a person's rows, with what the person wrote, which is sealed, and the person's lookup."""

    request: UUID
    question: bytes
    lookup: bytes


def condition_of(
    restricted: Iterable[Restriction],
    *,
    owner: UUID,
    keys: Mapping[str, SubjectKey],
    types: Mapping[str, Any],
    seal: Seal,
) -> Condition | None:
    """The condition that leaves the rows about these people out; None where nobody is restricted."""
    values: dict[str, dict[Any, None]] = {}
    for restriction in restricted:
        name = QUESTION.format(restriction.request)
        value = str(json.loads(seal.open(restriction.question, name=name))["value"])
        for key in keys.values():
            # The person is somebody else under a field of another scheme, even where the text is the same.
            if Identity(scheme_of(owner, key), value).lookup(seal) == restriction.lookup:
                values.setdefault(key.name, {}).update(dict.fromkeys(_typed(owner, key, value)))
    parts = [check_condition(Comparison(name, "not_in", tuple(listed)), types) for name, listed in values.items()]
    return all_of(*parts)


def _typed(owner: UUID, key: SubjectKey, value: str) -> list[Any]:
    """The values of a field that mean a person."""
    scheme = scheme_of(owner, key)
    typed = []
    for spelling in spellings(scheme, value) if is_declared(scheme) else (value,):
        try:
            typed.append(typed_value(key.type, as_sent(key, spelling), "/value"))
        except PlanError:
            continue  # no row can hold it
    return typed
