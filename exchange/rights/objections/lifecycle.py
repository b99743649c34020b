"""The lifecycle of an objection to a record, as a table (数据产权登记工作指引（试行）, Article 29)."""

from types import MappingProxyType
from typing import Final

from exchange.rights.lifecycle import ANOTHER, REMEDIES
from groundwork.lifecycle import Clock, Machine, Step

NOTICE: Final = Clock("objection_notice", "prop_later_objection_notice")
IN_FORCE: Final = "a record in force"
FACTS: Final = MappingProxyType(
    {
        ANOTHER: REMEDIES[ANOTHER],
        IN_FORCE: "The record is not in force any more; nothing of it is left to object to.",
    }
)
"""What to do about each fact that lacks."""

_OPEN: Final = frozenset({"filed", "holder_told", "contested"})
_REGISTRAR: Final = "registrar"

RECORD_OBJECTION: Final = Machine(
    "objection to a record",
    "intended",
    (
        Step(
            "file",
            frozenset({"intended"}),
            "filed",
            "any organisation's steward",
            "29",
            frozenset({IN_FORCE}),
            starts=(NOTICE,),
            entry="record_objection.filed",
        ),
        Step(
            "tell_holder",
            frozenset({"filed"}),
            "holder_told",
            _REGISTRAR,
            "29",
            frozenset({ANOTHER}),
            stops=frozenset({NOTICE.name}),
            entry="record_objection.holder_told",
        ),
        Step(
            "reject",
            frozenset({"filed"}),
            "rejected",
            _REGISTRAR,
            "29",
            frozenset({ANOTHER}),
            stops=frozenset({NOTICE.name}),
            entry="record_objection.rejected",
        ),
        Step("agree", frozenset({"holder_told"}), "agreed", "holder's steward", "29", entry="record_objection.agreed"),
        Step(
            "contest",
            frozenset({"holder_told"}),
            "contested",
            "holder's steward",
            "29",
            entry="record_objection.contested",
        ),
        Step(
            "uphold",
            frozenset({"holder_told", "contested"}),
            "upheld",
            _REGISTRAR,
            "29",
            frozenset({ANOTHER}),
            entry="record_objection.upheld",
        ),
        Step(
            "dismiss",
            frozenset({"holder_told", "contested"}),
            "dismissed",
            _REGISTRAR,
            "29",
            frozenset({ANOTHER}),
            entry="record_objection.dismissed",
        ),
        Step(
            "withdraw",
            _OPEN,
            "withdrawn",
            "objector's steward",
            "29",
            stops=frozenset({NOTICE.name}),
            entry="record_objection.withdrawn",
        ),
    ),
)
"""A holder that agrees applies for the change or the cancellation. A conclusion changes no record: who does not accept it goes
to arbitration or a court, and the registrar follows the document that takes effect.
"""
