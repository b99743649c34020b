"""The clocks of agreements between departments: provision, rectification, reports, records of use, disposal."""

from datetime import datetime

from exchange.agreements.models import Agreement
from exchange.calendar import deadlines
from exchange.calendar.counting import Matter
from exchange.kernel.database import AsyncSession
from groundwork.lifecycle import Clock, Step

USAGE = Clock("usage", "usage_record")
REPORT = Clock("report", "report_decision")
PROVIDE = Clock("provide", "provide")
_OF_PROVIDER = (PROVIDE, REPORT)


def matter_of(agreement: Agreement) -> Matter:
    """The agreement as what deadlines are about."""
    return Matter("agreement", agreement.id)


async def begin(session: AsyncSession, agreement: Agreement, clock: Clock, *, at: datetime) -> None:
    """Begin a clock of an agreement anew: the provider provides and decides on reports; the rest is the demander's."""
    matter = matter_of(agreement)
    await deadlines.stop(session, matter, clock.name, at=at, outcome="renewed")
    organisation = agreement.provider_id if clock in _OF_PROVIDER else agreement.consumer_id
    await deadlines.start(session, matter, clock.name, parameter=clock.parameter, organisation=organisation, at=at)


async def begin_decision(session: AsyncSession, agreement: Agreement, *, at: datetime) -> None:
    """Begin the provider's time to decide on a report, unless it runs: a further report does not put it off."""
    if await deadlines.find_open(session, matter_of(agreement), REPORT.name) is None:
        await begin(session, agreement, REPORT, at=at)


async def follow(
    session: AsyncSession, agreement: Agreement, step: Step, *, at: datetime, ground: str = "out_of_scope"
) -> None:
    """Stop and start the clocks of a step that an agreement took.

    A suspension on the ground `other` orders no rectification, so that its time does not begin.
    """
    for name in sorted(step.stops):
        await deadlines.stop(session, matter_of(agreement), name, at=at, outcome=step.target)
    if step.verb == "suspend" and ground == "other":
        return
    for clock in step.starts:
        await begin(session, agreement, clock, at=at)
