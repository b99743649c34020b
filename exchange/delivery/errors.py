"""Problems of deliveries: one for each reason of a denial, and those of the request itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from exchange.applications.errors import NotShared
from exchange.kernel.problems import Forbidden, Problem, ProblemType, register_problem
from exchange.participants.errors import PrincipalSuspended
from policies.decision.documents import Agreement, Decision, Reason, Terms
from policies.decision.explanations import explain
from policies.decision.reasons import REASON_CODES, ReasonCode

_SHOWN = 20


class CursorInvalid(Problem):
    """The exchange did not issue this cursor for this question. Request the first page again, without a cursor."""

    slug = "cursor-invalid"
    title = "The cursor does not fit the request"
    status = 422


class FilterInvalid(Problem):
    """A filter does not fit its field: `errors` names each. The catalogue has the fields' types."""

    slug = "filter-invalid"
    title = "A filter is not valid"
    status = 422


class FieldUnknown(Problem):
    """The request names fields that the dataset's version does not have; `errors` names each. The catalogue lists the fields.
    Nothing was decided.
    """

    slug = "field-unknown"
    title = "The dataset has no such field"
    status = 422

    @classmethod
    def of(cls, unknown: Sequence[tuple[str, str]]) -> "FieldUnknown":
        """The problem of unknown names, each with its place in the request."""
        return cls(
            f'The dataset has no field "{unknown[0][1]}"; the catalogue lists its fields.',
            errors=[{"at": at, "error": f'the dataset has no field "{name}"'} for at, name in unknown[:_SHOWN]],
        )


class AnswerUnknown(Problem):
    """The request names answers that the dataset's terms do not offer; `errors` names each. The catalogue lists the answers.
    Nothing was decided.
    """

    slug = "answer-unknown"
    title = "The dataset offers no such answer"
    status = 422

    @classmethod
    def of(cls, unknown: Sequence[tuple[str, str]]) -> "AnswerUnknown":
        """The problem of unknown names, each with its place in the request."""
        return cls(
            f'The dataset offers no answer "{unknown[0][1]}"; the catalogue lists its answers.',
            errors=[{"at": at, "error": f'the dataset offers no answer "{name}"'} for at, name in unknown[:_SHOWN]],
        )


class ExchangeBusy(Problem):
    """The facts behind the decision kept changing while it was made, or too many streams are open: your organisation's, the
    source's, or all together; `detail` says which. Nothing was delivered; send the request again after `Retry-After`.
    """

    slug = "exchange-busy"
    title = "The exchange is busy"
    status = 503


class WitnessesMissing(Problem):
    """The ledger's checkpoints have lacked the cosignatures of enough witnesses for longer than the operator permits, so
    that nobody outside vouches for the newest entries. Nothing is delivered until the witnesses are back; other requests
    are answered. `since` is the time of the first of these entries.
    """

    slug = "witnesses-missing"
    title = "The ledger has been without its witnesses for too long"
    status = 503


class RateExceeded(Problem):
    """The terms cap the number of requests under the agreement. Ask again after the seconds in `Retry-After`."""

    slug = "rate-exceeded"
    title = "The agreement's requests of this period are used up"
    status = 429


class Denied(Problem, is_abstract=True):
    """A denied delivery. The first reason gives the problem's type; `reasons` has each reason with its rule and remedy."""


_ABOUT_FIELDS: frozenset[ReasonCode] = frozenset({"field-not-granted", "filter-not-granted"})
_ABOUT_GRANTS: frozenset[ReasonCode] = _ABOUT_FIELDS | {"purpose-not-granted"}
_ENDED: frozenset[ReasonCode] = frozenset({"agreement-terminated", "agreement-expired"})
_OPEN = frozenset({"active", "suspended"})
_OF_AGREEMENTS = frozenset({"delivery.holds", "delivery.impact_assessed", "delivery.risk_assessed"})
_UNAVAILABLE: frozenset[ReasonCode] = frozenset({"policy-unavailable"})
# Reasons for which other requests are refused too.
_SHARED: dict[ReasonCode, type[Problem]] = {
    "role-missing": Forbidden,
    "principal-suspended": PrincipalSuspended,
    "dataset-not-shared": NotShared,
}


def _register(code: ReasonCode) -> ProblemType:
    explanation = explain(Reason(code=code, rule=""))
    status = 503 if code in _UNAVAILABLE else 403
    text = f"{explanation.title}. {explanation.remedy}"
    return register_problem(ProblemType(code, explanation.title, status, text))


_TYPES: dict[ReasonCode, ProblemType] = {code: _register(code) for code in REASON_CODES if code not in _SHARED}
DENIALS = frozenset(_TYPES.values())
"""The types of problems that only a denied delivery has."""


