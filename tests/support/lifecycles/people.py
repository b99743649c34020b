"""Consents and deletions, as walks see them: a person decides, an owner records, a recipient deletes."""
# ruff: noqa: ARG002 - every room answers the same questions, and seldom needs all of a question

from datetime import datetime, timedelta
from typing import Any, ClassVar

from exchange.consents import lifecycle
from exchange.consents.deletions.lifecycle import DELETION, EVIDENCE
from exchange.consents.lifecycle import CONSENT
from exchange.consents.tasks import EXPIRY
from exchange.kernel.loops import Loops
from groundwork.lifecycle import Clock, Step
from tests.support.exchanges.exchange import Answer
from tests.support.lifecycles.model import Act, Past
from tests.support.lifecycles.rooms import Room
from tests.support.people.consenting import PROOF, notice_for
from tests.support.sharing.departments import DepartmentsExchange

TERM = 60
ASK_AGAIN = timedelta(days=90)
GUARDIAN = {"name": "陈", "relation": "parent", "verified_by": "户口簿"}
_DECISIONS = {
    "give": "given",
    "renew": "given",
    "refuse": "refused",
    "defer": "deferred",
    "withdraw": "withdrawn",
}


class Consents(Room):
    """Consents under one notice; each thing is another person. The owner records what the person decides."""

    machine = CONSENT
    kind = "consent"
    by: ClassVar = {"steward": frozenset({"owner"}), "person": frozenset({"owner"}), "owner": frozenset({"owner"})}
    _NEEDED: ClassVar = (lifecycle.PROVEN, lifecycle.GUARDED, lifecycle.FOR_CHILDREN, lifecycle.INFORMED)
    variants: ClassVar = {"give": _NEEDED, "renew": _NEEDED}
    _people: ClassVar = 0

    def __init__(self, exchange: DepartmentsExchange) -> None:
        super().__init__(exchange)
        self.notice: dict[str, Any] = {}
        self.person = 0
