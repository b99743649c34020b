"""Reading what an engine answered: a decision of the expected shape and revision, or a denial.

Whatever goes wrong on the way to a decision is a denial. The caller is told that, the log is told the cause, and
neither is told a value from the input: a log is read by people the data was not granted to.
"""

import logging

from pydantic import ValidationError

from policies.documents import Decision, deny

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
        # A location is made of our field names and positions, but for keys the engine made up; those are left out.
        found = problem.errors(include_url=False, include_context=False, include_input=False)
        kinds = sorted({f"{error['type']} in {error['loc'][0] if error['loc'] else 'decision'}" for error in found})
        if any(error["type"] == "obligation_unknown" for error in found):
            _LOG.error("%s obliged what is not known here: %s", engine, "; ".join(sorted({e["msg"] for e in found})))
            return deny("obligation-unknown", rule="obligations", revision=revision)
        return unavailable(f"answer is not a decision: {', '.join(kinds)}", revision=revision, engine=engine)
    if decision.revision != revision:
        return unavailable("answer is of another policy revision", revision=revision, engine=engine)
    return decision


def unavailable(cause: str, *, revision: str, engine: str) -> Decision:
    """The denial for a policy that could not be asked; `cause` goes to the log and holds no value from the input."""
    _LOG.error("%s gave no decision: %s", engine, cause)
    return deny("policy-unavailable", rule="engine", revision=revision)
