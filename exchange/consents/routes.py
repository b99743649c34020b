"""The routes of consents. Identifiers of people are in bodies only, never in an address, since logs keep addresses."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.consents import queries, service
from exchange.consents.models import Consent
from exchange.consents.schemas import ConsentOut, Decision, Ending, PersonUnderNotice, State
from exchange.kernel.web.openapi import problems
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import Reading, demand_reading

router = APIRouter(prefix="/api/v1/consents", tags=["consents"], route_class=SignedRoute, responses=problems())


@router.get("")
async def list_consents(
    work: SignedWork,
    notice: Annotated[UUID | None, Query(description="Only those under this notice")] = None,
    state: Annotated[State | None, Query(description="Only those in this state")] = None,
    after: Annotated[UUID | None, Query(description="The last id of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[ConsentOut]:
    """Consents about your organisation's datasets, by id. They name nobody."""
    rows = await queries.consents(
        work.session, demand_reading(work, "consent"), notice=notice, state=state, after=after, limit=limit
    )
    return [_out(consent, identifier) for consent, identifier in rows]


@router.post("/search")
async def find_consents(work: SignedWork, person: PersonUnderNotice) -> list[ConsentOut]:
    """The records of one person under a notice, as the owner knows the person."""
    notice, subject = await service.find_person(work, person)
    if subject is None:
        return []
    own = Reading(owners=frozenset({work.principal.organisation}))
    rows = await queries.consents(work.session, own, notice=notice.id, subject=subject, limit=500)
    return [_out(consent, identifier) for consent, identifier in rows]


@router.post("/requests", status_code=201)
async def ask_person(work: SignedWork, person: PersonUnderNotice) -> ConsentOut:
    """Record that a person is asked for consent under a notice; not again for a while after a refusal."""
    return _out(await service.ask(work, person), person.notice)


@router.post("/decisions")
async def record_decision(work: SignedWork, decision: Decision) -> ConsentOut:
    """Record what a person decided. Withdrawing takes the same request as giving, and no proof.

    The same decision of the same time again changes nothing.
    """
    return _out(await service.decide(work, decision), decision.notice)


@router.get("/{consent_id}")
async def read_consent(work: SignedWork, consent_id: UUID) -> ConsentOut:
    """One consent, as it stands."""
    consent, notice = await queries.consent(work.session, demand_reading(work, "consent"), consent_id)
    return _out(consent, notice.id)


@router.post("/{consent_id}/revocation")
async def revoke(work: SignedWork, consent_id: UUID, ending: Ending) -> ConsentOut:
    """End a consent although the person did not withdraw it, such as where its purpose is over."""
    return await _end(work, consent_id, verb="revoke", reason=ending.reason)


@router.post("/{consent_id}/invalidation")
async def invalidate(work: SignedWork, consent_id: UUID, ending: Ending) -> ConsentOut:
    """End a consent that never was valid, such as that of a child without a guardian."""
    return await _end(work, consent_id, verb="invalidate", reason=ending.reason)


async def _end(work: SignedWork, consent_id: UUID, *, verb: str, reason: str) -> ConsentOut:
    consent = await service.end(work, consent_id=consent_id, verb=verb, reason=reason)
    _, notice = await queries.consent(work.session, Reading(everything=True), consent_id)
    return _out(consent, notice.id)


def _out(consent: Consent, notice: UUID) -> ConsentOut:
    columns = {name: getattr(consent, name) for name in ConsentOut.model_fields if hasattr(consent, name)}
    proof = consent.proof.hex() if consent.proof is not None else None
    return ConsentOut.model_validate(
        {**columns, "notice": notice, "proof": proof, "has_guardian": consent.guardian is not None}
    )
