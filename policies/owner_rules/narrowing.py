"""Apply the answer of an owner's module to a decision: it denies the delivery or narrows its obligations, and nothing else.

The exchange does not rely on the module for that. For every answer of every engine, this code removes the
dropped columns, takes the stricter of two masks, adds the row filters and takes the lower cap. An answer of another form,
or about a field that the dataset does not have, denies.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from policies.decision.documents import (
    NEVER,
    Column,
    Condition,
    Decision,
    DeliveryInput,
    Document,
    Mask,
    Name,
    Names,
    Obligations,
    Reason,
    RowCap,
    deny,
)
from policies.decision.obligations import stricter

_CHINA = timezone(timedelta(hours=8))
_LAST = NEVER - 86_400

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Message = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]{1,200}$")]


class Denial(Document):
    """A denial by the module: a code of its own and, for people, what would satisfy it."""

    code: Code
    message: Message | None = None


class Narrowing(Document):
    """The answer of a module about one delivery that the policy allows."""

    deny: Annotated[tuple[Denial, ...], Field(max_length=5)] = ()
    drop: Names = ()
    masks: dict[Name, Mask] = {}
    row_filters: Annotated[tuple[Condition, ...], Field(max_length=20)] = ()
    row_cap: RowCap | None = None

    def collect_fields(self) -> set[str]:
        """The names of the fields that it drops, masks or filters on."""
        fields = {*self.drop, *self.masks}
        for condition in self.row_filters:
            fields.update(_collect_fields(condition))
        return fields


class InvalidNarrowing(ValueError):
    """The answer of a module has another form. The message holds no value of it."""

    def __init__(self, message: str, *, is_unknown: bool) -> None:
        super().__init__(message)
        self.is_unknown = is_unknown
        """Whether the answer has a mask or a condition that the exchange cannot carry out."""


def build_question(document: DeliveryInput, *, agreement: str) -> dict[str, Any]:
    """
    The input of a module: the document without its time, the id of the chosen agreement, and the calendar.

    A cached decision is valid for the minute in the calendar (policies.engines.cache.find_validity).
    """
    facts: dict[str, Any] = json.loads(document.facts())
    return {**facts, "agreement": agreement, "calendar": build_calendar(document.now)}


def build_calendar(now: int) -> dict[str, Any]:
    """A time in epoch seconds as China's clocks show it: date, weekday (ISO 8601: Monday is 1), hour and minute."""
    moment = datetime.fromtimestamp(min(now, _LAST), UTC).astimezone(_CHINA)
    return {
        "date": moment.date().isoformat(),
        "weekday": moment.isoweekday(),
        "hour": moment.hour,
        "minute": moment.minute,
    }


def read_narrowing(value: Any, *, literals: Iterable[str]) -> Narrowing:
    """
    Read a module's answer, a JSON value. Raises InvalidNarrowing.

    `literals` are the string literals of the module. The codes and messages of its denials have to be among them, so that no
    value of a question gets verbatim into an answer or the ledger. Many literals could still spell a value, so few denials
    are accepted.
    """
    try:
        narrowing = Narrowing.model_validate_json(json.dumps(value))
    except ValidationError as problem:
        errors = problem.errors(include_url=False, include_context=False, include_input=False)
        rules = sorted({str(error["loc"][0]) for error in errors if error["loc"]} & Narrowing.model_fields.keys())
        is_unknown = any(error["type"] == "obligation_unknown" for error in errors)
        message = f"{', '.join(rules) or 'the answer'}: of another form"
        raise InvalidNarrowing(message, is_unknown=is_unknown) from None
    if narrowing.row_cap is None and "row_cap" in narrowing.model_fields_set:
        raise InvalidNarrowing("row_cap: of another form", is_unknown=False)
    allowed = {*literals}
    for denial in narrowing.deny:
        if denial.code not in allowed or (denial.message is not None and denial.message not in allowed):
            raise InvalidNarrowing("deny: a code or message that is no literal of the module", is_unknown=False)
    return narrowing


def narrow(base: Decision, narrowing: Narrowing, document: DeliveryInput, *, rule: str) -> Decision:
    """Apply a module's answer to an allowance: a narrower one, or a denial whose reasons name `rule`."""
    if base.obligations is None or base.agreement is None:
        return base
    if narrowing.deny:
        reasons = [
            Reason(code="owner-denied", rule=rule, ref=denial.code, message=denial.message) for denial in narrowing.deny
        ]
        return _deny_for(base, reasons)
    if not narrowing.collect_fields() <= {field.name for field in document.resource.fields}:
        return deny("obligation-unknown", rule=rule, revision=base.revision)
    dropped = {*narrowing.drop}
    columns = tuple(
        _mask(column, narrowing.masks.get(column.name))
        for column in base.obligations.columns
        if column.name not in dropped
    )
    # The terms do the same: they refuse a request for a dropped field by name, and a filter that would reveal a field.
    reasons = [Reason(code="field-not-granted", rule=rule, ref=name) for name in document.requested if name in dropped]
    hidden = dropped | narrowing.masks.keys()
    reasons += [Reason(code="filter-not-granted", rule=rule, ref=name) for name in document.filtered if name in hidden]
    reasons += [
        Reason(code="answer-not-granted", rule=rule, ref=answer.name)
        for answer in base.obligations.answers
        if _collect_fields(answer.where) & hidden
    ]
    if reasons:
        return _deny_for(base, reasons)
    if not columns and not base.obligations.answers:
        return deny("nothing-granted", rule=rule, revision=base.revision, ref=base.agreement)
    before = base.obligations
    return base.model_copy(
        update={
            "obligations": Obligations(
                columns=columns,
                row_filters=(*before.row_filters, *sorted(narrowing.row_filters, key=_canonical)),
                row_cap=before.row_cap if narrowing.row_cap is None else min(before.row_cap, narrowing.row_cap),
                rates=before.rates,
                not_after=before.not_after,
                people=before.people,
                answers=before.answers,
            )
        }
    )


def _mask(column: Column, mask: dict[str, Any] | None) -> Column:
    return Column(name=column.name, mask=stricter(column.mask, mask)) if mask is not None else column


def _deny_for(base: Decision, reasons: list[Reason]) -> Decision:
    return Decision(allow=False, reasons=tuple(dict.fromkeys(reasons)), revision=base.revision)


def _collect_fields(condition: dict[str, Any]) -> set[str]:
    fields, waiting = set(), [condition]
    while waiting:
        node = waiting.pop()
        if "field" in node:
            fields.add(str(node["field"]))
        else:
            waiting += node.get("all", []) + node.get("any", []) + ([node["not"]] if "not" in node else [])
    return fields


def _canonical(value: Any) -> str:
    """A JSON value as text, to compare by: in Python, `true` and 1 are equal."""
    return json.dumps(value, sort_keys=True)
