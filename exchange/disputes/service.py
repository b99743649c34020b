"""The verbs of disputes: open, and the steps of their lifecycle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from exchange.agreements import queries as agreements
from exchange.applications import queries as applications
from exchange.disputes import queries
from exchange.disputes.dependents import DisputeDependents
from exchange.disputes.lifecycle import BY_AUTHORITY, DISPUTE
from exchange.disputes.models import Dispute, DisputeStatement
from exchange.disputes.schemas import DisputeOut, DisputeStatementOut, DisputeStep, MatterKind, NewDispute
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, refusal_of
from exchange.kernel.work import Act, Work
from exchange.participants.reading import demand_reading, reading_of
from groundwork.lifecycle import Refused
from ledger import entries
from policies.roles.roles import EXCHANGE


async def open_dispute(work: Work, new: NewDispute) -> Dispute:
    """Open a dispute about a matter between departments that one's organisation is a side of.

    Raises NotFound, Forbidden, Conflict.
    """
    reading = reading_of(work, new.kind)
    matter = (
        await applications.application(work.session, reading, new.matter)
        if new.kind == "application"
        else await agreements.agreement(work.session, reading, new.matter)
    )
    _permit_side(work, matter.provider_id, matter.consumer_id)
    if matter.lane != "government" or matter.state == "drafted":
        raise Conflict("Disputes are about what departments submitted or agreed on.", state=matter.state)
    sides = Sides(matter.provider_id, matter.consumer_id)
    return open_about(work, kind=new.kind, matter=matter.id, sides=sides, statement=new.statement)


@dataclass(frozen=True, slots=True)
class Sides:
    """The organisations on the two sides of a dispute."""

    provider: UUID
    demander: UUID


def open_about(work: Work, *, kind: str, matter: UUID, sides: Sides, statement: str) -> Dispute:
    """Open a dispute about a matter between departments. The caller has checked who opens it."""
    dispute = Dispute(
        id=new_id(),
        matter_kind=kind,
        matter_id=matter,
        provider_id=sides.provider,
        demander_id=sides.demander,
        state=DISPUTE.start,
        opened_at=work.runtime.clock.now(),
    )
    work.session.add(dispute)
    _state(work, dispute, type_="dispute.opened", statement=statement)
    return dispute


async def take(work: Work, *, dispute_id: UUID, step: DisputeStep) -> Dispute:
    """Take a step of a dispute, as a side or as the sharing authority. Raises NotFound, Forbidden, Conflict."""
    dispute = await queries.dispute(work.session, demand_reading(work, "dispute"), dispute_id, lock=True)
    if step.verb in BY_AUTHORITY:
        work.permit("dispute", "coordinate", EXCHANGE, side="the sharing authority")
    else:
        _permit_side(work, dispute.provider_id, dispute.demander_id)
    try:
        taken = DISPUTE.step(dispute.state, step.verb)
    except Refused as refused:
        raise refusal_of(refused, "A dispute", {}) from refused
    dispute.state = taken.target
    _state(work, dispute, type_=taken.entry, statement=step.statement)
    follow = work.runtime[DisputeDependents].ended.get(dispute.matter_kind)
    if follow is not None and not DISPUTE.verbs(dispute.state):
        await follow(work, dispute.matter_id, step.statement)
    return dispute


def _permit_side(work: Work, provider: UUID, demander: UUID) -> None:
    work.permit_one(
        Act("dispute", "open", provider, "the owner of the data"),
        Act("dispute", "open", demander, "the demander"),
    )


def _state(work: Work, dispute: Dispute, *, type_: str, statement: str) -> None:
    row = DisputeStatement(
        id=new_id(),
        dispute_id=dispute.id,
        organisation_id=work.principal.organisation,
        type=type_,
        statement=statement,
        salt=new_salt(),
        stated_at=work.runtime.clock.now(),
    )
    work.session.add(row)
    work.entry(
        entries.DisputeChanged,
        about=("dispute", dispute.id),
        type=type_,
        matter_kind=dispute.matter_kind,
        matter=str(dispute.matter_id),
        consumer=str(dispute.demander_id),
        provider=str(dispute.provider_id),
        statement=commitment(statement, salt=row.salt),
    )


async def read_out(work: Work, rows: Sequence[Dispute]) -> list[DisputeOut]:
    """Disputes with their statements, in their order."""
    await work.session.flush()
    by_dispute = await queries.statements(work.session, [row.id for row in rows])
    return [
        DisputeOut(
            id=row.id,
            matter_kind=cast("MatterKind", row.matter_kind),
            matter_id=row.matter_id,
            provider_id=row.provider_id,
            demander_id=row.demander_id,
            state=row.state,
            opened_at=row.opened_at,
            statements=[DisputeStatementOut.model_validate(item) for item in by_dispute[row.id]],
        )
        for row in rows
    ]
