"""The verbs of organisations, their members and systems: load, decide, change, record."""

from uuid import UUID

from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Act, Work
from exchange.participants import keys, queries, roles
from exchange.participants.models import Organisation, PrincipalRow
from exchange.participants.schemas import FoundingOrganisation, NewPrincipal
from ledger import entries

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


async def register(work: Work, new: FoundingOrganisation) -> Organisation:
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
        separates_duties=new.separates_duties,
    )
    work.session.add(organisation)
    await work.session.flush()
    work.entry(
        entries.OrganisationRegistered,
        about=("organisation", organisation.id),
        code=new.code,
        handle=new.handle,
        organisation_kind=new.kind,
        separates_duties=new.separates_duties or None,
    )
    for index, member in enumerate(new.members):
        at = f"body/further_members/{index - 1}" if index else "body/first_member"
        await _enrol(work, organisation, member, at=at)
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


async def separate_duties(work: Work, *, organisation_id: UUID, separated: bool) -> Organisation:
    """Let an organisation separate the duties of steward, approver and security administrator, or unite them again.

    Its security administrator separates them; only the exchange's unites them. Raises NotFound, Forbidden, Conflict,
    DutiesNotSeparated where somebody holds two of them.
    """
    organisation = await queries.organisation_row(work.session, organisation_id, lock=True)
    work.permit("duties", "separate" if separated else "unite", organisation_id)
    if organisation.separates_duties is separated:
        raise Conflict(f"The organisation's duties are {'separated' if separated else 'united'} already.")
    if separated:
        roles.check_everybody(await queries.roles_in(work.session, organisation_id))
    organisation.separates_duties = separated
    work.entry(
        entries.OrganisationChanged,
        about=("organisation", organisation.id),
        type="organisation.duties_separated" if separated else "organisation.duties_united",
    )
    return organisation


async def enrol(work: Work, *, organisation_id: UUID, new: NewPrincipal) -> PrincipalRow:
    """Enrol a member or system of an organisation, with its first key and roles.

    A steward does, and the operator in its own organisation. The operator also enrols a member without roles where
    nobody else can: no active steward of the organisation has a valid key.
    """
    organisation = await queries.organisation_row(work.session, organisation_id, share=True)
    is_stranded = new.kind == "member" and not await queries.has_steward(
        work.session, organisation_id, at=work.runtime.clock.now()
    )
    if organisation_id == work.principal.organisation or is_stranded:
        work.permit_one(Act(new.kind, "enrol", organisation_id), Act(new.kind, "enrol", EXCHANGE))
    else:
        work.permit(new.kind, "enrol", organisation_id)
    if new.roles:
        work.permit("role", "assign", organisation_id)
    return await _enrol(work, organisation, new)


async def _enrol(work: Work, organisation: Organisation, new: NewPrincipal, *, at: str = "body") -> PrincipalRow:
    principal = PrincipalRow(
        id=new_id(),
        organisation_id=organisation.id,
        kind=new.kind,
        handle=new.handle,
        title=new.title,
        state="active",
        enrolled_at=work.runtime.clock.now(),
    )
    roles.check([(role, str(organisation.id)) for role in new.roles], organisation)
    work.session.add(principal)
    await work.session.flush()
    about, owner = (new.kind, principal.id), str(organisation.id)
    if new.kind == "system":
        work.entry(entries.SystemEnrolled, about=about, organisation=owner, handle=new.handle)
    else:
        work.entry(entries.MemberEnrolled, about=about, organisation=owner)
    await keys.add(work, principal, organisation.handle, new.public_key, new.proof, at=at)
    for role in dict.fromkeys(new.roles):
        roles.assign(work, principal.id, role, str(organisation.id))
    return principal


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
