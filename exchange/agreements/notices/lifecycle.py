"""The lifecycle of a notice, as a table (Decree 809, Article 27)."""

from collections.abc import Mapping
from typing import Final

from groundwork.lifecycle import Machine, Step

_E: Final = "agreement_notice."
_ARTICLE: Final = "809/27"
_OPEN: Final = frozenset({"announced", "consulted"})

NOTICE: Final = Machine(
    "notice of change or stop",
    "planned",
    (
        Step(
            "announce",
            frozenset({"planned"}),
            "announced",
            "provider",
            _ARTICLE,
            needs=frozenset({"time_ahead"}),
            entry=f"{_E}announced",
        ),
        Step("consult", frozenset({"announced"}), "consulted", "provider", _ARTICLE, entry=f"{_E}consulted"),
        Step(
            "carry_out",
            frozenset({"consulted"}),
            "carried_out",
            "provider",
            _ARTICLE,
            needs=frozenset({"day_of_the_notice"}),
            entry=f"{_E}carried_out",
        ),
        Step("withdraw", _OPEN, "withdrawn", "provider", _ARTICLE, entry=f"{_E}withdrawn"),
    ),
)

REMEDIES: Final[Mapping[str, str]] = {
    "time_ahead": "The demanders need time: name a later `effective_on`; `earliest` is the first day that is possible.",
    "day_of_the_notice": "A notice is carried out on its `effective_on` or later. Wait, or withdraw it and announce another.",
}
"""What a user does about each fact that a step lacks."""
