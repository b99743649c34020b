"""The lifecycle of a correction, as a table (Decree 809, Articles 26 and 28)."""

from typing import Final

from groundwork.lifecycle import Clock, Machine, Step

FOUND_WRONG: Final = "found_wrong"
OPEN: Final = frozenset({"filed", "corrected", "confirmed_accurate"})
GRANTED: Final = "an agreement that grants these fields"
REASON: Final = "a stated reason"
CONTENT: Final = "a newer content of a file"
CHECK: Final = "check"
DISPUTE_OVER: Final = "a dispute that has ended"
NO_DISPUTE: Final = "no dispute that the authority may coordinate"

_ANSWERED: Final = frozenset({"corrected", "confirmed_accurate"})
_STOPS: Final = frozenset({CHECK})

CORRECTION: Final = Machine(
    "correction",
    FOUND_WRONG,
    (
        Step(
            "file",
            frozenset({FOUND_WRONG}),
            "filed",
            "consumer",
            "809/26",
            frozenset({GRANTED}),
            starts=(Clock(CHECK, CHECK),),
            entry="correction.filed",
        ),
        Step(
            "correct",
            frozenset({"filed"}),
            "corrected",
            "provider",
            "809/26",
            frozenset({CONTENT}),
            stops=_STOPS,
            entry="correction.corrected",
        ),
        Step(
            "confirm",
            frozenset({"filed"}),
            "confirmed_accurate",
            "provider",
            "809/26",
            frozenset({REASON}),
            stops=_STOPS,
            entry="correction.confirmed",
        ),
        Step(
            "withdraw",
            frozenset({"filed"}),
            "withdrawn",
            "consumer",
            "809/26",
            stops=_STOPS,
            entry="correction.withdrawn",
        ),
        Step("settle", _ANSWERED, "settled", "consumer", "809/26", entry="correction.settled"),
        Step("dispute", _ANSWERED, "disputed", "consumer", "809/28", frozenset({REASON}), entry="correction.disputed"),
        Step(
            "settle",
            frozenset({"disputed"}),
            "settled",
            "consumer",
            "809/26",
            frozenset({NO_DISPUTE}),
            entry="correction.settled",
        ),
        Step(
            "resolve",
            frozenset({"disputed"}),
            "settled",
            "either side or authority",
            "809/28",
            frozenset({DISPUTE_OVER}),
            entry="correction.settled",
        ),
    ),
)
"""Between departments, `dispute` opens a dispute, whose end resolves the matter. Elsewhere there is none to wait for: the
consumer settles the matter, which ends what it holds of people.

The owner's answer is the feedback: both sides read it. Silence confirms nothing; it is overdue."""
