"""The lifecycle of an order, as a table, after the outline of the model contract 数据提供合同 (delivery, acceptance, payment)."""

from types import MappingProxyType
from typing import Final

from groundwork.lifecycle import LAW, Machine, Step

_E: Final = "order."
_SELLER: Final = "seller"
_BUYER: Final = "buyer"
_EITHER: Final = "seller or buyer"
_BOTH: Final = "both signatures"
_CONTRACT: Final = "the contract"
OPEN: Final = "an offer that takes orders"
GATE: Final = "every condition of the gate"
UNSUSPENDED: Final = "a listing that is not suspended"
OTHER_SIDE: Final = "the side that has not signed"
IN_TIME: Final = "the inspection, not over"
INSPECTION_OVER: Final = "the inspection, over"
DEEMED: Final = "a contract that says so"
IN_SIGNING: Final = "the time to sign, not over"
UNSIGNED: Final = "the time to sign, over"
RETRIEVABLE: Final = "an agreement in force"
PAID: Final = "everything paid that is due"
ANOTHER: Final = "a market operator of another organisation"
REMEDIES: Final = MappingProxyType(
    {
        OPEN: "The offer is closed, its listing takes no orders, or it is not made to your organisation.",
        GATE: "The listing no longer meets the conditions of the market; `POST /api/v1/market/listings/{id}/checks` names "
        "them to the seller.",
        UNSUSPENDED: "A market operator has suspended the listing; wait until it is resumed.",
        OTHER_SIDE: "Your side has signed; the other side signs now.",
        IN_TIME: "The time to inspect and object is over (`inspect_by`).",
        INSPECTION_OVER: "The buyer may inspect until `inspect_by`.",
        DEEMED: "The contract has no deemed acceptance: the buyer accepts or objects.",
        IN_SIGNING: "The time to draft and sign the contract is over (`sign_by`); the buyer orders again.",
        UNSIGNED: "Both sides may sign until `sign_by`.",
        RETRIEVABLE: "The agreement of the order is not active, so nothing can be retrieved: resume it first.",
        PAID: "State every payment and repayment first (`pay`, `repay`): `due` is what is still open, negative where too much "
        "is paid.",
        ANOTHER: "A market operator does not mediate for its own organisation; ask another one.",
    }
)
"""What to do about each fact that lacks."""

UNBOUND: Final = frozenset({"placed", "contract_drafted", "half_signed"})
"""The states before both sides are bound."""
_UNSETTLED: Final = frozenset(
    {"awaiting_payment", "delivering", "delivered", "objected", "disputed", "accepted", "deemed_accepted"}
)
BOUND: Final = _UNSETTLED | {"settled"}
"""The states of a contract that can be terminated."""
_ACCEPTED: Final = frozenset({"accepted", "deemed_accepted"})

ORDER: Final = Machine(
    "order",
    "intended",
    (
        Step(
            "place", frozenset({"intended"}), "placed", _BUYER, "DSL 33", frozenset({OPEN, GATE}), entry=f"{_E}placed"
        ),
        Step(
            "draft",
            frozenset({"placed"}),
            "contract_drafted",
            _SELLER,
            _CONTRACT,
            frozenset({GATE, IN_SIGNING, UNSUSPENDED}),
            entry=f"{_E}contract_drafted",
        ),
        Step(
            "sign",
            frozenset({"contract_drafted"}),
            "half_signed",
            _EITHER,
            _CONTRACT,
            frozenset({IN_SIGNING}),
            entry=f"{_E}signed_by_one",
        ),
        Step(
            "countersign",
            frozenset({"half_signed"}),
            "signed",
            _EITHER,
            _CONTRACT,
            frozenset({OTHER_SIDE, GATE, IN_SIGNING, UNSUSPENDED}),
            entry=f"{_E}signed",
        ),
        Step("await", frozenset({"signed"}), "awaiting_payment", _BOTH, _CONTRACT, entry=f"{_E}payment_awaited"),
        Step("begin", frozenset({"signed", "awaiting_payment"}), "delivering", _BOTH, _CONTRACT, entry=f"{_E}begun"),
        *(
            Step("pay", frozenset({state}), state, _SELLER, _CONTRACT, entry=f"{_E}paid")
            for state in sorted(_UNSETTLED | {"terminated"})
        ),
        Step(
            "deliver",
            frozenset({"delivering"}),
            "delivered",
            _SELLER,
            "Civil Code 512",
            frozenset({RETRIEVABLE}),
            entry=f"{_E}delivered",
        ),
        Step(
            "accept",
            frozenset({"delivered", "objected", "disputed"}),
            "accepted",
            _BUYER,
            _CONTRACT,
            entry=f"{_E}accepted",
        ),
        Step(
            "deem_accepted",
            frozenset({"delivered"}),
            "deemed_accepted",
            LAW,
            _CONTRACT,
            frozenset({DEEMED, INSPECTION_OVER}),
            entry=f"{_E}deemed_accepted",
        ),
        Step(
            "object",
            frozenset({"delivered"}),
            "objected",
            _BUYER,
            _CONTRACT,
            frozenset({IN_TIME}),
            entry=f"{_E}objected",
        ),
        Step(
            "cure",
            frozenset({"objected"}),
            "delivered",
            _SELLER,
            _CONTRACT,
            frozenset({RETRIEVABLE}),
            entry=f"{_E}cured",
        ),
        Step("dispute", frozenset({"objected"}), "disputed", _EITHER, _CONTRACT, entry=f"{_E}disputed"),
        Step(
            "resolve",
            frozenset({"disputed"}),
            "accepted",
            "market operator",
            "Shanghai 67",
            frozenset({ANOTHER}),
            entry=f"{_E}resolved",
        ),
        Step("refund", frozenset({"objected", "disputed"}), "refunded", _SELLER, _CONTRACT, entry=f"{_E}refunded"),
        *(
            Step("repay", frozenset({state}), state, _SELLER, _CONTRACT, entry=f"{_E}repaid")
            for state in (*sorted(_ACCEPTED), "terminated")
        ),
        Step("settle", _ACCEPTED, "settled", _SELLER, _CONTRACT, frozenset({PAID}), entry=f"{_E}settled"),
        Step("close", frozenset({"settled", "refunded"}), "closed", _BUYER, _CONTRACT, entry=f"{_E}closed"),
        Step("cancel", UNBOUND, "cancelled", _EITHER, "Civil Code 490", entry=f"{_E}cancelled"),
        Step("lapse", UNBOUND, "cancelled", LAW, "the offer", frozenset({UNSIGNED}), entry=f"{_E}lapsed"),
        Step("terminate", BOUND, "terminated", _EITHER, "Civil Code 563", entry=f"{_E}terminated"),
    ),
)
"""The contract binds from the second signature on. A termination, and a refund, end the agreement and its deliveries."""
