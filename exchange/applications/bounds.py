"""Bounds: checks of an application against a dataset's terms, when it is submitted and again when it is decided.

Terms and organisations change in between, so an application within the terms may be outside them later.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from exchange.applications.models import Application
from exchange.applications.schemas import Approval
from exchange.catalog.checks import faults_in_grounds, faults_in_proposal, fields_of
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.terms.checks import (
    admits,
    faults_in_assessments,
    faults_in_condition,
    faults_in_masks,
    faults_in_strictness,
)
from exchange.kernel.clock import rfc3339
from exchange.participants.view import OrganisationView


def faults_in_request(
    document: DatasetDocument,
    *,
    consumer: OrganisationView,
    purpose: str,
    fields: Sequence[str],
    answers: Sequence[str],
    row_filter: dict[str, Any] | None,
    not_after: datetime,
    now: datetime,
) -> list[dict[str, str]]:
    """The faults by which a consumer's request exceeds the present terms."""
    terms = document.terms
    faults = []
    if document.effective_level == "CORE":
        faults.append({"at": "dataset", "error": "core data enters no agreement"})
    if not admits(terms.consumers, organisation=str(consumer.id), kind=consumer.kind, level=consumer.level):
        faults.append({"at": "dataset", "error": "the terms do not offer it to an organisation of this kind"})
    if purpose not in terms.purposes:
        faults.append({"at": "purpose", "error": f"the terms allow: {', '.join(terms.purposes)}"})
    faults += [
        {"at": f"fields/{index}", "error": "the terms do not offer this field"}
        for index, name in enumerate(fields)
        if name not in terms.fields
    ]
    if not fields and not answers:
        faults.append({"at": "fields", "error": "name at least one field, or an answer"})
    offered = {answer.name for answer in terms.answers}
    faults += [
        {"at": f"answers/{index}", "error": f"the terms offer: {', '.join(sorted(offered)) or 'no answers'}"}
        for index, name in enumerate(answers)
        if name not in offered
    ]
    if not_after <= now:
        faults.append({"at": "not_after", "error": "this time is over"})
    if terms.not_after is not None and not_after > terms.not_after:
        faults.append({"at": "not_after", "error": f"the terms end at {rfc3339(terms.not_after)}"})
    return faults + faults_in_proposal(row_filter, document)


def faults_in_approval(
    document: DatasetDocument, *, application: Application, approval: Approval, now: datetime
) -> list[dict[str, str]]:
    """The faults by which an owner's approval exceeds the application or the terms, or cannot be carried out."""
    terms, described = document.terms, fields_of(document)
    faults = []
    if approval.provision == "later" and application.lane != "government":
        error = "data is provided later between departments only; approve once it is there"
        faults.append({"at": "provision", "error": error})
    if application.is_return_flow and approval.model_fields_set - {"assessments", "provision"}:
        error = (
            "data returns without further conditions (Decree 809, Article 24): approve it as applied for, or refuse it"
        )
        faults.append({"at": "", "error": error})
    faults += [
        {"at": f"fields/{index}", "error": "the application does not ask for this field"}
        for index, name in enumerate(approval.fields or ())
        if name not in application.fields
    ]
    faults += [
        {"at": f"answers/{index}", "error": "the application does not ask for this answer"}
        for index, name in enumerate(approval.answers or ())
        if name not in application.answers
    ]
    faults += faults_in_masks(approval.masks, described)
    faults += faults_in_strictness(approval.masks, than=terms.masks)
    faults += faults_in_condition(combine_conditions(application.row_filter, approval.row_filter), described)
    if approval.not_after is not None and approval.not_after > application.not_after:
        faults.append({"at": "not_after", "error": "a grant ends no later than the application asks"})
    if approval.row_cap is not None and approval.row_cap > terms.row_cap:
        faults.append({"at": "row_cap", "error": "the terms cap the rows lower"})
    faults += faults_in_assessments(approval.assessments, now)
    return faults + faults_in_grounds(
        document,
        lane=application.lane,
        fields=granted_fields(application, approval),
        answers=granted_answers(application, approval),
        assessments=approval.assessments,
    )


def granted_fields(application: Application, approval: Approval) -> list[str]:
    """The fields that an approval grants: as asked for, unless it names them."""
    return approval.fields if approval.fields is not None else application.fields


def granted_answers(application: Application, approval: Approval) -> list[str]:
    """The answers that an approval grants: as asked for, unless it names them."""
    return approval.answers if approval.answers is not None else application.answers


def combine_conditions(first: dict[str, Any] | None, second: dict[str, Any] | None) -> dict[str, Any] | None:
    """The condition that holds where both hold; None holds everywhere."""
    if first is None or second is None:
        return first or second
    return {"all": [first, second]}
