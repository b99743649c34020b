"""The lifecycle of an agreement, from its conclusion on."""

from typing import Final

from groundwork.lifecycle import LAW, Machine, Step

_ENTRY: Final = "agreement."
_OPEN: Final = frozenset({"active", "suspended"})

AGREEMENT: Final = Machine(
    "agreement",
    "active",
    (
        Step("suspend", frozenset({"active"}), "suspended", "provider", "809/27", entry=f"{_ENTRY}suspended"),
        Step("resume", frozenset({"suspended"}), "active", "provider", "809/27", entry=f"{_ENTRY}resumed"),
        Step("terminate", _OPEN, "terminated", "provider or consumer", "809/27", entry=f"{_ENTRY}terminated"),
        Step("expire", _OPEN, "expired", LAW, "its own term", entry=f"{_ENTRY}expired"),
    ),
)
