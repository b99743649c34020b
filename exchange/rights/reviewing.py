"""The registrar's side: acceptance, review, publicity, objections, deposit; and what time alone does under Article 17."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Final, Literal
from uuid import UUID

from exchange.calendar import deadlines
from exchange.calendar import queries as calendar
from exchange.calendar.counting import CHINA, DeadlineView, Matter, day_of
from exchange.catalog import queries as catalog
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment
from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, NotFound
from exchange.kernel.work import Work
from exchange.messages.service import notify
from exchange.participants.reading import Reading
from exchange.rights import queries, recording, terms
from exchange.rights.forms.form import Proof
from exchange.rights.lifecycle import (
    ACCEPT,
    EXTENDABLE,
    FIRST_LIST,
    IN_TIME,
    PUBLICITY_OVER,
    RECORD_FREE,
    REVIEW,
    RIGHTS_APPLICATION,
)
from exchange.rights.models import RightsApplication, RightsObjection
from exchange.rights.steps import OBJECTION, lacks_another, matter_of, resume_review, step_of, take
from groundwork.lifecycle import Step
from ledger import entries
from policies.roles.roles import EXCHANGE

MOST_OBJECTIONS: Final = 20
"""Objections of one organisation to one application."""
_RETURNED: Final = "rights_application.returned"
_PAUSES: Final = ("ask_evidence", "publicise")


async def _load(work: Work, application_id: UUID) -> tuple[RightsApplication, set[str]]:
    """An application that was filed, locked, and what lacks of the registrar. Raises Forbidden, NotFound."""
    work.permit("rights", "review", EXCHANGE)
    application = await queries.application(work.session, Reading(everything=True), application_id, lock=True)
    listed = await catalog.any_dataset(work.session, str(application.dataset_id))
    return application, await lacks_another(work, application, listed.owner.id)


async def accept(work: Work, *, application_id: UUID) -> RightsApplication:
    """Accept an application for review, in time. Raises Forbidden, NotFound, Conflict."""
    application, lacking = await _load(work, application_id)
    lacking |= await _lacks_time(work, application)
    await take(work, application, "accept", lacking=lacking)
    application.accepted_on = day_of(work.runtime.clock.now())
    return application


async def give_back(work: Work, *, application_id: UUID, missing: Sequence[str]) -> RightsApplication:
    """Refuse acceptance for now, with the one full list of what is missing. Raises Forbidden, NotFound, Conflict."""
    application, lacking = await _load(work, application_id)
    lacking |= await _lacks_time(work, application)
    stated = (await queries.statements(work.session, applications=[application.id]))[application.id]
    if any(row.type == _RETURNED for row in stated):
        lacking.add(FIRST_LIST)
    await take(work, application, "return", lacking=lacking, statement="\n".join(missing))
    return application


async def _lacks_time(work: Work, application: RightsApplication) -> set[str]:
    clock = await deadlines.find_open(work.session, matter_of(application), ACCEPT.name)
    is_over = clock is not None and clock.is_overdue(work.runtime.clock.now())
    return {IN_TIME} if is_over else set()


async def state(
    work: Work, *, application_id: UUID, verb: Literal["ask_evidence", "waive_publicity", "terminate"], statement: str
) -> RightsApplication:
    """Ask for evidence, waive the publicity with its cause, or terminate what cannot be verified.

    The review's clock stands still while evidence is awaited. Raises Forbidden, NotFound, Conflict.
    """
    application, lacking = await _load(work, application_id)
    await take(work, application, verb, lacking=lacking, statement=statement)
    await _pause(work, application, verb)
    return application


async def publicise(work: Work, *, application_id: UUID) -> RightsApplication:
    """Begin the publicity; the review's clock stands still from now on. Raises Forbidden, NotFound, Conflict."""
    application, lacking = await _load(work, application_id)
    await take(work, application, "publicise", lacking=lacking)
    application.publicity_from = day_of(work.runtime.clock.now())
    await _pause(work, application, "publicise")
    return application


