"""Checks before a dataset's version is published, which the rooms above register.

Agreements, for instance, refuse a version that those in force do not fit.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from exchange.catalog.schemas import DatasetDocument, Publication
from exchange.kernel.work import Work


@dataclass(frozen=True, slots=True)
class NextVersion:
    """A version that is about to be published: its number, its document, the one in force before, and the request."""

    dataset: UUID
    version: int
    before: DatasetDocument
    after: DatasetDocument
    request: Publication


PublicationCheck = Callable[[Work, NextVersion], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class DatasetDependents:
    """The checks of a running exchange. A check raises a Problem to refuse the version, or changes what rests on it."""

    publication: list[PublicationCheck] = field(default_factory=list)

    async def check_publication(self, work: Work, version: NextVersion) -> None:
        """Check a version. Raises the Problem of the first check that refuses."""
        for check in self.publication:
            await check(work, version)
