"""The verbs of deletions: order with the end of a consent, give evidence; and what follows where evidence is late."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from exchange.agreements import queries as agreements
from exchange.agreements.tasks import suspend_for
from exchange.calendar import deadlines
from exchange.calendar.counting import DeadlineView, Matter
from exchange.catalog import queries as catalog
from exchange.consents.deletions import queries
from exchange.consents.deletions.lifecycle import CLOCK, DELETION, EVIDENCE
from exchange.consents.deletions.schemas import Evidence
from exchange.consents.models import Consent, ConsentNotice, DeletionTask
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id
from exchange.kernel.keys.sealing import Seal
from exchange.kernel.problems import Conflict, RequestInvalid
from exchange.kernel.work import Work
from exchange.messages.service import notify
from groundwork.lifecycle import Refused
from ledger import entries

KIND = "deletion"
_LATE = "A deletion that was ordered has no evidence by its last day: {}."


async def order(work: Work, notice: ConsentNotice, *, consent: Consent, person: str | int | None) -> None:
    """Order the deletion of what the recipient holds about a person whose consent ended, where it may hold anything."""
    identifier = str(person) if person is not None and await has_identifiers(work, notice) else None
    fields = await add(
        work.session,
        notice,
        consent=consent.id,
        people=1,
        cause=consent.state,
        now=work.runtime.clock.now(),
        identifier=identifier,
        seal=work.runtime.seal,
    )
    if fields is not None:
        work.entry(entries.DeletionChanged, **fields)


async def add(
    session: AsyncSession,
    notice: ConsentNotice,
    *,
    consent: UUID | None,
    people: int,
    cause: str,
    now: datetime,
    seal: Seal,
    identifier: str | None = None,
) -> dict[str, Any] | None:
    """Add a deletion with its deadline: the fields of its entry. None where the recipient never had an agreement.

    `identifier` is that of the person of `consent`; without a consent, a JSON list of the people's identifiers.
    """
    if not await agreements.has_any(session, consumer=notice.recipient_id, dataset=notice.dataset_id):
        return None
    task = DeletionTask(
        id=new_id(),
        scope=notice.scope,
        notice_id=notice.id,
        consent_id=consent,
        controller_id=notice.controller_id,
        recipient_id=notice.recipient_id,
        dataset_id=notice.dataset_id,
        people=people,
        cause=cause,
        person=None,
        state=DELETION.start,
        ordered_at=now,
        evidence=None,
        salt=new_salt(),
    )
    if identifier is not None:
        task.person = seal.close(identifier.encode(), name=_name(task))
    session.add(task)
    deadline = await deadlines.start(
        session,
        Matter(KIND, task.id),
        CLOCK.name,
        parameter=CLOCK.parameter,
        organisation=task.recipient_id,
        at=now,
    )
    await notify(
        session,
        organisation=task.recipient_id,
        kind="consent.ended",
        about=Matter(KIND, task.id),
        key=f"consent.ended/{task.id}",
        now=now,
        day=deadline.due,
    )
    return _fields(task, "deletion.ordered", due=deadline)


def _name(task: DeletionTask) -> str:
    return f"deletion/{task.id}/person"


def _fields(task: DeletionTask, type_: str, *, due: DeadlineView | None) -> dict[str, Any]:
    return {
        "type": type_,
        "object": entries.Object(kind=KIND, id=str(task.id)),
        "consumer": str(task.recipient_id),
        "dataset": str(task.dataset_id),
        "notice": str(task.notice_id),
        "people": task.people,
        "due": str(due.due) if due is not None and due.due is not None else None,
    }


async def has_identifiers(work: Work, notice: ConsentNotice) -> bool:
    """Whether the recipient gets the identifying field in clear: only then may it read whom to delete."""
    if notice.identified_by not in notice.fields:
        return False
    listed = await catalog.any_dataset(work.session, str(notice.dataset_id))
    return listed.version is not None and notice.identified_by not in listed.version.document["terms"]["masks"]


async def give_evidence(work: Work, *, deletion_id: UUID, evidence: Evidence) -> DeletionTask:
    """Give evidence that the data is deleted; the identifier kept for it is destroyed.

    Raises NotFound, Forbidden, Conflict, RequestInvalid.
    """
    task = await queries.recipients_own(work.session, work.principal.organisation, deletion_id)
    work.permit(KIND, "evidence", task.recipient_id, side="the recipient of the data")
    now = work.runtime.clock.now()
    if evidence.deleted_at > now:
        fault = {"at": "body/deleted_at", "error": f"a time that is not after the exchange's clock, {rfc3339(now)}"}
        raise RequestInvalid("Correct what `errors` lists.", errors=[fault])
    try:
        step = DELETION.step(task.state, "evidence", {EVIDENCE})
    except Refused as refused:
        raise Conflict("There is evidence of this deletion already.", state=task.state) from refused
    task.state, task.person, task.evidenced_at = step.target, None, now
    task.evidence = evidence.model_dump(mode="json", exclude_none=True)
    for clock in step.stops:
        await deadlines.stop(work.session, Matter(KIND, task.id), clock, at=now, outcome=step.target)
    statement = commitment(task.evidence, salt=task.salt)
    work.entry(entries.DeletionChanged, **_fields(task, step.entry, due=None), statement=statement)
    return task


async def read_people(work: Work, *, deletion_id: UUID) -> tuple[str | None, list[str]]:
    """The identifying field and the people's values, for the recipient; the reading is on the ledger.

    Raises NotFound, Forbidden.
    """
    task = await queries.recipients_own(work.session, work.principal.organisation, deletion_id)
    work.permit(KIND, "evidence", task.recipient_id, side="the recipient of the data")
    people: list[str] = []
    if task.person is not None:
        text = work.runtime.seal.open(task.person, name=_name(task)).decode()
        people = [text] if task.consent_id is not None else json.loads(text)
    work.entry(entries.DetailsDisclosed, about=(KIND, task.id), found=len(people))
    return await queries.field_of(work.session, task.notice_id) if people else None, people


async def run_late(session: AsyncSession, deadline: DeadlineView, now: datetime) -> Sequence[entries.Body]:
    """After the last day without evidence: the deletion is overdue, and the recipient's agreements are suspended."""
    task = await queries.locked(session, deadline.matter.id)
    if task is None or task.state != DELETION.start:
        return []
    step = DELETION.step(task.state, "run_late")
    task.state = step.target
    common = {"at": rfc3339(now), "actor": entries.Actor()}
    late = entries.DeletionChanged.model_validate({**common, **_fields(task, step.entry, due=deadline)})
    reason = _LATE.format(task.id)
    suspended = await suspend_for(session, consumer=task.recipient_id, dataset=task.dataset_id, reason=reason, now=now)
    return [late, *suspended]
