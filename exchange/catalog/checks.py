"""Checks of a dataset's document: against itself, against its source, and whether decisions can be made by it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from adapters.plan.condition import comparisons, condition_from_json
from adapters.plan.plan import Field
from exchange.catalog.schemas import Citation, DatasetDocument
from exchange.catalog.terms.checks import (
    faults_in_answers,
    faults_in_condition,
    faults_in_masks,
    faults_in_row_filter,
    faults_of,
    for_policy,
)
from exchange.catalog.terms.schemas import Assessments

_LOCAL = re.compile("(?!中华人民共和国)[\u4e00-\u9fff]{1,8}?(省|市|自治区|自治州|自治县|特别行政区|经济特区)")
"""A title that begins with the name of a region."""
_BELOW = ("通知", "意见", "指南", "标准", "规范")
"""How titles of documents end that are no law and no administrative regulation, unless they are the State Council's."""


def fields_of(document: DatasetDocument) -> tuple[Field, ...]:
    """The document's fields, for plans."""
    return tuple(Field(field.name, field.type) for field in document.fields)


def faults_in_proposal(
    condition: Mapping[str, Any] | None, document: DatasetDocument, *, at: str = "row_filter"
) -> list[dict[str, str]]:
    """Faults in a condition that a consumer proposes. It may use only fields that the terms offer without a mask.

    Otherwise the rows that are delivered would reveal values of masked and withheld fields.
    """
    faults = faults_in_condition(condition, fields_of(document), at=at)
    if faults or condition is None:
        return faults
    clear = set(document.terms.fields) - document.terms.masks.keys()
    if any(comparison.field not in clear for comparison in comparisons(condition_from_json(dict(condition)))):
        return [{"at": at, "error": "a filter rests on fields only that the terms offer without a mask"}]
    return []


def faults_in_document(document: DatasetDocument) -> list[dict[str, str]]:
    """Every contradiction in a dataset's document, and everything that no decision could be made by."""
    described = fields_of(document)
    names = [field.name for field in described]
    faults = [
        {"at": f"fields/{index}/name", "error": f'the field "{name}" is described twice'}
        for index, name in enumerate(names)
        if names.count(name) > 1
    ]
    faults += [
        {"at": f"terms/fields/{index}", "error": f'the terms offer the field "{name}", which is not described'}
        for index, name in enumerate(document.terms.fields)
        if name not in names
    ]
    faults += faults_in_masks(document.terms.masks, described, at="terms/masks")
    faults += faults_in_row_filter(document.terms, described)
    faults += _faults_in_citation(document.sharing.citation)
    identifies = any(field.subject_key for field in document.fields)
    answer_faults = faults_in_answers(document.terms.answers, described, identifies=identifies)
    if answer_faults:
        return faults + answer_faults
    try:
        for_policy(document.terms)
    except ValidationError as error:
        faults += faults_of(error, at="terms")
    return faults


def _faults_in_citation(citation: Citation | None) -> list[dict[str, str]]:
    """The fault of a citation whose title is that of a local rule, or of a document below an administrative regulation.

    Only a law, an administrative regulation or a State Council decision forbids sharing (Decree 809, Article 14).
    """
    if citation is None:
        return []
    title = citation.title.strip("《》 ")
    is_law = title.endswith("法") and not title.endswith("办法")
    is_local = _LOCAL.match(title) is not None and not is_law
    if is_local or (title.endswith(_BELOW) and "国务院" not in title):
        error = (
            f'"{title}" is a local rule or a departmental document, which forbids no sharing; cite a law, an administrative '
            "regulation or a State Council decision, or share the data under conditions (Decree 809, Article 14)"
        )
        return [{"at": "sharing/citation/title", "error": error}]
    return []


def faults_in_grounds(
    document: DatasetDocument,
    *,
    lane: str,
    fields: Iterable[str],
    assessments: Assessments,
    answers: Iterable[str] = (),
) -> list[dict[str, str]]:
    """Assessments that an agreement over these fields and answers needs, and that neither it nor the dataset has on file."""
    on_file = {*document.assessments.on_file, *assessments.on_file}
    named = {*answers}
    granted = {*fields}.union(*(answer.fields() for answer in document.terms.answers if answer.name in named))
    faults = []
    if (
        lane in ("operation", "trade")
        and "impact" not in on_file
        and any(field.personal for field in document.fields if field.name in granted)
    ):
        error = (
            "personal information leaves on this lane only with an impact assessment on file (PIPL Article 55); "
            "its owner puts one on file: exchange-client publish FILE --handle NAME --update --impact-assessment REPORT"
        )
        faults.append({"at": "assessments/impact", "error": error})
    if "risk" not in on_file and document.effective_level == "IMPORTANT":
        error = "important data leaves only with a risk assessment on file (Decree 790, Article 31)"
        faults.append({"at": "assessments/risk", "error": error})
    return faults


def faults_against_source(document: DatasetDocument, source_fields: Iterable[Field]) -> list[dict[str, str]]:
    """Every field of a document that its source lacks, or has with another type."""
    in_source = {field.name: field.type for field in source_fields}
    faults = []
    for index, field in enumerate(fields_of(document)):
        if field.name not in in_source:
            faults.append({"at": f"fields/{index}/name", "error": f'the source has no field "{field.name}"'})
        elif in_source[field.name] != field.type:
            error = f'in the source the field "{field.name}" is {in_source[field.name]}, not {field.type}'
            faults.append({"at": f"fields/{index}/type", "error": error})
    return faults


def withhold_from_others(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A copy of a document without the parts that only its owner may see, and the pointers of these parts.

    A row filter can hold values of the rows, and the organisations that may apply are the owner's business.
    """
    terms = dict(document["terms"])
    consumers = dict(terms["consumers"])
    withheld = []
    if terms["row_filter"] is not None:
        terms["row_filter"] = None
        withheld.append("terms/row_filter")
    if consumers["organisations"]:
        consumers["organisations"] = []
        withheld.append("terms/consumers/organisations")
    if any(group["organisations"] for group in consumers.get("groups", [])):
        consumers["groups"] = []
        withheld.append("terms/consumers/groups")
    return {**document, "terms": {**terms, "consumers": consumers}}, withheld
