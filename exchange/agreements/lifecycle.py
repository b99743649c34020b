"""The lifecycle of an agreement, from its conclusion on."""

from collections.abc import Mapping
from typing import Final

from groundwork.lifecycle import LAW, Clock, Machine, Step

_ENTRY: Final = "agreement."
_OPEN: Final = frozenset({"active", "suspended"})
RUNNING: Final = _OPEN | {"provisioning"}
"""The states of an agreement that has not ended."""

AGREEMENT: Final = Machine(
    "agreement",
    "active",
    (
        Step("suspend", frozenset({"active"}), "suspended", "provider", "809/27", entry=f"{_ENTRY}suspended"),
        Step("resume", frozenset({"suspended"}), "active", "provider", "809/27", entry=f"{_ENTRY}resumed"),
        Step("terminate", _OPEN, "terminated", "provider or consumer", "809/27", entry=f"{_ENTRY}terminated"),
        Step("amend", frozenset({"active"}), "terminated", "provider", "as 809/25", entry=f"{_ENTRY}amended"),
        Step("expire", _OPEN, "expired", LAW, "its own term", entry=f"{_ENTRY}expired"),
    ),
)

_DISPOSE: Final = (Clock("dispose", "dispose"),)
_ALL: Final = frozenset({"rectify", "report", "usage"})
_UNPROVIDED: Final = frozenset({"provisioning"})
_PROVIDE: Final = frozenset({"provide"})

SHARING: Final = Machine(
    "agreement between departments",
    "provisioning",
    (
        Step(
            "activate",
            _UNPROVIDED,
            "active",
            "provider",
            "809/22",
            starts=(Clock("usage", "usage_record"),),
            stops=_PROVIDE,
            entry=f"{_ENTRY}activated",
        ),
        Step(
            "terminate",
            _UNPROVIDED,
            "terminated",
            "provider",
            "809/27",
            needs=frozenset({"consultation_recorded"}),
            stops=_PROVIDE,
            entry=f"{_ENTRY}terminated",
        ),
        Step("end", _UNPROVIDED, "terminated", "demander", "809/25", stops=_PROVIDE, entry=f"{_ENTRY}terminated"),
        Step("expire", _UNPROVIDED, "expired", LAW, "its own term", stops=_PROVIDE, entry=f"{_ENTRY}expired"),
        Step(
            "suspend",
            frozenset({"active"}),
            "suspended",
            "provider",
            "809/27",
            starts=(Clock("rectify", "rectify"),),
            stops=frozenset({"report"}),
            entry=f"{_ENTRY}suspended",
        ),
        Step(
            "rectify",
            frozenset({"suspended"}),
            "suspended",
            "demander",
            "809/27",
            needs=frozenset({"rectification_ordered"}),
            stops=frozenset({"rectify"}),
            entry=f"{_ENTRY}rectified",
        ),
        Step(
            "resume",
            frozenset({"suspended"}),
            "active",
            "provider",
            "809/27",
            stops=frozenset({"rectify"}),
            entry=f"{_ENTRY}resumed",
        ),
        Step(
            "terminate",
            frozenset({"active"}),
            "terminated",
            "provider",
            "809/27",
            needs=frozenset({"consultation_recorded"}),
            starts=_DISPOSE,
            stops=_ALL,
            entry=f"{_ENTRY}terminated",
        ),
        Step(
            "terminate",
            frozenset({"suspended"}),
            "terminated",
            "provider",
            "809/27",
            needs=frozenset({"time_to_rectify_over"}),
            starts=_DISPOSE,
            stops=_ALL,
            entry=f"{_ENTRY}terminated",
        ),
        Step(
            "end", _OPEN, "terminated", "demander", "809/25", starts=_DISPOSE, stops=_ALL, entry=f"{_ENTRY}terminated"
        ),
        Step("expire", _OPEN, "expired", LAW, "its own term", starts=_DISPOSE, stops=_ALL, entry=f"{_ENTRY}expired"),
        Step(
            "amend",
            frozenset({"active", "provisioning"}),
            "terminated",
            "provider",
            "809/25",
            needs=frozenset({"no_report_undecided"}),
            stops=_ALL | _PROVIDE,
            entry=f"{_ENTRY}amended",
        ),
        *(
            Step(
                "dispose",
                frozenset({state}),
                state,
                "demander",
                "809/27",
                needs=frozenset({"not_disposed"}),
                stops=frozenset({"dispose"}),
                entry=f"{_ENTRY}disposed",
            )
            for state in ("terminated", "expired")
        ),
    ),
)

REMEDIES: Final[Mapping[str, str]] = {
    "rectification_ordered": "No rectification was ordered, or it was stated already; the provider resumes the agreement.",
    "consultation_recorded": "A provider stops sharing for a just cause only, after consulting the demander and filing it "
    "with the authority: state `consultation`, the record of both. For a use outside the agreement, suspend it first.",
    "time_to_rectify_over": "The demander may rectify until the day due of the clock `rectify`. Wait, resume the agreement, "
    "or state `consultation`.",
    "no_report_undecided": "A report about the agreement waits for your decision: suspend the agreement, or wait until the "
    "clock `report` is over. An amendment does not put a report aside.",
    "not_disposed": "The disposal is on record already.",
}
"""What a user does about each fact that a step lacks."""


def machine_of(lane: str) -> Machine:
    """The lifecycle of agreements in a lane."""
    return SHARING if lane == "government" else AGREEMENT
