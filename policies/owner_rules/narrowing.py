"""What an owner's module does to a decision: it can deny it, and it can narrow what is obliged. Nothing else it says is heard.

That it only narrows is not asked of the module but made so here, whatever it says and whichever engine said it: columns
without those it drops, of two masks the stricter, its row filters beside those there are, of two caps the lower. What it
says in another form, or about a field that is not there, denies.
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

_CHINA = timezone(timedelta(hours=8))
_LAST = NEVER - 86_400

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Message = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]{1,200}$")]


class Denial(Document):
    """Why the module denies: a code of its own and, for people, what would have to be otherwise."""

    code: Code
    message: Message | None = None


class Said(Document):
    """What a module says about one delivery that would be allowed without it."""

    deny: Annotated[tuple[Denial, ...], Field(max_length=5)] = ()
    drop: Names = ()
    masks: dict[Name, Mask] = {}
    row_filters: Annotated[tuple[Condition, ...], Field(max_length=20)] = ()
    row_cap: RowCap | None = None

    def named(self) -> set[str]:
        """The fields it speaks of."""
        found = {*self.drop, *self.masks}
        for condition in self.row_filters:
            found.update(_fields(condition))
        return found


class NotSaid(ValueError):
    """What a module answered has not the form that is listened to. The message holds no value of it."""

    def __init__(self, message: str, *, is_unknown: bool) -> None:
        super().__init__(message)
        self.is_unknown = is_unknown
        """Whether it is a mask or a condition that nobody here can carry out."""


def question(document: DeliveryInput, *, agreement: str) -> dict[str, Any]:
    """
    What a module is asked: the document without its time, the agreement that was chosen, and the calendar.

    A remembered decision holds for the minute that the calendar names (policies.engines.cache.span).
    """
    facts: dict[str, Any] = json.loads(document.facts())
    return {**facts, "agreement": agreement, "calendar": calendar(document.now)}


def calendar(now: int) -> dict[str, Any]:
    """A time in epoch seconds as China's clocks show it: date, weekday (ISO 8601: Monday is 1), hour and minute."""
    moment = datetime.fromtimestamp(min(now, _LAST), UTC).astimezone(_CHINA)
    return {
        "date": moment.date().isoformat(),
        "weekday": moment.isoweekday(),
        "hour": moment.hour,
        "minute": moment.minute,
    }


def heard(value: Any, *, literals: Iterable[str]) -> Said:
    """
    What a module said, from its JSON value. Raises NotSaid.

    `literals` are the texts of the module: what it gives as a reason is one of them, so that no value of the question gets
    verbatim into an answer or the ledger by it. With many texts it could spell one, so few denials are heard.
    """
    try:
        said = Said.model_validate_json(json.dumps(value))
    except ValidationError as problem:
        found = problem.errors(include_url=False, include_context=False, include_input=False)
        places = sorted({str(error["loc"][0]) for error in found if error["loc"]} & Said.model_fields.keys())
        is_unknown = any(error["type"] == "obligation_unknown" for error in found)
        raise NotSaid(f"{', '.join(places) or 'the answer'}: of another form", is_unknown=is_unknown) from None
    if said.row_cap is None and "row_cap" in said.model_fields_set:
        raise NotSaid("row_cap: of another form", is_unknown=False)
    written = {*literals}
    for one in said.deny:
        if one.code not in written or (one.message is not None and one.message not in written):
            raise NotSaid("deny: a code or message that does not stand in the module", is_unknown=False)
    return said


def narrow(base: Decision, said: Said, document: DeliveryInput, *, rule: str) -> Decision:
    """An allowance, cut down to what the module leaves of it, or its denial; `rule` is what the reasons name."""
    if base.obligations is None or base.agreement is None:
        return base
    if said.deny:
        return _denied(base, [Reason(code="owner-denied", rule=rule, ref=d.code, message=d.message) for d in said.deny])
    if not said.named() <= {field.name for field in document.resource.fields}:
        return deny("obligation-unknown", rule=rule, revision=base.revision)
    dropped = {*said.drop}
    columns = tuple(
        _column(one, said.masks.get(one.name)) for one in base.obligations.columns if one.name not in dropped
    )
    # As for what the terms withhold: a request for a field by its name is refused, and a filter on it would reveal it.
    missing = [Reason(code="field-not-granted", rule=rule, ref=one) for one in document.requested if one in dropped]
    hidden = dropped | said.masks.keys()
    missing += [Reason(code="filter-not-granted", rule=rule, ref=one) for one in document.filtered if one in hidden]
    if missing:
        return _denied(base, missing)
    if not columns:
        return deny("nothing-granted", rule=rule, revision=base.revision, ref=base.agreement)
    kept = base.obligations
    return base.model_copy(
        update={
            "obligations": Obligations(
                columns=columns,
                row_filters=(*kept.row_filters, *sorted(said.row_filters, key=_plain)),
                row_cap=kept.row_cap if said.row_cap is None else min(kept.row_cap, said.row_cap),
                rates=kept.rates,
                not_after=kept.not_after,
            )
        }
    )


def stricter(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    """The mask that shows no more than either of two; where neither is that, nothing is shown (delivery.rego: `stricter`)."""
    if one is None or other is None:
        return one or other
    if hides(one, other):
        return one
    return other if hides(other, one) else {"kind": "null"}


def hides(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether what a mask shows follows from what the other shows (delivery.rego: `hides`)."""
    if _plain(one) == _plain(other) or one["kind"] in {"null", "constant"}:
        return True
    match one["kind"], other["kind"]:
        case "year", "month":
            return True
        case "partial", "partial":
            return bool(one["keep_start"] == one["keep_end"] == 0)
        case "prefix", "prefix":
            return bool(one["length"] <= other["length"])
        case "bucket", "bucket":
            return bool(one["size"] % other["size"] == 0)
    return False


def _column(column: Column, mask: dict[str, Any] | None) -> Column:
    return Column(name=column.name, mask=stricter(column.mask, mask)) if mask is not None else column


def _denied(base: Decision, reasons: list[Reason]) -> Decision:
    return Decision(allow=False, reasons=tuple(dict.fromkeys(reasons)), revision=base.revision)


def _fields(condition: dict[str, Any]) -> set[str]:
    found, waiting = set(), [condition]
    while waiting:
        node = waiting.pop()
        if "field" in node:
            found.add(str(node["field"]))
        else:
            waiting += node.get("all", []) + node.get("any", []) + ([node["not"]] if "not" in node else [])
    return found


def _plain(value: Any) -> str:
    """A JSON value as text; in Python `true` and 1 are equal."""
    return json.dumps(value, sort_keys=True)
