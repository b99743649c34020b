"""Which organisations' filings and changes a principal sees."""

from uuid import UUID

from exchange.kernel.work import Work
from exchange.participants.reading import reading_of
from policies.roles.roles import EXCHANGE


def visible_owners(work: Work) -> frozenset[UUID] | None:
    """The organisations whose filings and changes the principal sees; None: everybody's, for the sharing authority."""
    return None if work.may("filing", "review", EXCHANGE) else reading_of(work, "dataset").owners
