"""Read an engine's answer: a decision of the expected shape and revision, or a denial.

Every error on the way to a decision is a denial. The caller gets the denial and the log gets the cause, but neither
gets a value from the input: people without a grant read the log.
"""

import logging

from pydantic import ValidationError

from policies.decision.documents import Decision, deny

_LOG = logging.getLogger(__name__)


def conclude(answer: str | bytes, *, revision: str, engine: str) -> Decision:
    """
    The decision in an engine's JSON answer; never raises.

    Denies with `obligation-unknown` where the answer has an obligation that the exchange cannot carry out, and with
    `policy-unavailable` where it is no decision, or is of another revision of the policy than `revision`.
    """
    try:
        decision = Decision.model_validate_json(answer)
    except ValidationError as problem:
        errors = problem.errors(include_url=False, include_context=False, include_input=False)
        if any(error["type"] == "obligation_unknown" for error in errors):
            _LOG.error("%s gave an unknown obligation: %s", engine, "; ".join(sorted({e["msg"] for e in errors})))
            return deny("obligation-unknown", rule="obligations", revision=revision)
        # The reason names known members only: another name may be a value from the input.
        members = sorted({(error["type"], str(error["loc"][0]) if error["loc"] else "") for error in errors})
        causes = [
            f"{kind} in {member if member in Decision.model_fields else 'the answer'}" for kind, member in members
        ]
        return deny_unavailable(f"not a decision: {', '.join(causes)}", revision=revision, engine=engine)
    if decision.revision != revision:
        return deny_unavailable("the answer is of another policy revision", revision=revision, engine=engine)
    return decision


def deny_unavailable(cause: str, *, revision: str, engine: str, rule: str = "engine") -> Decision:
    """Deny because the policy gave no decision. `cause` goes to the log, and must hold no value from the input."""
    _LOG.error("%s gave no decision: %s", engine, cause)
    return deny("policy-unavailable", rule=rule, revision=revision)
