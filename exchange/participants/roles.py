"""The verbs of roles: assign and revoke. Nobody assigns a role to itself, and duties stay separated."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from exchange.kernel.problems import Conflict, Forbidden, NotFound
from exchange.kernel.work import Work
from exchange.participants import queries
from exchange.participants.errors import DutiesNotSeparated
from exchange.participants.models import Organisation, RoleAssignment
from exchange.participants.schemas import RoleChange
from ledger import entries
from policies.roles.roles import SEPARATED, find_conflicting_duties


async def assign_role(work: Work, *, principal_id: UUID, change: RoleChange) -> None:
    """Assign a role in a domain. Nobody assigns a role to itself, and duties stay separated."""
    principal = await queries.principal_row(work.session, work.principal, principal_id)
    # The rows stay locked until the commit, so that the later of two concurrent assignments sees the earlier.
    organisation = await queries.organisation_row(work.session, principal.organisation_id, share=True)
    await queries.principal_row(work.session, work.principal, principal_id, lock=True)
    domain = str(change.domain)
    work.permit("role", "assign", domain)
    if principal.id == work.principal.id:
        raise Forbidden("Nobody assigns a role to itself; another administrator does.")
    if await queries.assignment(work.session, principal.id, change.role, domain) is not None:
        raise Conflict("The principal holds this role there already.")
    held = await queries.assignments_of(work.session, principal.id)
    check([*held, (change.role, domain)], organisation)
    assign(work, principal.id, change.role, domain)


def check(assignments: Iterable[tuple[str, str]], organisation: Organisation) -> None:
    """Check the separation of duties among the (role, domain) assignments of one person. Raises DutiesNotSeparated.

    A trigger of the database checks the administrators' too.
    """
    assignments = list(assignments)
    conflicts = find_conflicting_duties(role for role, _ in assignments)
    if not conflicts and organisation.separates_duties:
        conflicts = find_conflicting_duties(
            (role for role, domain in assignments if domain == str(organisation.id)), apart=SEPARATED
        )
    if conflicts:
        raise DutiesNotSeparated(
            f"One person cannot be {' and '.join(conflicts)}; give one of these roles to another person.",
            duties=list(conflicts),
        )


def check_everybody(roles_by_person: Mapping[str, Collection[str]]) -> None:
    """Check that nobody holds two of the duties an organisation separates; persons by handle. Raises DutiesNotSeparated."""
    united = {
        person: duties
        for person, roles in roles_by_person.items()
        if (duties := find_conflicting_duties(roles, apart=SEPARATED))
    }
    if united:
        listed = "; ".join(f"{person} is {' and '.join(duties)}" for person, duties in united.items())
        raise DutiesNotSeparated(
            f"Give these roles to different persons first: {listed}.",
            duties=list(dict.fromkeys(duty for duties in united.values() for duty in duties)),
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
