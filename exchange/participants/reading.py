"""Reading: for which organisations a principal's roles permit reading, and what of theirs.

Steward, approver and auditor read what their organisation provides and what it asked for. A consumer reads only what its
organisation asked for itself: never its terms, nor what others ask of it. The exchange's auditor reads everything, and the
sharing authority what departments share with each other.
"""

from dataclasses import dataclass
from uuid import UUID

from exchange.kernel.identifiers import as_id
from exchange.kernel.work import Work
from policies.roles.roles import EXCHANGE

_OF_CONSUMERS = {"consumer"}
_OF_AUTHORITY = {"authority"}


@dataclass(frozen=True, slots=True)
class Reading:
    """The organisations on whose side a principal reads: as the `owners` of what is read, or as its `consumers`.

    With `everything`, it reads on every side; with `government`, on every side of the government lane.
    """

    everything: bool = False
    government: bool = False
    owners: frozenset[UUID] = frozenset()
    consumers: frozenset[UUID] = frozenset()


def reading_of(work: Work, resource: str) -> Reading:
    """Return what the principal may read of a kind of resource, in all organisations where it has roles."""
    everywhere = work.permit_of(resource, "read", EXCHANGE)
    if everywhere.allow and not set(everywhere.roles) <= _OF_AUTHORITY:
        return Reading(everything=True)
    owners: set[UUID] = set()
    consumers: set[UUID] = set()
    for domain in {domain for _, domain in work.principal.assignments}:
        organisation = as_id(domain)
        permit = work.permit_of(resource, "read", domain)
        if organisation is not None and permit.allow:
            consumers.add(organisation)
            if not set(permit.roles) <= _OF_CONSUMERS:
                owners.add(organisation)
    return Reading(government=everywhere.allow, owners=frozenset(owners), consumers=frozenset(consumers))


def demand_reading(work: Work, resource: str) -> Reading:
    """Return what the principal may read of a kind of resource. Raises Forbidden where it may read nothing."""
    reading = reading_of(work, resource)
    if not (reading.everything or reading.government or reading.consumers):
        work.permit(resource, "read", work.principal.organisation)
    return reading
