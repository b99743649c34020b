"""Why a delivery is refused: one problem for each reason a decision can have, and those of the request itself."""

from collections.abc import Sequence

from exchange.applications.errors import NotShared
from exchange.kernel.problems import Forbidden, Problem
from exchange.participants.errors import PrincipalSuspended
from policies.decision.documents import REASON_CODES, Decision, Reason, ReasonCode
from policies.decision.explanations import explain


class CursorInvalid(Problem):
    """The cursor is not one that this exchange gave for this very question. Ask again without one."""

    slug = "cursor-invalid"
    title = "The cursor does not fit the request"
    status = 422


class FilterInvalid(Problem):
    """A filter does not fit the field it is on: `errors` says where. Types are those of the catalogue."""

    slug = "filter-invalid"
    title = "A filter is not valid"
    status = 422


class ExchangeBusy(Problem):
    """What the decision rests on kept changing while it was made. Nothing was delivered; send the request again."""

    slug = "exchange-busy"
    title = "The facts kept changing"
    status = 503


class WitnessesMissing(Problem):
    """The ledger's checkpoints have lacked the cosignatures of enough witnesses for longer than the operator allows itself,
    so that nobody outside vouches for the newest entries. Nothing is delivered until the witnesses are back; other
    requests are answered. `since` is when the first of these entries was made.
    """

    slug = "witnesses-missing"
    title = "The ledger has been without its witnesses for too long"
    status = 503


class RateExceeded(Problem):
    """The terms cap how often may be asked under the agreement. Ask again after the seconds that `Retry-After` says."""

    slug = "rate-exceeded"
    title = "The agreement's requests are used up for now"
    status = 429


class Denied(Problem, is_abstract=True):
    """The root of the problems of a denied delivery; `reasons` names every rule that said no."""

    status = 403


_UNAVAILABLE: frozenset[ReasonCode] = frozenset({"policy-unavailable"})
# Reasons for which other requests are refused too.
_SHARED: dict[ReasonCode, type[Problem]] = {
    "role-missing": Forbidden,
    "principal-suspended": PrincipalSuspended,
    "dataset-not-shared": NotShared,
}


def _problem_for(code: ReasonCode) -> type[Problem]:
    if code in _SHARED:
        return _SHARED[code]
    told = explain(Reason(code=code, rule=""))
    return type(
        "".join(part.title() for part in code.split("-")),
        (Denied,),
        {
            "__doc__": f"{told.title}. {told.remedy}",
            "__module__": __name__,
            "slug": code,
            "title": told.title,
            "status": 503 if code in _UNAVAILABLE else 403,
        },
    )


DENIED: dict[ReasonCode, type[Problem]] = {code: _problem_for(code) for code in REASON_CODES}


def denial(decision: Decision) -> Problem:
    """A denial as a problem: the first reason gives the type, all of them are told with what would satisfy them."""
    reasons: Sequence[Reason] = decision.reasons
    told = explain(reasons[0])
    return DENIED[reasons[0].code](
        told.remedy,
        reasons=[
            {
                "code": reason.code,
                "rule": reason.rule,
                "remedy": explain(reason).remedy,
                **({"ref": reason.ref} if reason.ref else {}),
            }
            for reason in reasons
        ],
    )
