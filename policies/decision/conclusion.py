"""Reading what an engine answered: a decision of the expected shape and revision, or a denial.

Whatever goes wrong on the way to a decision is a denial. The caller is told that, the log is told the cause, and
neither is told a value from the input: a log is read by people the data was not granted to.
"""

import logging

from pydantic import ValidationError

from policies.decision.documents import Decision, deny

_LOG = logging.getLogger(__name__)


def conclude(answer: str | bytes, *, revision: str, engine: str) -> Decision:
    """
    The decision in an engine's JSON answer; never raises.

    Denies with `obligation-unknown` when the answer obliges something nobody here can carry out, and with
    `policy-unavailable` when it is not a decision at all or comes from another revision of the policy than `revision`.
    """
    try:
        decision = Decision.model_validate_json(answer)
    except ValidationError as problem:
        found = problem.errors(include_url=False, include_context=False, include_input=False)
        if any(error["type"] == "obligation_unknown" for error in found):
            _LOG.error("%s obliged what is not known here: %s", engine, "; ".join(sorted({e["msg"] for e in found})))
            return deny("obligation-unknown", rule="obligations", revision=revision)
        # Where it went wrong, unless the engine made the name up: that may be a value from the input.
        places = sorted({(error["type"], str(error["loc"][0]) if error["loc"] else "") for error in found})
        known = [f"{kind} in {place if place in Decision.model_fields else 'the answer'}" for kind, place in places]
        return unavailable(f"not a decision: {', '.join(known)}", revision=revision, engine=engine)
    if decision.revision != revision:
        return unavailable("answer is of another policy revision", revision=revision, engine=engine)
    return decision


def unavailable(cause: str, *, revision: str, engine: str, rule: str = "engine") -> Decision:
    """The denial for a policy that could not be asked; `cause` goes to the log and holds no value from the input."""
    _LOG.error("%s gave no decision: %s", engine, cause)
    return deny("policy-unavailable", rule=rule, revision=revision)
