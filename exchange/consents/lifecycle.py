"""The lifecycle of a consent, as a table: the states of ISO/IEC TS 27560 in the terms of DPV, under the rules of PIPL."""

from types import MappingProxyType
from typing import Final

from groundwork.lifecycle import LAW, Machine, Step

UNKNOWN: Final = "unknown"
OPEN: Final = frozenset({"requested", "deferred", "given", "renewed"})
"""The states of a record that goes on; each other state ends it, and a new decision makes a new record."""
VALID: Final = frozenset({"given", "renewed"})
"""The states in which a person may be delivered."""

_ASKABLE = frozenset({UNKNOWN, "requested", "deferred"})
IN_FORCE: Final = "a notice that is in force"
INFORMED: Final = "a decision after the notice was in use"
IN_TERM: Final = "a term that is not over"
PROVEN: Final = "a proof of how it was obtained"
GUARDED: Final = "the guardian of a child under 14"
FOR_CHILDREN: Final = "a notice with rules for children"
WRITTEN: Final = "the written form"
UNREFUSED: Final = "no refusal a short time ago"
STATED: Final = "a stated reason"
_TO_BE_VALID = frozenset({IN_FORCE, INFORMED, IN_TERM, PROVEN, GUARDED, FOR_CHILDREN, WRITTEN})

ARTICLES: Final = MappingProxyType(
    {
        IN_FORCE: "PIPL 14",
        INFORMED: "PIPL 14, 17",
        IN_TERM: "Decree 790, 22(4)",
        PROVEN: "PIPL 69",
        GUARDED: "PIPL 31",
        FOR_CHILDREN: "PIPL 31; Decree 790, 22",
        WRITTEN: "PIPL 29",
        UNREFUSED: "Decree 790, 22(5)",
        STATED: "PIPL 15",
    }
)
"""The rule behind each need."""

CONSENT: Final = Machine(
    "consent",
    UNKNOWN,
    (
        Step(
            "ask",
            frozenset({UNKNOWN}),
            "requested",
            "steward",
            "PIPL 14, 17; Decree 790, 22(5)",
            frozenset({IN_FORCE, UNREFUSED}),
            entry="consent.requested",
        ),
        Step("give", _ASKABLE, "given", "person", "PIPL 14, 23, 29", _TO_BE_VALID, entry="consent.given"),
        Step("refuse", _ASKABLE, "refused", "person", "PIPL 14, 16", entry="consent.refused"),
        Step("defer", frozenset({"requested"}), "deferred", "person", "PIPL 14", entry="consent.deferred"),
        Step("renew", VALID, "renewed", "person", "PIPL 14", _TO_BE_VALID, entry="consent.renewed"),
        Step("withdraw", VALID, "withdrawn", "person", "PIPL 15", entry="consent.withdrawn"),
        Step("revoke", VALID, "revoked", "owner", "PIPL 47", frozenset({STATED}), entry="consent.revoked"),
        Step(
            "invalidate",
            VALID,
            "invalidated",
            "owner",
            "PIPL 14, 31",
            frozenset({STATED}),
            entry="consent.invalidated",
        ),
        Step("expire", VALID, "expired", LAW, "Decree 790, 22(4)", entry="consents.expired"),
    ),
)
"""Withdrawing needs nothing that giving does not need (PIPL 15). Consents that expire at once share an entry."""
