"""The lifecycle of a listing, as a table (数据安全法, Article 33; 上海市数据条例, Articles 55 and 67)."""

from types import MappingProxyType
from typing import Final

from groundwork.lifecycle import Machine, Step

_E: Final = "market_listing."
_SELLER: Final = "seller"
_OPERATOR: Final = "market operator"
GATE: Final = "every condition of the gate"
ANOTHER: Final = "a market operator of another organisation"
REMEDIES: Final = MappingProxyType(
    {
        GATE: "Correct what `POST …/checks` lists for the listing.",
        ANOTHER: "A market operator does not decide about its own organisation's listing; ask another one.",
    }
)
"""What to do about each fact that lacks."""

LISTING: Final = Machine(
    "market listing",
    "draft",
    (
        Step("redraft", frozenset({"draft"}), "draft", _SELLER, "DSL 33", entry=f"{_E}redrafted"),
        Step("redraft", frozenset({"rejected"}), "draft", _SELLER, "DSL 33", entry=f"{_E}redrafted"),
        Step("submit", frozenset({"draft"}), "in_review", _SELLER, "DSL 33", frozenset({GATE}), entry=f"{_E}submitted"),
        Step(
            "approve",
            frozenset({"in_review"}),
            "approved",
            _OPERATOR,
            "DSL 33",
            frozenset({GATE, ANOTHER}),
            entry=f"{_E}approved",
        ),
        Step(
            "reject",
            frozenset({"in_review"}),
            "rejected",
            _OPERATOR,
            "DSL 33",
            frozenset({ANOTHER}),
            entry=f"{_E}rejected",
        ),
        Step("list", frozenset({"approved"}), "listed", _SELLER, "DSL 33", frozenset({GATE}), entry=f"{_E}listed"),
        Step(
            "suspend",
            frozenset({"listed"}),
            "suspended",
            _OPERATOR,
            "Shanghai 55",
            frozenset({ANOTHER}),
            entry=f"{_E}suspended",
        ),
        Step(
            "resume",
            frozenset({"suspended"}),
            "listed",
            _OPERATOR,
            "Shanghai 55",
            frozenset({GATE, ANOTHER}),
            entry=f"{_E}resumed",
        ),
        Step(
            "delist",
            frozenset({"draft", "in_review", "approved", "rejected", "listed", "suspended"}),
            "delisted",
            _SELLER,
            "Shanghai 67",
            entry=f"{_E}delisted",
        ),
    ),
)
"""A listing that is suspended or delisted takes no orders; contracts that were signed go on."""

BY_OPERATOR: Final = frozenset(step.verb for step in LISTING.steps if step.role == _OPERATOR)
PUBLIC: Final = ("listed", "suspended")
"""The states in which everybody reads a listing."""
