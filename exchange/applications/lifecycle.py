"""The lifecycles of applications: the share request of Decree 809 between departments, and the shorter one of other lanes."""

from collections.abc import Mapping
from typing import Final

from groundwork.lifecycle import Clock, Machine, Step

_E: Final = "application."
_REPLY: Final = (Clock("reply", "reply_unconditional"), Clock("reply", "reply_conditional"))
_REVIEW: Final = frozenset({"submitted", "extended"})
_BY_PROVIDER: Final = "provider's approver"
_ENDS: Final = frozenset({"reply"})

SHARE_REQUEST: Final = Machine(
    "share request",
    "drafted",
    (
        Step(
            "consent",
            frozenset({"drafted"}),
            "submitted",
            "demander's approver",
            "809/20",
            needs=frozenset({"another_person"}),
            starts=_REPLY,
            entry=f"{_E}submitted",
        ),
        Step("discard", frozenset({"drafted"}), "withdrawn", "demander", "809/20", entry=f"{_E}discarded"),
        Step(
            "request_supplement",
            frozenset({"submitted"}),
            "supplement_requested",
            _BY_PROVIDER,
            "809/21",
            needs=frozenset({"first_supplement", "conditions_of_catalogue"}),
            stops=_ENDS,
            entry=f"{_E}supplement_requested",
        ),
        Step(
            "supplement",
            frozenset({"supplement_requested"}),
            "submitted",
            "demander",
            "809/21",
            starts=_REPLY,
            entry=f"{_E}supplemented",
        ),
        Step(
            "consent_to_extension",
            frozenset({"submitted"}),
            "submitted",
            "authority",
            "809/21",
            needs=frozenset({"reply_not_overdue"}),
            entry=f"{_E}extension_consented",
        ),
        Step(
            "extend",
            frozenset({"submitted"}),
            "extended",
            _BY_PROVIDER,
            "809/21",
            needs=frozenset({"authority_consent", "reply_not_overdue"}),
            entry=f"{_E}extended",
        ),
        Step(
            "approve",
            _REVIEW | {"supplement_requested"},
            "approved",
            _BY_PROVIDER,
            "809/20",
            needs=frozenset({"conditions_of_catalogue"}),
            stops=_ENDS,
            entry="agreement.concluded",
        ),
        Step(
            "refuse",
            _REVIEW,
            "refused",
            _BY_PROVIDER,
            "809/21",
            needs=frozenset({"not_for_incomplete_materials"}),
            stops=_ENDS,
            entry=f"{_E}refused",
        ),
        Step(
            "refuse",
            frozenset({"supplement_requested"}),
            "refused",
            _BY_PROVIDER,
            "809/21",
            needs=frozenset({"supplement_time_over"}),
            entry=f"{_E}refused",
        ),
        Step(
            "withdraw",
            _REVIEW | {"supplement_requested"},
            "withdrawn",
            "demander",
            "809/20",
            stops=_ENDS,
            entry=f"{_E}withdrawn",
        ),
    ),
)

APPLICATION: Final = Machine(
    "application in other lanes",
    "submitted",
    (
        Step(
            "request_supplement",
            frozenset({"submitted"}),
            "supplement_requested",
            _BY_PROVIDER,
            "as 809/21",
            needs=frozenset({"first_supplement"}),
            entry=f"{_E}supplement_requested",
        ),
        Step(
            "supplement",
            frozenset({"supplement_requested"}),
            "submitted",
            "applicant",
            "as 809/21",
            entry=f"{_E}supplemented",
        ),
        Step(
            "approve",
            frozenset({"submitted", "supplement_requested"}),
            "approved",
            _BY_PROVIDER,
            "the owner's terms",
            entry="agreement.concluded",
        ),
        Step("refuse", frozenset({"submitted"}), "refused", _BY_PROVIDER, "the owner's terms", entry=f"{_E}refused"),
        Step(
            "refuse",
            frozenset({"supplement_requested"}),
            "refused",
            _BY_PROVIDER,
            "as 809/21",
            needs=frozenset({"supplement_time_over"}),
            entry=f"{_E}refused",
        ),
        Step(
            "withdraw",
            frozenset({"submitted", "supplement_requested"}),
            "withdrawn",
            "applicant",
            "the owner's terms",
            entry=f"{_E}withdrawn",
        ),
    ),
)

REMEDIES: Final[Mapping[str, str]] = {
    "another_person": "Your organisation separates duties: the person who drafted the application does not consent to it. "
    "Ask another approver.",
    "first_supplement": "A supplement was requested once already; decide on the application as it is.",
    "conditions_of_catalogue": "A condition is demanded that the catalogue does not state. Demand only the scope and the use "
    "that the dataset's catalogue entry has.",
    "reply_not_overdue": "The last day of the reply is over, so it cannot be extended. Decide on the application now.",
    "authority_consent": "The sharing authority has not consented to so many days. Ask it before the reply is due.",
    "not_for_incomplete_materials": "Incomplete materials are no reason to refuse: request a supplement, once, that lists "
    "everything missing.",
    "supplement_time_over": "The applicant may supplement until the time in `until`; until then approve the application or "
    "wait.",
}
"""What a user does about each fact that a step lacks."""


def machine_of(lane: str) -> Machine:
    """The lifecycle of applications in a lane."""
    return SHARE_REQUEST if lane == "government" else APPLICATION