async def _pause(work: Work, application: RightsApplication, verb: str) -> None:
    """Pause the review's clock, unless it ran out before: then it stays overdue."""
    now = work.runtime.clock.now()
    clock = await deadlines.find_open(work.session, matter_of(application), REVIEW.name)
    if verb in _PAUSES and clock is not None and clock.overdue_at is None and not clock.is_overdue(now):
        await deadlines.pause(work.session, matter_of(application), REVIEW.name, at=now)


async def extend(work: Work, *, application_id: UUID, days: int, statement: str) -> RightsApplication:
    """Extend the review once. Raises Forbidden, NotFound, Conflict, ExtensionRefused."""
    application, lacking = await _load(work, application_id)
    now = work.runtime.clock.now()
    clock = await deadlines.find_open(work.session, matter_of(application), REVIEW.name)
    if clock is None or clock.extension is not None or clock.overdue_at is not None or clock.is_overdue(now):
        lacking.add(EXTENDABLE)
    await take(work, application, "extend", lacking=lacking, statement=statement)
    await deadlines.extend(
        work.session,
        matter_of(application),
        REVIEW.name,
        parameter="prop_ext",
        days=days,
        consent=statement,
        by=work.principal.id,
        at=now,
    )
    return application


async def refuse(work: Work, *, application_id: UUID, reasons: Sequence[str], statement: str) -> RightsApplication:
    """Refuse an application for reasons of Article 22. Raises Forbidden, NotFound, Conflict."""
    application, lacking = await _load(work, application_id)
    await take(work, application, "refuse", lacking=lacking, statement=statement, codes=reasons)
    return application


async def object_to(
    work: Work, *, application_id: UUID, statement: str, evidence: Sequence[Proof]
) -> RightsApplication:
    """Object to an application in publicity, under one's organisation's name. Raises Forbidden, NotFound, Conflict."""
    work.permit("rights", "object", work.principal.organisation)
    application = await queries.publicised(work.session, application_id)
    now, organisation = work.runtime.clock.now(), work.principal.organisation
    parties = (await queries.parties(work.session, [application.id]))[application.id]
    if organisation in {application.organisation_id, *(party.organisation_id for party in parties)}:
        raise Conflict("Your organisation applies; it withdraws the application instead.", state=application.state)
    objections = (await queries.objections(work.session, [application.id]))[application.id]
    if sum(each.organisation_id == organisation for each in objections) >= MOST_OBJECTIONS:
        raise Conflict(
            f"Your organisation has objected {MOST_OBJECTIONS} times, the most to one application.",
            state=application.state,
        )
    until = await terms.publicity_until(work.session, application.publicity_from)
    if until is not None and day_of(now) > until:
        raise Conflict(f"The publicity ended on {until}.", state=application.state)
    objection = RightsObjection(
        id=new_id(),
        application_id=application.id,
        organisation_id=organisation,
        state="open",
        statement=statement,
        evidence=[each.model_dump(mode="json") for each in evidence],
        filed_at=now,
    )
    await take(work, application, "object", statement=statement, evidence=evidence)
    work.session.add(objection)
    await work.session.flush()
    await deadlines.start(
        work.session, Matter(OBJECTION, objection.id), OBJECTION, parameter="prop_objection", organisation=None, at=now
    )
    return application


async def decide(
    work: Work, *, application_id: UUID, objection_id: UUID, is_upheld: bool, statement: str
) -> RightsApplication:
    """Decide an objection: upheld, the application is refused; dismissed, it goes on after the last one.

    Raises Forbidden, NotFound, Conflict.
    """
    application, lacking = await _load(work, application_id)
    objections = (await queries.objections(work.session, [application.id]))[application.id]
    is_last = sum(each.state == "open" for each in objections) == 1
    verb = "uphold" if is_upheld else "dismiss_last" if is_last else "dismiss"
    step_of(application, verb, lacking=lacking)
    objection = next((each for each in objections if each.id == objection_id), None)
    if objection is None:
        raise NotFound("The application has no objection with this id; read the application for its objections.")
    if objection.state != "open":
        raise Conflict("The objection is decided.", state=objection.state)
    now = work.runtime.clock.now()
    objection.state = "upheld" if is_upheld else "dismissed"
    objection.decision, objection.decided_at = statement, now
    await deadlines.stop(work.session, Matter(OBJECTION, objection.id), OBJECTION, at=now, outcome=objection.state)
    codes = ["unresolved_dispute"] if is_upheld else []
    await take(work, application, verb, lacking=lacking, statement=statement, codes=codes)
    until = await terms.publicity_until(work.session, application.publicity_from)
    if verb == "dismiss_last" and until is not None and until < day_of(now):
        await resume_review(work.session, application, at=now)  # else when the publicity is over
    await notify(
        work.session,
        organisation=objection.organisation_id,
        kind="rights_objection.decided",
        about=matter_of(application),
        key=f"rights_objection.decided/{objection.id}",
        now=now,
    )
    return application


