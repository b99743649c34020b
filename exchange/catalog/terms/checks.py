"""Checks of terms against fields, for dataset documents, applications and grants, before anything reads data.

A mask or condition has to pass two checks: a decision obliges only forms that `policies.decision.obligations` knows,
and an adapter carries out only what its plan accepts. What is stored has passed both, so no agreement is denied for
ever.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from adapters.plan.condition import PlanError, all_of, condition_from_json
from adapters.plan.masks import mask_from_json
from adapters.plan.plan import Column, Field, Plan, check
from adapters.plan.text import ConditionTextError, condition_from_text
from exchange.catalog.terms.schemas import Assessments, ConsumerGroup, Consumers, Terms
from policies.decision import documents
from policies.decision.obligations import UnknownObligation, check_condition, check_mask

# Only the form of a mask is checked here. The real key of a hash belongs to an agreement that does not exist yet.
_KEY_FOR_CHECKING = bytes(32)
_SECONDS = {"hour": 3600, "day": 86_400}
_EASTERNMOST = timedelta(hours=14)


def faults_in_masks(
    masks: Mapping[str, Mapping[str, Any]], fields: Iterable[Field], *, at: str = "masks"
) -> list[dict[str, str]]:
    """Faults in masks for fields: unknown fields, unknown masks, masks that do not fit the field's type."""
    by_name = {field.name: field for field in fields}
    faults = []
    for name, mask in masks.items():
        if name not in by_name:
            faults.append({"at": at, "error": "a mask is for an unknown field"})
            continue
        try:
            column = Column(name, mask_from_json(dict(mask), key=_KEY_FOR_CHECKING))
            check(Plan(columns=(column,)), [by_name[name]])
            check_mask(mask)
        except PlanError as error:
            faults.append({"at": f"{at}{error.pointer}", "error": error.reason})
        except UnknownObligation as error:
            faults.append({"at": at, "error": str(error)})
    return faults


def faults_in_condition(
    condition: Mapping[str, Any] | None, fields: Iterable[Field], *, at: str = "row_filter"
) -> list[dict[str, str]]:
    """Faults in a condition over fields: its form, an unknown field, a value of another type."""
    if condition is None:
        return []
    described = tuple(fields)
    try:
        check(Plan(columns=(Column(described[0].name),), where=condition_from_json(dict(condition))), described)
        check_condition(condition)
    except PlanError as error:
        return [{"at": f"{at}{error.pointer.removeprefix('/where')}", "error": error.reason}]
    except UnknownObligation as error:
        return [{"at": at, "error": str(error)}]
    return []


def faults_in_row_filter(terms: Terms, fields: tuple[Field, ...]) -> list[dict[str, str]]:
    """Faults in the terms' row filter; where its owner wrote text, with the position of the character."""
    if terms.written is not None:
        try:
            condition_from_text(terms.written, {field.name: field.type for field in fields})
        except ConditionTextError as error:
            return [{"at": "terms/row_filter", "error": str(error)}]
    return faults_in_condition(terms.row_filter, fields, at="terms/row_filter")


def faults_in_assessments(assessments: Assessments, now: datetime, *, at: str = "assessments") -> list[dict[str, str]]:
    """Faults in assessments: one is on file once it is concluded, by the date of the easternmost time zone."""
    today = (now + _EASTERNMOST).date()
    return [
        {"at": f"{at}/{name}/concluded_on", "error": "an assessment is on file when it has been concluded"}
        for name in assessments.on_file
        if getattr(assessments, name).concluded_on > today
    ]


def for_policy(terms: Terms) -> documents.Terms:
    """The terms as a decision's input. Raises ValidationError for terms that no decision can be made by."""
    return documents.Terms.model_validate(
        {
            "consumers": {"groups": [], **terms.consumers.model_dump(mode="json")},
            "purposes": terms.purposes,
            "fields": terms.fields,
            "masks": terms.masks,
            "row_filters": [terms.row_filter] if terms.row_filter else [],
            "row_cap": terms.row_cap,
            "rates": [{"requests": terms.rate.requests, "seconds": _SECONDS[terms.rate.per]}] if terms.rate else [],
            "consent": terms.consent,
            "min_group": terms.min_group or 0,
            **({"not_after": int(terms.not_after.timestamp())} if terms.not_after else {}),
            **({"module": terms.module} if terms.module else {}),
        }
    )


def can_be_carried_out(document: documents.DeliveryInput, obligations: documents.Obligations) -> bool:
    """Whether obligations can be carried out on a document's fields; the types are in it where a module is asked."""
    fields = [Field(field.name, field.type) for field in document.resource.fields if field.type is not None]
    try:
        columns = tuple(
            Column(column.name, mask_from_json(column.mask, key=_KEY_FOR_CHECKING) if column.mask else None)
            for column in obligations.columns
        )
        where = all_of(*(condition_from_json(condition) for condition in obligations.row_filters))
        check(Plan(columns=columns, where=where), fields)
    except PlanError:
        return False
    return True


def faults_of(error: ValidationError, *, at: str) -> list[dict[str, str]]:
    """A validation error as faults. The pointer is `at` and the first part of the location, without names of fields."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    return [{"at": f"{at}/{item['loc'][0]}" if item["loc"] else at, "error": item["msg"]} for item in errors]


def admits(consumers: Consumers, *, organisation: str, kind: str, level: str) -> bool:
    """Whether the terms' consumers include an organisation; an empty list includes all."""
    return _includes(consumers, organisation=organisation, kind=kind, level=level) and (
        not consumers.groups
        or any(_includes(group, organisation=organisation, kind=kind, level=level) for group in consumers.groups)
    )


def _includes(group: ConsumerGroup, *, organisation: str, kind: str, level: str) -> bool:
    return (
        (not group.kinds or kind in group.kinds)
        and (not group.levels or level in group.levels)
        and (not group.organisations or organisation in map(str, group.organisations))
    )
