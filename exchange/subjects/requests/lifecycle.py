"""The lifecycle of a person's request, as a table."""

from typing import Final

from groundwork.lifecycle import Clock, Machine, Step

ANSWER: Final = Clock("answer", "subject_request")
LIMIT: Final = Clock("answer_limit", "subject_request_limit")
EVIDENCE: Final = "a document or a statement of what was done"
REASONS: Final = "reasons"
COMPLAINT: Final = "where the person can complain"
LAW: Final = "the law that demands the data"
RESTRICTION: Final = "a restriction that the person asked for"
RESTRICTABLE: Final = "a request for deletion or restriction"

_OPEN: Final = frozenset({"received"})
_STOPS: Final = frozenset({ANSWER.name, LIMIT.name})

REQUEST: Final = Machine(
    "person_request",
    "unsent",
    (
        Step(
            "send",
            frozenset({"unsent"}),
            "received",
            "person",
            "PIPL 50",
            starts=(ANSWER, LIMIT),
            entry="person_request.received",
        ),
        Step(
            "grant",
            frozenset({"received", "restricted_storage"}),
            "granted",
            "steward",
            "PIPL 24, 44-49; Decree 790, 23, 25",
            frozenset({EVIDENCE}),
            stops=_STOPS,
            entry="person_request.granted",
        ),
        Step(
            "refuse",
            _OPEN,
            "refused",
            "steward",
            "PIPL 50",
            frozenset({REASONS, COMPLAINT}),
            stops=_STOPS,
            entry="person_request.refused",
        ),
        Step(
            "restrict",
            _OPEN,
            "restricted_storage",
            "steward",
            "PIPL 47",
            frozenset({REASONS, LAW, RESTRICTABLE}),
            stops=_STOPS,
            entry="person_request.restricted",
        ),
        Step("withdraw", _OPEN, "withdrawn", "person", "PIPL 50", stops=_STOPS, entry="person_request.withdrawn"),
        Step(
            "lift",
            frozenset({"granted", "restricted_storage"}),
            "withdrawn",
            "person",
            "PIPL 44",
            frozenset({RESTRICTION}),
            entry="person_request.withdrawn",
        ),
    ),
)
"""Silence is no answer: no step by time alone; an overdue answer is on the boards, and the person may complain."""
