"""The addresses of participants: organisations, their members and systems, keys and roles."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from exchange.kernel.web.openapi import problems
from exchange.kernel.work import Work
from exchange.participants import keys, queries, roles, service
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.models import PrincipalRow
from exchange.participants.schemas import (
    DutiesChange,
    KeyOut,
    Me,
    NewKey,
    NewOrganisation,
    NewPrincipal,
    OrganisationOut,
    PrincipalOut,
    RoleChange,
)

router = APIRouter(prefix="/api/v1", tags=["participants"], route_class=SignedRoute, responses=problems())
KeyId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$", description="RFC 7638 thumbprint")]


@router.get("/me")
async def me(work: SignedWork) -> Me:
    """Your organisation, yourself, the key of this request, and your roles."""
    return Me.model_validate(
        {
            "organisation": await queries.organisation(work.session, work.principal.organisation),
            "principal": await _out(work, await queries.principal_row(work.session, work.principal, work.principal.id)),
            "key": work.principal.key,
            "roles": list(work.principal.assignments),
        }
    )


@router.get("/organisations")
async def list_organisations(
    work: SignedWork,
    after: Annotated[str, Query(max_length=63, description="The last handle of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[OrganisationOut]:
    """The organisations on the exchange, by handle."""
    organisations = await queries.organisations(work.session, after=after, limit=limit)
    return [OrganisationOut.model_validate(organisation) for organisation in organisations]


@router.post("/organisations", status_code=201)
async def register_organisation(work: SignedWork, new: NewOrganisation) -> OrganisationOut:
    """Register an organisation that asks to join, with its first members. The exchange's operator signs this request.

    Each first member has proven to hold its key. Nobody but they enrols further members and systems later.
    """
    return OrganisationOut.model_validate(await service.register(work, new))


@router.get("/organisations/{organisation_id}")
async def read_organisation(work: SignedWork, organisation_id: UUID) -> OrganisationOut:
    """One organisation."""
    return OrganisationOut.model_validate(await queries.organisation(work.session, organisation_id))


@router.post("/organisations/{organisation_id}/admission")
async def admit(work: SignedWork, organisation_id: UUID) -> OrganisationOut:
    """Admit a registered organisation."""
    changed = await service.change(work, organisation_id=organisation_id, verb="admit")
    return OrganisationOut.model_validate(changed)


@router.post("/organisations/{organisation_id}/suspension")
async def suspend(work: SignedWork, organisation_id: UUID) -> OrganisationOut:
    """Suspend an organisation: no request of its members and systems is admitted until it is reinstated."""
    changed = await service.change(work, organisation_id=organisation_id, verb="suspend")
    return OrganisationOut.model_validate(changed)


@router.post("/organisations/{organisation_id}/reinstatement")
async def reinstate(work: SignedWork, organisation_id: UUID) -> OrganisationOut:
    """Reinstate a suspended organisation."""
    changed = await service.change(work, organisation_id=organisation_id, verb="reinstate")
    return OrganisationOut.model_validate(changed)


@router.post("/organisations/{organisation_id}/departure")
async def depart(work: SignedWork, organisation_id: UUID) -> OrganisationOut:
    """Let an organisation depart, for good."""
    changed = await service.change(work, organisation_id=organisation_id, verb="depart")
    return OrganisationOut.model_validate(changed)


@router.get("/organisations/{organisation_id}/principals")
async def list_principals(work: SignedWork, organisation_id: UUID) -> list[PrincipalOut]:
    """The members and systems of an organisation, as far as you may see them."""
    await queries.organisation(work.session, organisation_id)
    principals = await queries.principals_of(work.session, work.principal, organisation_id)
    return await _all_out(work, principals)


@router.post("/organisations/{organisation_id}/principals", status_code=201)
async def enrol(work: SignedWork, organisation_id: UUID, new: NewPrincipal) -> PrincipalOut:
    """Enrol a member or a system, with its first key."""
    return await _out(work, await service.enrol(work, organisation_id=organisation_id, new=new))


@router.post("/principals/{principal_id}/suspension")
async def suspend_principal(work: SignedWork, principal_id: UUID) -> PrincipalOut:
    """Suspend a member or system."""
    changed = await service.set_standing(work, principal_id=principal_id, suspended=True)
    return await _out(work, changed)


@router.post("/principals/{principal_id}/reinstatement")
async def reinstate_principal(work: SignedWork, principal_id: UUID) -> PrincipalOut:
    """Reinstate a member or system."""
    changed = await service.set_standing(work, principal_id=principal_id, suspended=False)
    return await _out(work, changed)


@router.put("/organisations/{organisation_id}/separation-of-duties")
async def separate_duties(work: SignedWork, organisation_id: UUID, change: DutiesChange) -> OrganisationOut:
    """Let steward, approver and security administrator of an organisation be three persons, or unite these duties again.

    The organisation's security administrator separates them; only the exchange's security administrator unites them.
    """
    changed = await service.separate_duties(work, organisation_id=organisation_id, separated=change.separated)
    return OrganisationOut.model_validate(changed)


@router.get("/principals/{principal_id}/keys")
async def list_keys(
    work: SignedWork,
    principal_id: UUID,
    after: Annotated[
        str | None, Query(pattern=r"^[A-Za-z0-9_-]{43}$", description="The last id of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[KeyOut]:
    """The keys of a member or system, oldest first, including ended and revoked ones."""
    await queries.principal_row(work.session, work.principal, principal_id)
    now = work.runtime.clock.now()
    page = await queries.keys_of(work.session, principal_id, after=after, limit=limit)
    return [keys.key_out(key, at=now) for key in page]


@router.post("/principals/{principal_id}/keys", status_code=201)
async def register_key(work: SignedWork, principal_id: UUID, new: NewKey) -> KeyOut:
    """Register a further key; with `supersedes`, rotate with an overlap."""
    key = await keys.register_key(work, principal_id=principal_id, new=new)
    return keys.key_out(key, at=work.runtime.clock.now())


@router.post("/principals/{principal_id}/keys/{keyid}/revocation")
async def revoke_key(work: SignedWork, principal_id: UUID, keyid: KeyId) -> KeyOut:
    """Revoke a key at once and for good."""
    key = await keys.revoke_key(work, principal_id=principal_id, keyid=keyid)
    return keys.key_out(key, at=work.runtime.clock.now())


@router.post("/principals/{principal_id}/roles", status_code=204)
async def assign_role(work: SignedWork, principal_id: UUID, change: RoleChange) -> None:
    """Assign a role in a domain. A security administrator does, and nobody to itself."""
    await roles.assign_role(work, principal_id=principal_id, change=change)


@router.post("/principals/{principal_id}/roles/revocation", status_code=204)
async def revoke_role(work: SignedWork, principal_id: UUID, change: RoleChange) -> None:
    """Revoke a role in a domain."""
    await roles.revoke_role(work, principal_id=principal_id, change=change)


async def _all_out(work: Work, rows: Sequence[PrincipalRow]) -> list[PrincipalOut]:
    """Members and systems with their roles."""
    roles = await queries.own_roles(work.session, rows)
    return [
        PrincipalOut.model_validate(
            {
                "id": row.id,
                "organisation_id": row.organisation_id,
                "kind": row.kind,
                "handle": row.handle,
                "title": row.title,
                "state": row.state,
                "enrolled_at": row.enrolled_at,
                "roles": roles[row.id],
            }
        )
        for row in rows
    ]


async def _out(work: Work, row: PrincipalRow) -> PrincipalOut:
    [out] = await _all_out(work, [row])
    return out
