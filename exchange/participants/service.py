"""The verbs of participants: load, decide, change, record."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from exchange.kernel.clock import rfc3339
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, Forbidden, NotFound
from exchange.kernel.work import Work
from exchange.participants import queries
from exchange.participants.errors import DutiesNotSeparated
from exchange.participants.models import Key, Organisation, PrincipalRow, RoleAssignment
from exchange.participants.schemas import KeyOut, NewKey, NewOrganisation, NewPrincipal, RoleChange
from groundwork import base64url
from ledger import entries
from policies.roles.roles import find_conflicting_duties
from signatures import thumbprint

EXCHANGE = "exchange"

_STATES: dict[str, tuple[str, frozenset[str]]] = {
    "admit": ("admitted", frozenset({"registered"})),
    "suspend": ("suspended", frozenset({"admitted"})),
    "reinstate": ("admitted", frozenset({"suspended"})),
    "depart": ("departed", frozenset({"registered", "admitted", "suspended"})),
}
_ENTRY = {
    "admit": "organisation.admitted",
    "suspend": "organisation.suspended",
    "reinstate": "organisation.reinstated",
    "depart": "organisation.departed",
}


async def register(work: Work, new: NewOrganisation) -> Organisation:
    """Register an organisation that asks to join, with the first member who will act for it."""
    work.permit("organisation", "register", EXCHANGE)
    if new.parent is not None:
        await queries.organisation_row(work.session, new.parent)
    organisation = Organisation(
        id=new_id(),
        handle=new.handle,
        kind=new.kind,
        code=new.code,
        level=new.level,
        region=new.region,
        parent_id=new.parent,
        name_zh=new.name_zh,
        name_en=new.name_en,
        state="registered",
        registered_at=work.runtime.clock.now(),
    )
    work.session.add(organisation)
    await work.session.flush()
    work.entry(
        entries.OrganisationRegistered,
        about=("organisation", organisation.id),
        code=new.code,
        handle=new.handle,
        organisation_kind=new.kind,
    )
    await _enrol(work, organisation, new.first_member)
    return organisation


async def change(work: Work, *, organisation_id: UUID, verb: str) -> Organisation:
    """Admit, suspend, reinstate an organisation, or let it depart."""
    organisation = await queries.organisation_row(work.session, organisation_id, lock=True)
    work.permit("organisation", verb, EXCHANGE)
    target, allowed_from = _STATES[verb]
    if organisation.state not in allowed_from:
        raise Conflict(
            f"Only an organisation that is {' or '.join(sorted(allowed_from))} can be made {target}.",
            state=organisation.state,
        )
    organisation.state = target
    work.entry(entries.OrganisationChanged, about=("organisation", organisation.id), type=_ENTRY[verb])
    return organisation


async def enrol(work: Work, *, organisation_id: UUID, new: NewPrincipal) -> PrincipalRow:
    """Enrol a member or system of an organisation, with its first key and roles."""
    organisation = await queries.organisation_row(work.session, organisation_id)
    work.permit(new.kind, "enrol", organisation_id)
    if new.roles:
        work.permit("role", "assign", organisation_id)
    return await _enrol(work, organisation, new)


async def _enrol(work: Work, organisation: Organisation, new: NewPrincipal) -> PrincipalRow:
    principal = PrincipalRow(
        id=new_id(),
        organisation_id=organisation.id,
        kind=new.kind,
        handle=new.handle,
        title=new.title,
        state="active",
        enrolled_at=work.runtime.clock.now(),
    )
    _check_duties(new.roles)
    work.session.add(principal)
    await work.session.flush()
    about, owner = (new.kind, principal.id), str(organisation.id)
    if new.kind == "system":
        work.entry(entries.SystemEnrolled, about=about, organisation=owner, handle=new.handle)
    else:
        work.entry(entries.MemberEnrolled, about=about, organisation=owner)
    await _add_key(work, principal.id, new.public_key)
    for role in dict.fromkeys(new.roles):
        assign(work, principal.id, role, str(organisation.id))
    return principal


async def _add_key(
    work: Work, principal_id: UUID, public_key: str, *, supersedes: str | None = None, until: datetime | None = None
) -> Key:
    raw = base64url.decode(public_key)
    keyid = thumbprint(raw)
    if await queries.key(work.session, keyid) is not None:
        raise Conflict("This key is registered already; generate a key for each principal.")
    key = Key(
        id=keyid,
        principal_id=principal_id,
        public_key=raw,
        not_before=work.runtime.clock.now(),
        not_after=None,
        revoked_at=None,
    )
    work.session.add(key)
    work.entry(
        entries.KeyRegistered,
        about=("key", keyid),
        principal=str(principal_id),
        public_key=public_key,
        supersedes=supersedes,
        until=rfc3339(until) if until else None,
    )
    return key


async def register_key(work: Work, *, principal_id: UUID, new: NewKey) -> Key:
    """Register a further key of a principal; a superseded one ends when the overlap is over.

    A principal rotates its own key. A steward registers keys of its organisation's systems. Nobody registers a key for
    another person, since it would act with that person's roles: a person who lost a key is enrolled anew, and a
    security administrator assigns the roles.
    """
    principal = await queries.principal_row(work.session, work.principal, principal_id, lock=True)
    if principal.id != work.principal.id:
        work.permit("key", "register", principal.organisation_id)
        if principal.kind == "member":
            raise Forbidden(
                "Only the member registers a member's key. After a lost key, enrol the person anew and assign the roles again."
            )
    until = None
    if new.supersedes is not None:
        old = await _own_key(work, principal.id, new.supersedes)
        until = work.runtime.clock.now() + timedelta(seconds=new.overlap_seconds)
        old.not_after = min(old.not_after, until) if old.not_after else until
        until = old.not_after
    return await _add_key(work, principal.id, new.public_key, supersedes=new.supersedes, until=until)


async def _own_key(work: Work, principal_id: UUID, keyid: str) -> Key:
    key = await queries.key(work.session, keyid, lock=True)
    if key is None or key.principal_id != principal_id:
        raise NotFound("The principal has no such key.")
    if key.revoked_at is not None:
        raise Conflict("The key is revoked.", state="revoked")
    return key


async def revoke_key(work: Work, *, principal_id: UUID, keyid: str) -> Key:
    """Revoke a key, now and for good."""
    principal = await queries.principal_row(work.session, work.principal, principal_id)
    if principal.id != work.principal.id:
        work.permit("key", "revoke", principal.organisation_id)
    key = await _own_key(work, principal.id, keyid)
    key.revoked_at = work.runtime.clock.now()
    work.entry(entries.KeyRevoked, about=("key", keyid), principal=str(principal.id))
    return key


async def set_standing(work: Work, *, principal_id: UUID, suspended: bool) -> PrincipalRow:
    """Suspend a member or system, or reinstate it."""
    principal = await queries.principal_row(work.session, work.principal, principal_id, lock=True)
    work.permit(principal.kind, "suspend" if suspended else "reinstate", principal.organisation_id)
    target = "suspended" if suspended else "active"
    if principal.state == target:
        raise Conflict(f"The {principal.kind} is {target} already.", state=principal.state)
    principal.state = target
    type_ = "principal.suspended" if suspended else "principal.reinstated"
    work.entry(entries.PrincipalChanged, about=(principal.kind, principal.id), type=type_)
    return principal


async def assign_role(work: Work, *, principal_id: UUID, change: RoleChange) -> None:
    """Assign a role in a domain. Nobody assigns a role to itself, and duties stay separated."""
    # The row stays locked until the commit, so that the later of two concurrent assignments sees the earlier.
    principal = await queries.principal_row(work.session, work.principal, principal_id, lock=True)
    domain = str(change.domain)
    work.permit("role", "assign", domain)
    if principal.id == work.principal.id:
        raise Forbidden("Nobody assigns a role to itself; another administrator does.")
    if await queries.assignment(work.session, principal.id, change.role, domain) is not None:
        raise Conflict("The principal holds this role there already.")
    _check_duties([*await queries.roles_of(work.session, principal.id), change.role])
    assign(work, principal.id, change.role, domain)


def _check_duties(roles: Iterable[str]) -> None:
    """Check the separation of duties, which a trigger of the database checks too. Raises DutiesNotSeparated."""
    if duties := find_conflicting_duties(roles):
        raise DutiesNotSeparated(
            f"One person cannot be {' and '.join(duties)}; give one of these roles to another person.",
            duties=list(duties),
        )


def assign(work: Work, principal_id: UUID, role: str, domain: str) -> None:
    """Assign a role whose permission has been checked."""
    work.session.add(
        RoleAssignment(principal_id=principal_id, role=role, domain=domain, assigned_at=work.runtime.clock.now())
    )
    work.entry(entries.RoleChanged, about=("principal", principal_id), type="role.assigned", role=role, domain=domain)


async def revoke_role(work: Work, *, principal_id: UUID, change: RoleChange) -> None:
    """Revoke a role in a domain."""
    principal = await queries.principal_row(work.session, work.principal, principal_id)
    domain = str(change.domain)
    work.permit("role", "revoke", domain)
    assignment = await queries.assignment(work.session, principal.id, change.role, domain)
    if assignment is None:
        raise NotFound("The principal does not hold this role there.")
    await work.session.delete(assignment)
    work.entry(
        entries.RoleChanged, about=("principal", principal.id), type="role.revoked", role=change.role, domain=domain
    )


def key_out(key: Key, *, at: datetime) -> KeyOut:
    """A key with the state it has at a time."""
    state = "active"
    if key.revoked_at is not None:
        state = "revoked"
    elif at < key.not_before:
        state = "registered"
    elif key.not_after is not None and at >= key.not_after:
        state = "ended"
    return KeyOut.model_validate(
        {
            "id": key.id,
            "principal_id": key.principal_id,
            "state": state,
            "not_before": key.not_before,
            "not_after": key.not_after,
        }
    )
