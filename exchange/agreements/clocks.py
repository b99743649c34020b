"""The clocks of agreements between departments: rectification, reports, records of use, disposal."""

from datetime import datetime

from exchange.agreements.lifecycle import SHARING
from exchange.agreements.models import Agreement
from exchange.calendar import deadlines
from exchange.calendar.counting import Matter
from exchange.kernel.database import AsyncSession
from groundwork.lifecycle import Clock

USAGE = Clock("usage", "usage_record")
REPORT = Clock("report", "report_decision")
_ENDS = {"terminated", "expired"}


def matter_of(agreement: Agreement) -> Matter:
    """The agreement as what deadlines are about."""
    return Matter("agreement", agreement.id)


async def begin(session: AsyncSession, agreement: Agreement, clock: Clock, *, at: datetime) -> None:
    """Begin a clock of an agreement anew: the provider decides on reports, everything else is the demander's."""
    matter = matter_of(agreement)
    await deadlines.stop(session, matter, clock.name, at=at, outcome="renewed")
    organisation = agreement.provider_id if clock == REPORT else agreement.consumer_id
    await deadlines.start(session, matter, clock.name, parameter=clock.parameter, organisation=organisation, at=at)


async def begin_decision(session: AsyncSession, agreement: Agreement, *, at: datetime) -> None:
    """Begin the provider's time to decide on a report, unless it runs: a further report does not put it off."""
    if await deadlines.find_open(session, matter_of(agreement), REPORT.name) is None:
        await begin(session, agreement, REPORT, at=at)


async def follow(session: AsyncSession, agreement: Agreement, *, at: datetime, ground: str = "other") -> None:
    """Stop and start the clocks that follow from the agreement's new state. In other lanes there are none."""
    if agreement.lane != "government":
        return
    steps = [step for step in SHARING.steps if step.target == agreement.state and agreement.state not in step.sources]
    for name in sorted({name for step in steps for name in step.stops}):
        await deadlines.stop(session, matter_of(agreement), name, at=at, outcome=agreement.state)
    if agreement.state in _ENDS or (agreement.state == "suspended" and ground != "other"):
        for clock in dict.fromkeys(clock for step in steps for clock in step.starts):
            await begin(session, agreement, clock, at=at)
