"""One step of an application: its state, its clocks, what was stated, its entry, and who is told."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from exchange.calendar import deadlines
from exchange.calendar.counting import Matter
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import refusal_of
from exchange.kernel.work import Work
from exchange.messages.service import notify
from exchange.rights import queries
from exchange.rights.forms.form import Proof
from exchange.rights.lifecycle import ANOTHER, REMEDIES, REVIEW, RIGHTS_APPLICATION
from exchange.rights.models import RightsApplication, RightsRecord, RightsStatement
from groundwork.lifecycle import Refused, Step
from ledger import entries
from policies.roles.roles import EXCHANGE

OBJECTION: Final = "rights_objection"
_WITHOUT_RECORD: Final = frozenset({"discarded", "refused", "terminated", "withdrawn"})
_OVER: Final = frozenset({"deposited", "refused", "terminated", "withdrawn"})


def matter_of(application: RightsApplication) -> Matter:
    """The application as what deadlines are about."""
    return Matter(queries.APPLICATION, application.id)


def step_of(application: RightsApplication, verb: str, *, lacking: Collection[str] = ()) -> Step:
    """The step of a verb. Raises Conflict, which names what lacks and what to do."""
    try:
        return RIGHTS_APPLICATION.step(application.state, verb, REMEDIES.keys() - set(lacking))
    except Refused as refused:
        raise refusal_of(refused, "An application for registration", REMEDIES) from refused


async def take(
    work: Work,
    application: RightsApplication,
    verb: str,
    *,
    lacking: Collection[str] = (),
    statement: str = "",
    codes: Sequence[str] = (),
    evidence: Sequence[Proof] = (),
    entered: Sequence[str] = (),
) -> Step:
    """Take a step of an application, which is locked, with its clocks and its entry. Raises Conflict."""
    step = step_of(application, verb, lacking=lacking)
    now = work.runtime.clock.now()
    application.state = step.target
    for name in sorted(step.stops):
        await deadlines.stop(work.session, matter_of(application), name, at=now, outcome=step.target)
    for clock in step.starts:
        await deadlines.start(
            work.session,
            matter_of(application),
            clock.name,
            parameter=clock.parameter,
            organisation=application.organisation_id if step.target == "returned" else None,
            at=now,
        )
    if step.target in _WITHOUT_RECORD:
        application.contact = None  # nobody asks the applicant any more
    if step.target in _OVER:
        await _end_objections(work, application, now)
    stated = state(work, step.entry, application=application, statement=statement, codes=codes, evidence=evidence)
    record_step(work, application, step.entry, statement=stated, codes=codes, entered=entered)
    await tell(work, application, step.entry)
    return step


async def resume_review(session: AsyncSession, application: RightsApplication, *, at: datetime) -> bool:
    """Let the review's clock go on where it stands still; returns whether it did."""
    clock = await deadlines.find_open(session, matter_of(application), REVIEW.name)
    if clock is None or clock.paused_at is None:
        return False
    await deadlines.resume(session, matter_of(application), REVIEW.name, at=at)
    return True


def state(
    work: Work,
    type_: str,
    *,
    application: RightsApplication | None = None,
    record: RightsRecord | None = None,
    statement: str = "",
    codes: Sequence[str] = (),
    evidence: Sequence[Proof] = (),
) -> str | None:
    """Keep what somebody stated, and return its commitment; None where nothing was stated."""
    if not (statement or codes or evidence):
        return None
    row = RightsStatement(
        id=new_id(),
        application_id=application.id if application is not None else None,
        record_id=record.id if record is not None else None,
        organisation_id=work.principal.organisation,
        type=type_,
        statement=statement,
        codes=list(codes),
        evidence=[each.model_dump(mode="json") for each in evidence],
        salt=new_salt(),
        stated_at=work.runtime.clock.now(),
    )
    work.session.add(row)
    stated: dict[str, Any] = {"codes": row.codes, "evidence": row.evidence, "statement": statement}
    return commitment(stated, salt=row.salt)


def record_step(
    work: Work,
    application: RightsApplication,
    type_: str,
    *,
    statement: str | None = None,
    codes: Sequence[str] = (),
    entered: Sequence[str] = (),
) -> None:
    """Add the entry of a step of an application."""
    work.entry(
        entries.RightsApplicationChanged,
        about=(queries.APPLICATION, application.id),
        type=type_,
        registration=application.kind,
        consumer=str(application.organisation_id),
        dataset=str(application.dataset_id),
        form=commitment(application.form, salt=application.salt),
        statement=statement,
        codes=list(codes) or None,
        entered=list(entered) or None,
    )


async def _end_objections(work: Work, application: RightsApplication, now: datetime) -> None:
    """End the objections that nobody decides any more, with their clocks, and tell who objected."""
    for objection in (await queries.objections(work.session, [application.id]))[application.id]:
        if objection.state == "open":
            objection.state = "over"
            await deadlines.stop(
                work.session, Matter(OBJECTION, objection.id), OBJECTION, at=now, outcome=application.state
            )
            await notify(
                work.session,
                organisation=objection.organisation_id,
                kind="rights_objection.over",
                about=matter_of(application),
                key=f"rights_objection.over/{objection.id}",
                now=now,
            )


async def tell(work: Work, application: RightsApplication, kind: str) -> None:
    """Tell applicant and parties of a step that another organisation took."""
    parties = (await queries.parties(work.session, [application.id]))[application.id]
    for organisation in {application.organisation_id, *(party.organisation_id for party in parties)}:
        if organisation != work.principal.organisation:
            await notify(
                work.session,
                organisation=organisation,
                kind=kind,
                about=matter_of(application),
                key=f"{kind}/{application.id}/{work.now}",
                now=work.runtime.clock.now(),
            )


async def lacks_another(work: Work, application: RightsApplication, owner: UUID) -> set[str]:
    """The fact that lacks where the registrar's own organisation has a part in the matter.

    Raises Forbidden where the principal is no registrar.
    """
    work.permit("rights", "review", EXCHANGE)
    parties = (await queries.parties(work.session, [application.id]))[application.id]
    objections = (await queries.objections(work.session, [application.id]))[application.id]
    sides = {application.organisation_id, owner, *(party.organisation_id for party in parties)}
    sides |= {objection.organisation_id for objection in objections}
    return {ANOTHER} if work.principal.organisation in sides else set()
