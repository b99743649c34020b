"""Problems of deliveries: one for each reason of a denial, and those of the request itself."""

from exchange.applications.errors import NotShared
from exchange.kernel.problems import Forbidden, Problem, ProblemType, register_problem
from exchange.participants.errors import PrincipalSuspended
from policies.decision.documents import REASON_CODES, Decision, Reason, ReasonCode
from policies.decision.explanations import explain


class CursorInvalid(Problem):
    """The exchange did not give this cursor for this question. Ask again without one."""

    slug = "cursor-invalid"
    title = "The cursor does not fit the request"
    status = 422


class FilterInvalid(Problem):
    """A filter does not fit its field: `errors` says where. The catalogue has the fields' types."""

    slug = "filter-invalid"
    title = "A filter is not valid"
    status = 422


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

    def __init__(self, decision: Decision) -> None:
        super().__init__(_remedy(decision), problem_type=_TYPES[decision.reasons[0].code], reasons=_reasons(decision))


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


def denial(decision: Decision) -> Problem:
    """A denial as a problem."""
    shared = _SHARED.get(decision.reasons[0].code)
    return Denied(decision) if shared is None else shared(_remedy(decision), reasons=_reasons(decision))


def _remedy(decision: Decision) -> str:
    return explain(decision.reasons[0]).remedy


def _reasons(decision: Decision) -> list[dict[str, str]]:
    return [
        {
            "code": reason.code,
            "rule": reason.rule,
            "remedy": explain(reason).remedy,
            **({"ref": reason.ref} if reason.ref else {}),
        }
        for reason in decision.reasons
    ]
