"""The lifecycles of an application for registration and of a record, as tables (数据产权登记工作指引（试行）).

Further tracks, such as the registration of public data resources, are further tables over the same applications.
"""

from types import MappingProxyType
from typing import Final

from groundwork.lifecycle import LAW, Clock, Machine, Step

ACCEPT: Final = Clock("rights_accept", "prop_accept")
SUPPLEMENT: Final = Clock("rights_supplement", "prop_supplement")
REVIEW: Final = Clock("rights_review", "prop_total")

COMPLETE: Final = "a complete form"
CONFIRMED: Final = "the confirmation of every party"
ANOTHER: Final = "a registrar whose organisation has no part in it"
IN_TIME: Final = "the time for acceptance, not over"
FIRST_LIST: Final = "a first list, which is the only one"
SUPPLEMENT_TIME: Final = "the time to supplement, not over"
PUBLICITY_OVER: Final = "the end of the publicity"
EXTENDABLE: Final = "a review whose time is not over, and that was not extended"
RECORD_FREE: Final = "a record that allows it, and a term that is not over"

REMEDIES: Final = MappingProxyType(
    {
        COMPLETE: "Complete the form; POST /api/v1/rights/checks lists what it lacks.",
        CONFIRMED: "Every other party confirms the application first (POST …/confirmation).",
        ANOTHER: "Your organisation applies, holds, objects or owns the data: a registrar of another organisation acts.",
        IN_TIME: "The time for acceptance is over: the application is deemed accepted (Article 17).",
        FIRST_LIST: "What is missing was listed once, and is listed only once (Article 17): accept it, and review it.",
        SUPPLEMENT_TIME: "The time to supplement is over: the application counts as never filed (Article 17). File a new one.",
        EXTENDABLE: "A review is extended once, before its last day is over (Article 28).",
        PUBLICITY_OVER: "The publicity is not over yet; the record is made afterwards (Article 24).",
        RECORD_FREE: "The record's state does not allow it any more, or the term asked for is over; refuse the application.",
    }
)
"""What to do about each fact that lacks."""

UNDECIDED: Final = frozenset(
    {"filed", "returned", "under_review", "awaiting_evidence", "in_publicity", "objected", "publicity_waived"}
)
"""The states of an application that goes on."""
OPEN: Final = UNDECIDED | {"draft"}
PUBLICISED: Final = frozenset({"in_publicity", "objected"})
_REVIEWED: Final = frozenset({"under_review", "awaiting_evidence", "in_publicity", "objected", "publicity_waived"})
_ALL_CLOCKS: Final = frozenset({ACCEPT.name, SUPPLEMENT.name, REVIEW.name})

_BY: Final = "registrar"
_APPLICANT: Final = "applicant's steward"

