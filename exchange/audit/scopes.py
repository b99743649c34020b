"""Whose entries somebody may read: what its roles give, and where.

The exchange's auditor reads everything. An organisation's steward, approver and auditor read what is about its data and
its people, and what these did or are party to; its consumers read what its people did or are party to.
"""

from exchange.audit.queries import Scope
from exchange.kernel.work import Work
from policies.roles.roles import EXCHANGE

_OF_ACTORS = {"consumer"}


def scope_of(work: Work) -> Scope:
    """The scope of the principal's roles, in whichever organisations it holds them. Raises Forbidden."""
    if work.may("audit", "read", EXCHANGE):
        return Scope(everything=True)
    owners: set[str] = set()
    actors: set[str] = set()
    for domain in {domain for _, domain in work.principal.assignments} - {EXCHANGE}:
        permit = work.runtime.roles.permits(
            principal=str(work.principal.id),
            assignments=work.principal.assignments,
            domain=domain,
            resource="audit",
            verb="read",
        )
        if permit.allow:
            (actors if set(permit.roles) <= _OF_ACTORS else owners).add(domain)
    if not owners and not actors:
        work.permit("audit", "read", work.principal.organisation)
    return Scope(owners=frozenset(owners), actors=frozenset(actors))
