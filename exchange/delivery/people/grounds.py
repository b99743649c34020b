"""The ground on which rows about people are released: a field that identifies the person, and the scopes of consents.

The decision obliges to scopes; which people consented is looked up at the release, never cached with the decision.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.plan.plan import Field
from exchange.consents import queries as consents
from exchange.consents.view import ScopeView
from exchange.kernel.database import Connection
from exchange.kernel.keys.sealing import Seal
from exchange.subjects.identity import SubjectKey, scheme_of
from exchange.subjects.numbers import Lookups
from policies.decision import documents


@dataclass(frozen=True, slots=True)
class Ground:
    """Rows are released to whom one of `scopes` allows it, by the value of `field` in the row.

    `lookups` makes the lookups of people from these values.
    """

    field: SubjectKey
    scopes: tuple[int, ...]
    lookups: Lookups

    def lookup(self, value: Any) -> bytes | None:
        """The lookup of the person that a value of the field means; None for nobody's."""
        return self.lookups.of_value(value) if value is not None else None

    def all_lookups(self, values: Sequence[Any]) -> list[bytes | None]:
        """The lookups of the people of many rows, in order."""
        return [self.lookup(value) for value in values]


@dataclass(frozen=True, slots=True)
class Notices:
    """The notices of a dataset to a consumer for a purpose, all of which identify people by the same field."""

    field: Field
    scopes: tuple[ScopeView, ...]

    def for_policy(self) -> documents.Consent:
        """The notices as a decision's input."""
        return documents.Consent(
            scopes=tuple(
                documents.ConsentScope(scope=view.scope, fields=tuple(sorted(view.fields))) for view in self.scopes
            )
        )


async def find_notices(
    connection: Connection,
    *,
    resource: documents.Resource,
    agreements: Sequence[documents.Agreement],
    lane: documents.Lane,
    consumer: UUID,
    purpose: str,
) -> Notices | None:
    """The notices of a dataset to a consumer that a decision may turn on.

    None where it cannot turn on any, or where there is none by which a row's person can be told. Where notices identify
    people by different fields, those by the field of the newest one count.
    """
    if not resource.turns_on_consent(lane, agreements):
        return None
    keys = {field.name: field for field in resource.fields if field.subject_key}
    views = await consents.scopes_covering(
        connection, dataset=UUID(resource.dataset), consumer=consumer, purpose=purpose, fields=()
    )
    usable = [view for view in views if view.identified_by in keys]
    if not usable:
        return None
    name, kind = usable[-1].identified_by, keys[usable[-1].identified_by].type or "string"
    same = [view for view in usable if view.identified_by == name]
    return Notices(Field(name, kind), tuple(same[-documents.MAX_SCOPES :]))


def ground_of(
    notices: Notices | None,
    people: documents.People,
    *,
    owner: UUID,
    keys: Mapping[str, SubjectKey],
    seal: Seal,
) -> Ground:
    """The ground that an obligation names. `keys` are the dataset's fields that identify people.

    Raises LookupError for an obligation to a notice that was no fact of the decision.
    """
    if notices is None or not {*people.consent} <= {view.scope for view in notices.scopes}:
        raise LookupError("the decision obliges to a notice that is no fact of it")
    key = keys[notices.field.name]
    return Ground(key, people.consent, Lookups(seal, scheme_of(owner, key)))


def named_values(filters: Iterable[Any], field: Field) -> list[Any] | None:
    """The values to which a question's filters restrict a field by `eq` or `in`; None where they do not."""
    for condition in filters:
        if condition.field == field.name and condition.op in {"eq", "in"}:
            return condition.value if isinstance(condition.value, list) else [condition.value]
    return None
