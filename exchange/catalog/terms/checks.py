"""Checks of terms against fields, for dataset documents, applications and grants, before anything reads data.

A mask or condition has to pass two checks: a decision obliges only forms that `policies.decision.obligations` knows,
and an adapter carries out only what its plan accepts. What is stored has passed both, so no agreement is denied for
ever.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from pydantic import ValidationError

from adapters.plan.condition import PlanError, comparisons, condition_from_json
from adapters.plan.masks import mask_from_json, mask_type
from adapters.plan.plan import Column, Field, Plan, check
from adapters.plan.plan import check_condition as check_comparison
from adapters.plan.text import ConditionTextError, condition_from_text
from exchange.catalog.terms.schemas import Assessments, ConsumerGroup, Consumers, OfferedAnswer, Terms
from policies.decision import documents
from policies.decision.obligations import UnknownObligation, check_condition, check_mask, hides

# Only the form of a mask is checked here. The real key of a hash belongs to an agreement that does not exist yet.
_KEY_FOR_CHECKING = bytes(32)
_SECONDS: Final[dict[str, Literal[3600, 86400]]] = {"hour": 3600, "day": 86400}
_EASTERNMOST = timedelta(hours=14)
_ABOUT_NOBODY: Final = "an answer is about a person: mark the field that identifies people as `subject_key`"
_MASK_MISFIT: Final = (
    "The data owner publishes a version that fits the agreement, withholds the field by narrowing the agreement, or "
    "terminates it."
)
_FILTER_MISFIT: Final = (
    "The data owner publishes a version whose fields fit the row filter, or terminates the agreement: a narrowing only "
    "adds filters, so it cannot help."
)


def faults_in_masks(
    masks: Mapping[str, Mapping[str, Any]], fields: Iterable[Field], *, at: str = "masks"
) -> list[dict[str, str]]:
    """Faults in masks for fields: unknown fields, unknown masks, masks that do not fit the field's type."""
    by_name = {field.name: field for field in fields}
    faults = []
    for name, mask in masks.items():
        place = f"{at}/{escape(name)}"
        if name not in by_name:
            faults.append({"at": place, "error": f'the dataset describes no field "{name}"'})
            continue
        try:
            mask_type(mask_from_json(dict(mask), key=_KEY_FOR_CHECKING), by_name[name].type)
            check_mask(mask)
        except PlanError as error:
            faults.append({"at": f"{place}{error.pointer}", "error": f'field "{name}": {error.reason}'})
        except UnknownObligation as error:
            faults.append({"at": place, "error": f'field "{name}": {error}'})
    return faults


