"""The lifecycle of disputes."""

from typing import Final

from groundwork.lifecycle import Machine, Step

_E: Final = "dispute."
_ARTICLE: Final = "809/28"
_SIDES: Final = "either side"
_AUTHORITY: Final = "authority"

DISPUTE: Final = Machine(
    "dispute",
    "negotiating",
    (
        Step("settle", frozenset({"negotiating"}), "settled", _SIDES, _ARTICLE, entry=f"{_E}settled"),
        Step("apply", frozenset({"negotiating"}), "applied_to_authority", _SIDES, _ARTICLE, entry=f"{_E}applied"),
        Step(
            "coordinate",
            frozenset({"applied_to_authority"}),
            "coordinating",
            _AUTHORITY,
            _ARTICLE,
            entry=f"{_E}coordinated",
        ),
        Step("agree", frozenset({"coordinating"}), "agreed", _AUTHORITY, _ARTICLE, entry=f"{_E}agreed"),
        Step("refer", frozenset({"coordinating"}), "referred", _AUTHORITY, _ARTICLE, entry=f"{_E}referred"),
        Step("decide", frozenset({"referred"}), "decided", _AUTHORITY, _ARTICLE, entry=f"{_E}decided"),
    ),
)

BY_AUTHORITY: Final = frozenset(step.verb for step in DISPUTE.steps if step.role == _AUTHORITY)
