"""The verbs of changes: state one and extend its time; and what filing, return and publication do to its clock."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Literal
from uuid import UUID

from exchange.calendar import deadlines
from exchange.calendar import queries as calendar
from exchange.calendar.counting import CHINA, Matter, day_of
from exchange.catalog import queries as datasets
from exchange.catalog.changes import queries
from exchange.catalog.changes.lifecycle import CATALOGUE_UPDATE, CONSENT, EXTENSION, IN_FORCE, UPDATE
from exchange.catalog.changes.models import CatalogueChange
from exchange.catalog.changes.schemas import ChangeOut, Due, NewChange, UpdateExtension
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, RequestInvalid, refusal_of
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from groundwork.lifecycle import Refused, Step
from ledger import entries
from policies.roles.roles import EXCHANGE


def _step(state: str, verb: str) -> Step:
    try:
        return CATALOGUE_UPDATE.step(state, verb, {CONSENT})
    except Refused as refused:
        raise refusal_of(refused, "An update", {}) from refused


def _matter(change: CatalogueChange) -> Matter:
    return Matter("catalogue_change", change.id)


async def state(work: Work, *, dataset_id: UUID, new: NewChange) -> CatalogueChange:
    """State a change that makes an update of a published dataset due. Raises NotFound, Forbidden, Conflict, RequestInvalid."""
    dataset = await datasets.own_dataset(work.session, work.principal, dataset_id)
    work.permit("dataset", "publish", dataset.organisation_id)
    owner = await participants.organisation(work.session, dataset.organisation_id)
    if dataset.state != "published" or owner.kind != "department":
        raise Conflict("Only a published dataset of a department has to be updated so.", state=dataset.state)
    now = work.runtime.clock.now()
    first = (await calendar.loaded(work.session, day_of(now))).first
    if not first <= new.changed_on <= day_of(now):
        error = "state a change on the day from which it is in force, or later; this day is in the future"
        if new.changed_on < first:
            error = f"the calendar of working days begins on {first}, so no time is counted from a day before it"
        raise RequestInvalid("Correct what `errors` lists.", errors=[{"at": "body/changed_on", "error": error}])
    change = CatalogueChange(
        id=new_id(),
        dataset_id=dataset.id,
        state=_step(IN_FORCE, "state").target,
        **new.model_dump(),
        salt=new_salt(),
        stated_by=work.principal.id,
        stated_at=now,
    )
    work.session.add(change)
    await deadlines.start(
        work.session,
        _matter(change),
        UPDATE,
        parameter=UPDATE,
        organisation=dataset.organisation_id,
        at=datetime.combine(new.changed_on, time(), CHINA),
    )
    work.entry(
        entries.DatasetChangeStated,
        about=("dataset", dataset.id),
        change=str(change.id),
        cause=change.cause,
        changed_on=str(change.changed_on),
        statement=commitment({"document": change.document, "reason": change.reason}, salt=change.salt),
    )
    return change


async def extend(work: Work, *, change_id: UUID, extension: UpdateExtension) -> CatalogueChange:
    """Extend the time of an update, once, as the authority, whose consent it needs.

    Raises Forbidden, NotFound, Conflict, DeadlinePassed, ExtensionRefused.
    """
    work.permit("filing", "extend", EXCHANGE)
    change = await queries.lock_change(work.session, change_id)
    step = _step(change.state, "extend")
    extended = await deadlines.extend(
        work.session,
        _matter(change),
        UPDATE,
        parameter=EXTENSION,
        days=extension.days,
        consent=extension.consent,
        by=work.principal.id,
        at=work.runtime.clock.now(),
    )
    change.state = step.target
    work.entry(
        entries.DatasetChangeExtended,
        about=("dataset", change.dataset_id),
        change=str(change.id),
        days=extension.days,
        last_day=str(extended.due) if extended.due is not None else None,
        consent=commitment(extension.consent, salt=change.salt),
    )
    return change


async def follow_filing(work: Work, dataset_id: UUID, filing: UUID) -> None:
    """Let the open changes of a dataset wait for the review of a filing: their clocks pause, except where they are over."""
    now = work.runtime.clock.now()
    for change in await queries.open_changes(work.session, dataset_id):
        change.state, change.filing_id = _step(change.state, "file").target, filing
        clock = await deadlines.find_open(work.session, _matter(change), UPDATE)
        if clock is not None and not clock.is_overdue(now):
            await deadlines.pause(work.session, _matter(change), UPDATE, at=now)


async def follow_end(work: Work, dataset_id: UUID, filing: UUID, verb: Literal["return", "redraft", "discard"]) -> None:
    """Make the updates due again that waited for a filing: their clocks go on."""
    for change in await queries.open_changes(work.session, dataset_id, filing=filing):
        if change.state != "filed":
            continue
        change.state, change.filing_id = _step(change.state, verb).target, None
        clock = await deadlines.find_open(work.session, _matter(change), UPDATE)
        if clock is not None and clock.paused_at is not None:
            await deadlines.resume(work.session, _matter(change), UPDATE, at=work.runtime.clock.now())


async def settle(work: Work, dataset_id: UUID, *, version: int, filing: UUID | None) -> None:
    """End the updates that a version carries out: those that waited for its filing, or without one all that are open."""
    for change in await queries.open_changes(work.session, dataset_id, filing=filing):
        change.state, change.version = _step(change.state, "publish").target, version
        await _stop(work, change)


async def follow_withdrawal(work: Work, dataset_id: UUID) -> None:
    """End every update of a dataset that is withdrawn."""
    for change in await queries.open_changes(work.session, dataset_id):
        change.state = _step(change.state, "withdraw").target
        await _stop(work, change)


async def _stop(work: Work, change: CatalogueChange) -> None:
    now = work.runtime.clock.now()
    await deadlines.stop(work.session, _matter(change), UPDATE, at=now, outcome=change.state)


async def out(work: Work, changes: Sequence[CatalogueChange]) -> list[ChangeOut]:
    """Changes with their clocks."""
    clocks = await calendar.deadlines_of(work.session, [_matter(change) for change in changes])
    return [
        ChangeOut.model_validate(
            {
                **{name: getattr(change, name) for name in ChangeOut.model_fields if hasattr(change, name)},
                "dataset": change.dataset_id,
                "filing": change.filing_id,
                "verbs": list(CATALOGUE_UPDATE.verbs(change.state)),
                "update": Due.of(clocks[_matter(change)][-1]) if clocks[_matter(change)] else None,
            }
        )
        for change in changes
    ]