def denial(decision: Decision, *, agreements: Sequence[Agreement], terms: Terms, purpose: str) -> Problem:
    """A denial of a request for a purpose, as a problem for the consumer whose agreements on the dataset are given.

    Each agreement that does not hold has reasons of its own. The problem has those of the nearest agreement, and names the
    others by their ids alone. What the nearest agreement and the terms grant is in `granted`, since the agreement is the
    consumer's own.
    """
    ids = {agreement.id for agreement in agreements}
    by_agreement: dict[str, list[Reason]] = {}
    for reason in decision.reasons:
        if reason.ref in ids and reason.rule in _OF_AGREEMENTS:
            by_agreement.setdefault(reason.ref or "", []).append(reason)
    pool = [agreement for agreement in agreements if agreement.id in by_agreement or not by_agreement]
    refused = {reason.ref or "" for reason in decision.reasons if reason.code in _ABOUT_FIELDS}
    nearest = min(
        pool,
        key=lambda agreement: _distance(agreement, by_agreement.get(agreement.id, ()), purpose, refused),
        default=None,
    )
    near = nearest.id if nearest is not None else None
    shown = [
        reason
        for reason in decision.reasons
        if reason.ref not in by_agreement or reason.rule not in _OF_AGREEMENTS or reason.ref == near
    ]
    granted = _granted(nearest, terms, shown)
    remedy = _remedy(shown, granted)
    members: dict[str, Any] = {"reasons": _reasons(shown, granted)}
    if granted is not None:
        members["granted"] = granted.members()
    others = sorted(by_agreement.keys() - {near})
    if others:
        members["other_agreements"] = others
    first = shown[0].code
    shared = _SHARED.get(first)
    if shared is not None:
        return shared(remedy, **members)
    return Denied(remedy, problem_type=_TYPES[first], **members)


def _distance(
    agreement: Agreement, reasons: Sequence[Reason], purpose: str, refused: set[str]
) -> tuple[bool, bool, bool, bool, int]:
    """How far an agreement is from allowing a request; the least is the nearest.

    An agreement that has ended is farthest, then one for other purposes, then one that is not active. Fields are refused
    by the one agreement that holds, so that an agreement which leaves a refused field in the clear is not that one.
    """
    has_ended = agreement.state not in _OPEN or any(reason.code in _ENDED for reason in reasons)
    clear = set(agreement.fields) - agreement.masks.keys()
    return (
        has_ended,
        purpose not in agreement.purposes,
        agreement.state != "active",
        not clear.isdisjoint(refused),
        len(reasons),
    )


@dataclass(frozen=True, slots=True)
class _Granted:
    """What an agreement grants within the terms: purposes, fields, and those of the fields that are masked."""

    agreement: str
    purposes: tuple[str, ...]
    fields: tuple[str, ...]
    masked: tuple[str, ...]
    withdrawn: frozenset[str]

    def members(self) -> dict[str, Any]:
        """The member `granted` of a problem."""
        return {
            "agreement": self.agreement,
            "purposes": list(self.purposes),
            "fields": list(self.fields),
            "masked": list(self.masked),
        }


def _granted(agreement: Agreement | None, terms: Terms, reasons: Sequence[Reason]) -> _Granted | None:
    """What an agreement grants, where a reason is about that and the agreement has not ended."""
    if agreement is None or agreement.state not in _OPEN:
        return None
    if not any(reason.code in _ABOUT_GRANTS and not reason.rule.startswith("module.") for reason in reasons):
        return None
    fields = tuple(name for name in agreement.fields if name in terms.fields)
    return _Granted(
        agreement=agreement.id,
        purposes=tuple(name for name in agreement.purposes if name in terms.purposes),
        fields=fields,
        masked=tuple(name for name in fields if name in terms.masks or name in agreement.masks),
        withdrawn=frozenset(agreement.fields) - frozenset(terms.fields),
    )


def _remedy(reasons: Sequence[Reason], granted: _Granted | None) -> str:
    """The remedies for the first reason's code; where several fields have the same, it names them together."""
    first = reasons[0]
    fields: dict[str, list[str]] = {}
    for reason in reasons:
        if reason.code == first.code:
            fields.setdefault(_remedy_of(reason, granted), []).append(reason.ref or "")
    if first.code not in _ABOUT_FIELDS:
        return next(iter(fields))
    return " ".join(f"{_list_names(names)}: {remedy}" for remedy, names in fields.items())


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _remedy_of(reason: Reason, granted: _Granted | None) -> str:
    if reason.code in _ABOUT_FIELDS and reason.rule.startswith("module."):
        return "The data owner's module withholds it; ask the owner."
    if granted is None or reason.code not in _ABOUT_GRANTS:
        return explain(reason).remedy
    if reason.code == "field-not-granted" and reason.ref in granted.withdrawn:
        return "The agreement grants it, and the owner's terms no longer offer it. Leave it out; applying cannot help."
    if reason.code == "purpose-not-granted":
        kind, names = "purposes", granted.purposes
    elif reason.code == "field-not-granted":
        kind, names = "fields", granted.fields
    else:
        kind, names = "fields without a mask", tuple(name for name in granted.fields if name not in granted.masked)
    listed = _list_names(names) if names else "none"
    return f"{explain(reason).remedy} Granted {kind}: {listed}."


def _reasons(reasons: Sequence[Reason], granted: _Granted | None) -> list[dict[str, str]]:
    return [
        {
            "code": reason.code,
            "rule": reason.rule,
            "remedy": _remedy_of(reason, granted),
            **({"ref": reason.ref} if reason.ref else {}),
        }
        for reason in reasons
    ]
