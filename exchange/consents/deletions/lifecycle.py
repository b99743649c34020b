"""The lifecycle of a deletion, as a table (PIPL Articles 15 and 47)."""

from typing import Final

from groundwork.lifecycle import LAW, Clock, Machine, Step

CLOCK: Final = Clock("deletion", "deletion")
EVIDENCE: Final = "a stated way of deletion"

DELETION: Final = Machine(
    "deletion",
    "ordered",
    (
        Step(
            "evidence",
            frozenset({"ordered", "overdue"}),
            "evidenced",
            "recipient",
            "PIPL 47",
            frozenset({EVIDENCE}),
            stops=frozenset({CLOCK.name}),
            entry="deletion.evidenced",
        ),
        Step("run_late", frozenset({"ordered"}), "overdue", LAW, "PIPL 47", entry="deletion.overdue"),
    ),
)
"""`deletion.ordered`, with the clock, begins it. A late one suspends the recipient's agreements over the dataset."""