RIGHTS_APPLICATION: Final = Machine(
    "rights application",
    "draft",
    (
        Step(
            "file",
            frozenset({"draft"}),
            "filed",
            _APPLICANT,
            "14, 16",
            frozenset({COMPLETE, CONFIRMED}),
            starts=(ACCEPT,),
            entry="rights_application.filed",
        ),
        Step(
            "discard",
            frozenset({"draft"}),
            "discarded",
            _APPLICANT,
            "its own draft",
            entry="rights_application.discarded",
        ),
        Step(
            "return",
            frozenset({"filed"}),
            "returned",
            _BY,
            "17",
            frozenset({IN_TIME, FIRST_LIST, ANOTHER}),
            starts=(SUPPLEMENT,),
            stops=frozenset({ACCEPT.name}),
            entry="rights_application.returned",
        ),
        Step(
            "supplement",
            frozenset({"returned"}),
            "filed",
            _APPLICANT,
            "17",
            frozenset({COMPLETE, CONFIRMED, SUPPLEMENT_TIME}),
            starts=(ACCEPT,),
            stops=frozenset({SUPPLEMENT.name}),
            entry="rights_application.supplemented",
        ),
        Step(
            "abandon",
            frozenset({"returned"}),
            "not_filed",
            LAW,
            "17",
            stops=frozenset({SUPPLEMENT.name}),
            entry="rights_application.not_filed",
        ),
        Step(
            "accept",
            frozenset({"filed"}),
            "under_review",
            _BY,
            "17",
            frozenset({IN_TIME, ANOTHER}),
            starts=(REVIEW,),
            stops=frozenset({ACCEPT.name}),
            entry="rights_application.accepted",
        ),
        Step(
            "deem_accepted",
            frozenset({"filed"}),
            "under_review",
            LAW,
            "17",
            starts=(REVIEW,),
            stops=frozenset({ACCEPT.name}),
            entry="rights_application.deemed_accepted",
        ),
        Step(
            "ask_evidence",
            frozenset({"under_review"}),
            "awaiting_evidence",
            _BY,
            "18-21",
            frozenset({ANOTHER}),
            entry="rights_application.evidence_asked",
        ),
        Step(
            "give_evidence",
            frozenset({"awaiting_evidence"}),
            "under_review",
            _APPLICANT,
            "18-21",
            entry="rights_application.evidence_given",
        ),
        Step(
            "extend",
            frozenset({"under_review"}),
            "under_review",
            _BY,
            "28",
            frozenset({ANOTHER, EXTENDABLE}),
            entry="rights_application.extended",
        ),
        Step(
            "publicise",
            frozenset({"under_review"}),
            "in_publicity",
            _BY,
            "24",
            frozenset({ANOTHER}),
            entry="rights_application.publicised",
        ),
        Step(
            "waive_publicity",
            frozenset({"under_review"}),
            "publicity_waived",
            _BY,
            "24",
            frozenset({ANOTHER}),
            entry="rights_application.publicity_waived",
        ),
        Step("object", PUBLICISED, "objected", "any organisation's steward", "25", entry="rights_application.objected"),
        Step(
            "dismiss",
            frozenset({"objected"}),
            "objected",
            _BY,
            "25",
            frozenset({ANOTHER}),
            entry="rights_application.objection_dismissed",
        ),
        Step(
            "dismiss_last",
            frozenset({"objected"}),
            "in_publicity",
            _BY,
            "25",
            frozenset({ANOTHER}),
            entry="rights_application.objections_cleared",
        ),
        Step(
            "uphold",
            frozenset({"objected"}),
            "refused",
            _BY,
            "22, 25",
            frozenset({ANOTHER}),
            stops=_ALL_CLOCKS,
            entry="rights_application.objection_upheld",
        ),
        Step(
            "refuse",
            _REVIEWED,
            "refused",
            _BY,
            "22",
            frozenset({ANOTHER}),
            stops=_ALL_CLOCKS,
            entry="rights_application.refused",
        ),
        Step(
            "terminate",
            frozenset({"under_review", "awaiting_evidence"}),
            "terminated",
            _BY,
            "18-21",
            frozenset({ANOTHER}),
            stops=_ALL_CLOCKS,
            entry="rights_application.terminated",
        ),
        Step(
            "withdraw",
            UNDECIDED,
            "withdrawn",
            _APPLICANT,
            "16",
            stops=_ALL_CLOCKS,
            entry="rights_application.withdrawn",
        ),
        Step(
            "deposit",
            frozenset({"in_publicity", "publicity_waived"}),
            "deposited",
            _BY,
            "26",
            frozenset({ANOTHER, PUBLICITY_OVER, RECORD_FREE}),
            stops=_ALL_CLOCKS,
            entry="rights_application.deposited",
        ),
    ),
)
"""The registration is complete at the moment of the deposit (Article 26), which makes or changes records.

Silence of the registrar accepts an application after the time for acceptance, and does nothing else.
"""

_VALID: Final = frozenset({"valid"})
_RESTRICTED: Final = frozenset({"restricted"})

RIGHTS_RECORD: Final = Machine(
    "rights record",
    "valid",
    (
        Step("renew", _VALID, "valid", _BY, "32-37", entry="rights_record.renewed"),
        Step("renew", _RESTRICTED, "restricted", _BY, "32-37", entry="rights_record.renewed"),
        Step("change", _VALID, "valid", _BY, "32-37", entry="rights_record.changed"),
        Step("transfer_part", _VALID, "valid", _BY, "32-37", entry="rights_record.transferred_in_part"),
        Step("transfer", _VALID, "transferred", _BY, "32-37", entry="rights_record.transferred"),
        Step(
            "cancel_by_order",
            _VALID | _RESTRICTED,
            "cancelled",
            _BY,
            "29, 32-37",
            frozenset({ANOTHER}),
            entry="rights_record.cancelled_by_order",
        ),
        Step("cancel", _VALID, "cancelled", _BY, "29, 32-37", entry="rights_record.cancelled"),
        Step("restrict", _VALID, "restricted", _BY, "23", frozenset({ANOTHER}), entry="rights_record.restricted"),
        Step("release", _RESTRICTED, "valid", _BY, "23", frozenset({ANOTHER}), entry="rights_record.released"),
        Step("lapse", _VALID | _RESTRICTED, "lapsed", LAW, "26, 32-37", entry="rights_record.lapsed"),
    ),
)
"""What a deposit enters begins it, valid for at most five years. Under seizure, it is only renewed, or
cancelled by an order."""
