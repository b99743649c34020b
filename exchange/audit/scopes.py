"""Scopes: whose entries a principal may read, by its roles.

The exchange's auditor reads everything. An organisation's steward, approver and auditor read entries about its data and
its people, and entries that these caused or are party to; its consumers read only the latter.
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
