"""The verbs of deferrals, and the one function that decides what the tracker does not show yet.

A steward of the consuming organisation proposes with the law and an end; an approver, another person, confirms. What the
organisation does from then on with the dataset for the purpose appears at the end, refusals included. The entries are on the
ledger from the start, and auditors see them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from exchange.agreements import queries as agreements
from exchange.calendar import queries as calendar
from exchange.calendar.counting import day_of
from exchange.catalog import queries as catalog
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, NotFound, RequestInvalid
from exchange.kernel.work import Work
from exchange.portal.deferrals import queries
from exchange.portal.deferrals.models import Deferral
from exchange.portal.deferrals.schemas import NewDeferral
from exchange.publication.settings import PublicationSettings
from ledger import entries

_UNDEFERRED = frozenset({"code.redeemed"})
"""What the person did themselves."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """When a use appears, and by which law."""

    visible_from: datetime
    law: str


async def propose(work: Work, new: NewDeferral) -> Deferral:
    """Propose a deferral. Raises NotFound, Forbidden, Conflict, RequestInvalid."""
    organisation = work.principal.organisation
    work.permit("disclosure", "propose", organisation, side="the organisation that asks for the data")
    _check_entries_closed(work)
    listed = await catalog.any_dataset(work.session, new.dataset)
    if not await agreements.has_any(work.session, consumer=organisation, dataset=listed.dataset.id):
        raise NotFound("Your organisation has no agreement about a dataset of this name.")
    await _check_end(work, new.visible_from)
    if new.extends is not None:
        former = await queries.own(work.session, organisation, new.extends)
        _check_extended(work, former)
        if (former.dataset_id, former.purpose) != (listed.dataset.id, new.purpose):
            raise Conflict("The deferral that this one extends is of another dataset or purpose.", state="another")
        if new.visible_from <= former.visible_from:
            fault = {"at": "body/visible_from", "error": f"a time after {rfc3339(former.visible_from)}"}
            raise RequestInvalid("Correct what `errors` lists.", errors=[fault])
    row = Deferral(
        id=new_id(),
        organisation_id=organisation,
        dataset_id=listed.dataset.id,
        purpose=new.purpose,
        law=new.law,
        reason=new.reason,
        salt=new_salt(),
        extends_id=new.extends,
        visible_from=new.visible_from,
        proposed_by=work.principal.id,
        proposed_at=work.runtime.clock.now(),
        confirmed_by=None,
        confirmed_at=None,
        begins_at=None,
    )
    work.session.add(row)
    _enter(work, row, "disclosure.proposed")
    return row


async def confirm(work: Work, identifier: UUID) -> Deferral:
    """Give the second signature; the deferral is in force. Raises NotFound, Forbidden, Conflict, RequestInvalid."""
    organisation = work.principal.organisation
    row = await queries.own(work.session, organisation, identifier)
    work.permit("disclosure", "confirm", organisation, side="the organisation that asks for the data")
    if row.confirmed_by is not None:
        raise Conflict("The deferral is confirmed already.", state="confirmed")
    if row.proposed_by == work.principal.id:
        raise Conflict("Who proposed it cannot confirm it: another person has to.", state="proposed")
    _check_entries_closed(work)
    await _check_end(work, row.visible_from)
    now = work.runtime.clock.now()
    row.confirmed_by, row.confirmed_at, row.begins_at = work.principal.id, now, now
    if row.extends_id is not None:
        former = await queries.own(work.session, organisation, row.extends_id)
        _check_extended(work, former)
        row.begins_at = former.begins_at
    _enter(work, row, "disclosure.deferred")
    return row


async def deferred(work: Work, bodies: Mapping[int, Mapping[str, Any]]) -> dict[int, Deferred]:
    """Which entries are or were deferred, until when, and by which law: of several deferrals the latest end counts."""
    about = {UUID(body["dataset"]) for body in bodies.values() if "dataset" in body}
    rows = await queries.confirmed(work.session, about)
    latest: dict[int, Deferred] = {}
    for index, body in bodies.items():
        for row in rows:
            if _covers(row, body) and (index not in latest or row.visible_from > latest[index].visible_from):
                latest[index] = Deferred(row.visible_from, row.law)
    return latest


def _covers(row: Deferral, body: Mapping[str, Any]) -> bool:
    at = datetime.fromisoformat(body["at"])
    return (
        body["type"] not in _UNDEFERRED
        and body.get("dataset") == str(row.dataset_id)
        and body["actor"].get("organisation") == str(row.organisation_id)
        # A refusal may come before the purpose is read: it would tell that somebody asked.
        and body.get("purpose", row.purpose) == row.purpose
        and row.begins_at is not None
        and row.begins_at <= at < row.visible_from
    )


def _check_entries_closed(work: Work) -> None:
    """Refuse where anybody may read entries: each receipt tells a person their pseudonym, so they would find the rest."""
    if work.runtime[PublicationSettings].public_entries:
        raise Conflict(
            "Entries are public here, so a deferral would hide nothing. The operator closes them first: "
            "EXCHANGE_PUBLIC_ENTRIES=false.",
            state="public",
        )


async def _check_end(work: Work, visible_from: datetime) -> None:
    now = work.runtime.clock.now()
    limit = await calendar.parameter(work.session, "tracker_deferral", day_of(now))
    if not now < visible_from <= now + timedelta(days=limit.value):
        fault = {
            "at": "body/visible_from",
            "error": f"a time in the next {limit.text}: none is deferred for longer at once",
        }
        raise RequestInvalid("Correct what `errors` lists.", errors=[fault])


def _check_extended(work: Work, former: Deferral) -> None:
    if former.confirmed_by is None or former.visible_from <= work.runtime.clock.now():
        raise Conflict("Only a deferral in force can be extended; what it covered is visible.", state="ended")


def _enter(work: Work, row: Deferral, type_: str) -> None:
    work.entry(
        entries.DisclosureDeferred,
        about=("disclosure", row.id),
        type=type_,
        consumer=str(row.organisation_id),
        dataset=str(row.dataset_id),
        purpose=row.purpose,
        extends=str(row.extends_id) if row.extends_id is not None else None,
        visible_from=rfc3339(row.visible_from),
        statement=commitment({"law": row.law, "reason": row.reason}, salt=row.salt),
    )
