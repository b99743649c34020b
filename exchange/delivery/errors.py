"""Problems of deliveries: one for each reason of a denial, and those of the request itself."""

from collections.abc import Collection, Sequence

from exchange.applications.errors import NotShared
from exchange.kernel.problems import Forbidden, Problem, ProblemType, register_problem
from exchange.participants.errors import PrincipalSuspended
from policies.decision.documents import REASON_CODES, Decision, Reason, ReasonCode
from policies.decision.explanations import explain

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


def denial(decision: Decision, *, withdrawn: Collection[str] = ()) -> Problem:
    """A denial as a problem. `withdrawn` are fields that an agreement grants and the terms no longer offer."""
    shared = _SHARED.get(decision.reasons[0].code)
    remedy, reasons = _remedy(decision, withdrawn), _reasons(decision, withdrawn)
    if shared is not None:
        return shared(remedy, reasons=reasons)
    return Denied(remedy, problem_type=_TYPES[decision.reasons[0].code], reasons=reasons)


def _remedy(decision: Decision, withdrawn: Collection[str]) -> str:
    """The remedies for the first reason's code; where several fields have the same, it names them together."""
    first = decision.reasons[0]
    fields: dict[str, list[str]] = {}
    for reason in decision.reasons:
        if reason.code == first.code:
            fields.setdefault(_remedy_of(reason, withdrawn), []).append(reason.ref or "")
    if first.code not in _ABOUT_FIELDS:
        return next(iter(fields))
    return " ".join(f"{_list_names(names)}: {remedy}" for remedy, names in fields.items())


def _list_names(names: list[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _remedy_of(reason: Reason, withdrawn: Collection[str]) -> str:
    if reason.code in _ABOUT_FIELDS and reason.rule.startswith("module."):
        return "The data owner's module withholds it; ask the owner."
    if reason.code == "field-not-granted" and reason.ref in withdrawn:
        return "The agreement grants it, and the owner's terms no longer offer it. Leave it out; applying cannot help."
    return explain(reason).remedy


def _reasons(decision: Decision, withdrawn: Collection[str]) -> list[dict[str, str]]:
    return [
        {
            "code": reason.code,
            "rule": reason.rule,
            "remedy": _remedy_of(reason, withdrawn),
            **({"ref": reason.ref} if reason.ref else {}),
        }
        for reason in decision.reasons
    ]
