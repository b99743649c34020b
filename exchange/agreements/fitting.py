"""Compare an agreement with a version of its dataset: whether it fits, and what a new version changes for it."""

from collections.abc import Mapping
from typing import Any

from adapters.plan.plan import Field
from exchange.agreements.view import AgreementView
from exchange.catalog.checks import faults_in_grounds, fields_of
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.terms.checks import Misfit, admits, misfits
from exchange.catalog.terms.schemas import Assessments, Rate
from exchange.participants.view import OrganisationView
from policies.decision.obligations import stricter

_Mask = dict[str, Any] | None
_ROWS_KEPT = "the terms no longer filter the rows; the agreement keeps its filter"


def find_misfits(
    agreement: AgreementView, document: DatasetDocument, *, before: DatasetDocument | None = None
) -> list[Misfit]:
    """The fields of a version that an agreement does not fit.

    `before` is the version in force: a field that it has, and the new version lacks or gives another type, is a misfit too.
    """
    fields = {field.name: field for field in fields_of(document)}
    faults = []
    for field in fields_of(before) if before is not None else ():
        if field.name in agreement.fields:
            faults += _changed(field, fields.get(field.name))
    faults += misfits(agreement.masks, _conditions(agreement), fields.values())
    return list(dict.fromkeys(faults))


def _changed(field: Field, after: Field | None) -> list[Misfit]:
    if after is None:
        return [Misfit(field.name, "the version does not describe this field")]
    if after.type != field.type:
        return [Misfit(field.name, f"the version gives this field the type {after.type} instead of {field.type}")]
    return []


def _conditions(agreement: AgreementView) -> list[Mapping[str, Any]]:
    terms_filter = agreement.terms["row_filter"]
    return [*agreement.row_filters, *([terms_filter] if terms_filter else [])]


def describe_changes(
    agreement: AgreementView, consumer: OrganisationView, *, before: DatasetDocument, after: DatasetDocument
) -> list[str]:
    """Describe what a new version changes for an agreement, without values of conditions or masks: both sides may read it.

    The text also states where the terms grow wider and the agreement stays as it was granted.
    """
    old, new = _columns(agreement, before), _columns(agreement, after)
    changes = describe_columns(old, new)
    kept = describe_kept(agreement, before=before, after=after)
    changes += kept
    if before.terms.row_filter != after.terms.row_filter and _ROWS_KEPT not in kept:
        changes.append("other rows")
    changes += _answer_changes(agreement, before, after)
    changes += _limit_changes(agreement, before, after)
    old_obstacles, obstacles = (_obstacles(agreement, consumer, document) for document in (before, after))
    changes += [f"nothing is delivered: {reason}" for reason in obstacles if reason not in old_obstacles]
    changes += [f"no longer in the way: {reason}" for reason in old_obstacles if reason not in obstacles]
    return changes


def describe_kept(agreement: AgreementView, *, before: DatasetDocument, after: DatasetDocument) -> list[str]:
    """Describe the demands that the terms dropped and the agreement keeps as it was granted."""
    old, new = _columns(agreement, before), _columns(agreement, after)
    kept = [
        f"the terms mask {name} by {_kind(after.terms.masks.get(name))}; the agreement keeps {_kind(mask)}"
        for name, mask in new.items()
        if before.terms.masks.get(name) != after.terms.masks.get(name) and name in old and mask == old[name]
    ]
    was = before.terms.row_filter
    if was is not None and after.terms.row_filter is None and was == agreement.terms["row_filter"]:
        kept.append(_ROWS_KEPT)
    return kept


def describe_columns(old: Mapping[str, _Mask], new: Mapping[str, _Mask]) -> list[str]:
    """The differences between two sets of columns under their masks, by names alone."""
    changes = [f"column {name} is withheld" for name in old if name not in new]
    changes += [f"column {name} is released" for name in new if name not in old]
    changes += [
        f"column {name} is masked by {_kind(new[name])} instead of {_kind(old[name])}"
        for name in new
        if name in old and new[name] != old[name]
    ]
    return changes


def _columns(agreement: AgreementView, document: DatasetDocument) -> dict[str, _Mask]:
    return {
        field.name: stricter(document.terms.masks.get(field.name), agreement.masks.get(field.name))
        for field in document.fields
        if field.name in document.terms.fields and field.name in agreement.fields
    }


def _answer_changes(agreement: AgreementView, before: DatasetDocument, after: DatasetDocument) -> list[str]:
    meant = {answer["name"]: answer["where"] for answer in agreement.terms.get("answers", ())}

    def given(document: DatasetDocument) -> list[str]:
        meanings = {answer.name: answer.where for answer in document.terms.answers}
        return [name for name in agreement.answers if name in meanings and meanings[name] == meant.get(name)]

    old, new = given(before), given(after)
    return [
        f"answer {name} is no longer given: the terms drop it or change its meaning" for name in old if name not in new
    ] + [f"answer {name} is given again" for name in new if name not in old]


def _kind(mask: _Mask) -> str:
    return str(mask["kind"]) if mask else "nothing"


def _limit_changes(agreement: AgreementView, before: DatasetDocument, after: DatasetDocument) -> list[str]:
    changes = []
    old_cap, cap = (min(terms.row_cap, agreement.row_cap) for terms in (before.terms, after.terms))
    if cap != old_cap:
        changes.append(f"at most {cap} rows instead of {old_cap}")
    if _end(agreement, before) != _end(agreement, after):
        changes.append("another end")
    if before.terms.rate != after.terms.rate:
        changes.append(f"the terms' rate is {_rate(after.terms.rate)} instead of {_rate(before.terms.rate)}")
    if before.terms.module != after.terms.module:
        words = {True: "replaced", False: "attached"}[before.terms.module is not None]
        changes.append(f"the owner's module is {words if after.terms.module is not None else 'detached'}")
    return changes


def _end(agreement: AgreementView, document: DatasetDocument) -> Any:
    return min(agreement.not_after, document.terms.not_after or agreement.not_after)


def _rate(rate: Rate | None) -> str:
    return f"{rate.requests} requests per {rate.per}" if rate is not None else "without a limit"


def _obstacles(agreement: AgreementView, consumer: OrganisationView, document: DatasetDocument) -> list[str]:
    """List what in a version keeps the agreement from delivering anything."""
    terms = document.terms
    reasons = []
    if agreement.purpose not in terms.purposes:
        reasons.append("the terms do not have its purpose")
    if not admits(terms.consumers, organisation=str(consumer.id), kind=consumer.kind, level=consumer.level):
        reasons.append("the terms do not offer the dataset to this organisation")
    if document.sharing.attribute == "not_shared":
        reasons.append("the dataset is not shared")
    if document.effective_level == "CORE":
        reasons.append("core data enters no delivery")
    if terms.consent:
        reasons.append("the people in the data have to consent")
    if terms.min_group:
        reasons.append("only figures about groups may leave")
    on_file = Assessments.model_validate(agreement.assessments)
    faults = faults_in_grounds(
        document, lane=agreement.lane, fields=agreement.fields, answers=agreement.answers, assessments=on_file
    )
    return reasons + [fault["error"] for fault in faults]
