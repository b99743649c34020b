"""A requested supplement ends: by the applicant, by the owner who goes on, or by its due date."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from exchange.kernel.clock import Clock
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange
from tests.support.exchanges.parties import admit_parties
from tests.support.exchanges.starting import start_exchange


class Later(Clock):
    """A clock that a test sets forward."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead

    def seconds(self) -> int:
        return int(self.now().timestamp())


@pytest.fixture
def clock() -> Later:
    return Later()


@pytest.fixture
async def exchange(settings: Settings, clock: Later) -> AsyncIterator[Exchange]:
    async with start_exchange(settings, clock=clock) as exchange:
        yield exchange


async def test_an_unanswered_supplement_ends(exchange: Exchange, clock: Later) -> None:
    owner, consumer, dataset = await admit_parties(exchange)
    applications = [await exchange.apply(consumer, dataset) for _ in range(4)]
    waiting, approved, withdrawn, supplied = (f"/api/v1/applications/{item['id']}" for item in applications)
    for target in (waiting, approved, withdrawn, supplied):
        supplemented = await exchange.call_ok(
            owner.steward, "POST", f"{target}/supplement-request", {"missing": "x", "days": 3}
        )
        due = datetime.fromisoformat(supplemented["supplement_due"])
        assert timedelta(days=2) < due - clock.now() <= timedelta(days=3)
    # Papers that are incomplete are no reason to refuse outright.
    refused = await exchange.call(owner.steward, "POST", f"{waiting}/refusal", {"reason": "no answer"})
    assert (refused.problem, refused.json["state"]) == ("conflict", "supplement_requested")
    assert datetime.fromisoformat(refused.json["until"]) <= due
    assert (await exchange.call_ok(owner.steward, "POST", f"{approved}/approval", {}))["agreement"]["state"] == "active"
    assert (await exchange.call_ok(consumer.steward, "POST", f"{withdrawn}/withdrawal"))["state"] == "withdrawn"
    await exchange.call_ok(consumer.steward, "POST", f"{supplied}/supplement", {"supplement": "y"})
    repeated = await exchange.call(owner.steward, "POST", f"{supplied}/supplement-request", {"missing": "z"})
    assert repeated.problem == "conflict"

    clock.ahead = timedelta(days=3, seconds=1)
    ended = await exchange.call_ok(owner.steward, "POST", f"{waiting}/refusal", {"reasons": "no answer"})
    assert (ended["state"], ended["reasons"]) == ("refused", "no answer")
    entries = [entry for entry in await exchange.read_entries() if entry["type"] == "application.supplement_requested"]
    assert datetime.fromisoformat(entries[0]["due"]) <= due
