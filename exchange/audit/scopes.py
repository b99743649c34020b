"""Scopes: whose entries a principal may read, by its roles.

The exchange's auditor reads everything. An organisation's steward, approver and auditor read entries about its data and
its people, and entries that these caused or are party to; its consumers read only the latter.
"""

from exchange.audit.queries import Scope
from exchange.kernel.work import Work
from exchange.participants.reading import demand_reading


def scope_of(work: Work) -> Scope:
    """The scope of the principal's roles, in whichever organisations it holds them. Raises Forbidden."""
    reading = demand_reading(work, "audit")
    return Scope(
        everything=reading.everything,
        owners=frozenset(map(str, reading.owners)),
        actors=frozenset(map(str, reading.consumers - reading.owners)),
    )
