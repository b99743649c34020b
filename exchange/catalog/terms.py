"""Terms held against fields: what a description, an application or a grant may say about them, before anything reads data."""

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.plan import Column, Field, Plan, PlanError, check, condition_from_json, mask_from_json
from exchange.catalog.schemas import Consumers, DatasetDocument

# Only the form of a mask is checked here; the key of a hash belongs to an agreement that does not exist yet.
_KEY_FOR_CHECKING = bytes(32)


def fields_of(document: DatasetDocument) -> tuple[Field, ...]:
    """The document's fields as plans know them."""
    return tuple(Field(field.name, field.type) for field in document.fields)


def faults_in_masks(
    masks: Mapping[str, Mapping[str, Any]], fields: Iterable[Field], *, at: str = "masks"
) -> list[dict[str, str]]:
    """What is wrong with masks for fields: unknown fields, unknown masks, masks that do not fit the field's type."""
    known = {field.name: field for field in fields}
    faults = []
    for name, mask in masks.items():
        if name not in known:
            faults.append({"at": at, "error": "a mask is for a field that is not there"})
            continue
        try:
            column = Column(name, mask_from_json(dict(mask), key=_KEY_FOR_CHECKING))
            check(Plan(columns=(column,)), [known[name]])
        except PlanError as error:
            faults.append({"at": f"{at}{error.pointer}", "error": error.reason})
    return faults


def faults_in_condition(
    condition: Mapping[str, Any] | None, fields: Iterable[Field], *, at: str = "row_filter"
) -> list[dict[str, str]]:
    """What is wrong with a condition over fields: its form, a field that is not there, a value of another type."""
    if condition is None:
        return []
    known = tuple(fields)
    try:
        check(Plan(columns=(Column(known[0].name),), where=condition_from_json(dict(condition))), known)
    except PlanError as error:
        return [{"at": f"{at}{error.pointer.removeprefix('/where')}", "error": error.reason}]
    return []


def faults_in_document(document: DatasetDocument, *, source_fields: Iterable[Field]) -> list[dict[str, str]]:
    """Everything in a dataset's document that does not hold together, or does not fit its source."""
    described = fields_of(document)
    in_source = {field.name: field.type for field in source_fields}
    names = [field.name for field in described]
    faults = []
    for index, field in enumerate(described):
        at = f"fields/{index}"
        if names.count(field.name) > 1:
            faults.append({"at": at, "error": "a field is described once"})
        if field.name not in in_source:
            faults.append({"at": at, "error": "the source has no such field"})
        elif in_source[field.name] != field.type:
            faults.append({"at": at, "error": f"in the source this field is {in_source[field.name]}"})
    for index, name in enumerate(document.terms.fields):
        if name not in names:
            faults.append({"at": f"terms/fields/{index}", "error": "the terms offer a field that is not described"})
    faults += faults_in_masks(document.terms.masks, described, at="terms/masks")
    faults += faults_in_condition(document.terms.row_filter, described, at="terms/row_filter")
    return faults


def admits(consumers: Consumers, *, organisation: str, kind: str, level: str) -> bool:
    """Whether the terms' consumers include an organisation; an empty list leaves its side open."""
    return (
        (not consumers.kinds or kind in consumers.kinds)
        and (not consumers.levels or level in consumers.levels)
        and (not consumers.organisations or organisation in {str(one) for one in consumers.organisations})
    )