def escape(name: str) -> str:
    """A member's name as a part of a JSON pointer (RFC 6901 section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


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


def faults_in_answers(
    answers: Sequence[OfferedAnswer], fields: tuple[Field, ...], *, identifies: bool
) -> list[dict[str, str]]:
    """Faults in offered answers: names given twice, conditions that do not fit the fields, nothing that identifies a person."""
    names = [answer.name for answer in answers]
    faults = [] if identifies or not answers else [{"at": "terms/answers", "error": _ABOUT_NOBODY}]
    for index, answer in enumerate(answers):
        at = f"terms/answers/{index}"
        if names.index(answer.name) < index:
            faults.append({"at": f"{at}/name", "error": f'the answer "{answer.name}" is offered twice'})
        faults += faults_in_condition(answer.where, fields, at=f"{at}/where")
    return faults


def faults_in_assessments(assessments: Assessments, now: datetime, *, at: str = "assessments") -> list[dict[str, str]]:
    """Faults in assessments: one is on file once it is concluded, by the date of the easternmost time zone."""
    today = (now + _EASTERNMOST).date()
    return [
        {"at": f"{at}/{name}/concluded_on", "error": "an assessment is on file when it has been concluded"}
        for name in assessments.on_file
        if getattr(assessments, name).concluded_on > today
    ]


def for_policy(terms: Terms, *, is_older: bool = False) -> documents.Terms:
    """The terms as a decision's input; `is_older` are those of a version older than the question for a legal basis.

    Raises ValidationError for terms that no decision can be made by.
    """
    basis = terms.basis or (documents.PUBLISHED_EARLIER if is_older else None)
    return documents.Terms.model_validate(
        {
            "consumers": {"groups": [], **terms.consumers.model_dump(mode="json")},
            "purposes": terms.purposes,
            "fields": terms.fields,
            "masks": terms.masks,
            "row_filters": [terms.row_filter] if terms.row_filter else [],
            "row_cap": terms.row_cap,
            "rates": [rate_of(terms.rate.model_dump())] if terms.rate else [],
            "consent": terms.consent,
            "min_group": terms.min_group or 0,
            **({"not_after": int(terms.not_after.timestamp())} if terms.not_after else {}),
            **({"module": terms.module} if terms.module else {}),
            **({"basis": basis} if basis else {}),
            "answers": [
                {"name": answer.name, "where": answer.where, "fields": answer.fields()} for answer in terms.answers
            ],
        }
    )


def rate_of(rate: Mapping[str, Any]) -> documents.Rate:
    """A rate in terms, given as JSON, as a decision has it."""
    return documents.Rate(requests=rate["requests"], seconds=_SECONDS[rate["per"]])


def faults_in_strictness(
    masks: Mapping[str, dict[str, Any]], *, than: Mapping[str, dict[str, Any]], at: str = "masks"
) -> list[dict[str, str]]:
    """Masks that do not hide more than those that a field has already: together the field would leave empty, or as before."""
    return [
        {
            "at": f"{at}/{escape(name)}",
            "error": (
                f'field "{name}": the mask "{mask["kind"]}" is not stricter than "{than[name]["kind"]}", which holds already; '
                f"stricter are {_describe_stricter(than[name])}"
            ),
        }
        for name, mask in masks.items()
        if name in than and isinstance(mask.get("kind"), str) and not hides(mask, than[name])
    ]


def _describe_stricter(mask: Mapping[str, Any]) -> str:
    """The masks that show no more than a mask, in words."""
    match mask["kind"]:
        case "partial":
            also = (
                ", and a partial with keep_start 0 and keep_end 0 (one that keeps less shows shorter values, which this one "
                "hides whole)"
            )
        case "prefix":
            also = f", and a prefix of a length up to {mask['length']}"
        case "bucket":
            also = f", and a bucket whose size is a multiple of {mask['size']}"
        case "month":
            also = ", and year"
        case _:
            also = ""
    return f"null, constant{also}"


class Misfit(NamedTuple):
    """A field that a mask or a row filter does not fit, and why."""

    field: str
    error: str


def misfits(
    masks: Mapping[str, Mapping[str, Any]], conditions: Iterable[Mapping[str, Any]], fields: Iterable[Field]
) -> list[Misfit]:
    """The fields that masks and row filters, each valid in itself, do not fit: unknown fields, and other types."""
    types = {field.name: field.type for field in fields}
    faults = []
    for name, mask in masks.items():
        if name not in types:
            continue
        try:
            mask_type(mask_from_json(mask, key=_KEY_FOR_CHECKING), types[name])
        except PlanError as error:
            faults.append(Misfit(name, error.reason))
    for condition in conditions:
        for comparison in comparisons(condition_from_json(dict(condition))):
            if comparison.field not in types:
                faults.append(Misfit(comparison.field, "a row filter uses this field, which the version does not have"))
                continue
            try:
                check_comparison(comparison, types)
            except PlanError as error:
                faults.append(Misfit(comparison.field, f"a row filter does not fit: {error.reason}"))
    return list(dict.fromkeys(faults))


def find_misfit(document: documents.DeliveryInput, obligations: documents.Obligations) -> str | None:
    """Find an obligation that a document's fields do not allow, with the field; None if all can be carried out.

    A former version's document may lack the types, and is not judged.
    """
    fields = [Field(field.name, field.type) for field in document.resource.fields if field.type is not None]
    if len(fields) < len(document.resource.fields):
        return None
    masks = {column.name: column.mask for column in obligations.columns if column.mask is not None}
    faults = misfits(masks, obligations.row_filters, fields)
    if not faults:
        return None
    is_of_filter = bool(misfits({}, obligations.row_filters, fields))
    return f'The field "{faults[0].field}": {faults[0].error}. {_FILTER_MISFIT if is_of_filter else _MASK_MISFIT}'


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