async def deposit(work: Work, *, application_id: UUID) -> RightsApplication:
    """Deposit an application after its publicity: at this moment the registration is complete, and the records are there.

    Raises Forbidden, NotFound, Conflict.
    """
    application, lacking = await _load(work, application_id)
    now = work.runtime.clock.now()
    if application.publicity_from is not None:
        until = await terms.publicity_until(work.session, application.publicity_from)
        if until is None or day_of(now) <= until:
            lacking.add(PUBLICITY_OVER)
    if not await recording.is_possible(work, application):
        lacking.add(RECORD_FREE)
    step_of(application, "deposit", lacking=lacking)
    application.registered_at = now
    entered = await recording.carry_out(work, application)
    await take(work, application, "deposit", lacking=lacking, entered=[record.code for record in entered])
    return application


async def deem_accepted(session: AsyncSession, view: DeadlineView, now: datetime) -> Sequence[entries.Body]:
    """The registrar was silent: the application is accepted on the first working day afterwards (Article 17).

    The review counts from that day, also where the calendar does not have it yet.
    """
    application = await queries.locked(session, view.matter.id)
    step = RIGHTS_APPLICATION.step(application.state, "deem_accepted")
    last = view.due or day_of(now)
    application.state, application.is_deemed_accepted = step.target, True
    application.accepted_on = await calendar.due(session, last, 1, "wd")
    for name in sorted(step.stops):
        await deadlines.stop(session, view.matter, name, at=now, outcome="deemed_accepted")
    for clock in step.starts:
        await deadlines.stop(session, view.matter, clock.name, at=now, outcome="renewed")
        await deadlines.start(
            session,
            view.matter,
            clock.name,
            parameter=clock.parameter,
            organisation=None,
            at=datetime.combine(last, time(12), CHINA),
            extra_days=1,
        )
    return [await _by_law(session, application, step, now)]


async def abandon(session: AsyncSession, view: DeadlineView, now: datetime) -> Sequence[entries.Body]:
    """The applicant supplemented nothing in time: the application counts as never filed (Article 17)."""
    application = await queries.locked(session, view.matter.id)
    step = RIGHTS_APPLICATION.step(application.state, "abandon")
    application.state, application.contact = step.target, None
    for name in sorted(step.stops):
        await deadlines.stop(session, view.matter, name, at=now, outcome=step.target)
    return [await _by_law(session, application, step, now)]


async def _by_law(
    session: AsyncSession, application: RightsApplication, step: Step, now: datetime
) -> entries.RightsApplicationChanged:
    """The entry of a step that time alone took; the applicant is told."""
    await notify(
        session,
        organisation=application.organisation_id,
        kind=step.entry,
        about=matter_of(application),
        key=f"{step.entry}/{application.id}/{rfc3339(now)}",
        now=now,
    )
    return entries.RightsApplicationChanged.model_validate(
        {
            "type": step.entry,
            "at": rfc3339(now),
            "actor": entries.Actor(),
            "object": entries.Object(kind=queries.APPLICATION, id=str(application.id)),
            "registration": application.kind,
            "consumer": str(application.organisation_id),
            "dataset": str(application.dataset_id),
            "form": commitment(application.form, salt=application.salt),
        }
    )
