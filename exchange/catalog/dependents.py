"""Objects that rest on a dataset: check them before its next version is published, and end them with its withdrawal.

The rooms above register both. Agreements, for instance, refuse a version that those in force do not fit, and end with
their dataset.
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


DocumentCheck = Callable[[Work, DatasetDocument, UUID], Awaitable[list[dict[str, str]]]]
"""Called with a document and the organisation of its dataset; returns faults, each with `at` and `error`."""
PublicationCheck = Callable[[Work, NextVersion], Awaitable[None]]
AfterWithdrawal = Callable[[Work, UUID, str], Awaitable[None]]
"""Called with the dataset and the reason of its withdrawal."""


@dataclass(frozen=True, slots=True)
class DatasetDependents:
    """The checks of a running exchange. A check raises a Problem to refuse the version, or changes what rests on it."""

    documents: list[DocumentCheck] = field(default_factory=list)
    publication: list[PublicationCheck] = field(default_factory=list)
    withdrawal: list[AfterWithdrawal] = field(default_factory=list)

    async def faults_in(self, work: Work, document: DatasetDocument, owner: UUID) -> list[dict[str, str]]:
        """The faults that the rooms above see in a document, drafted or about to be published."""
        return [fault for check in self.documents for fault in await check(work, document, owner)]

    async def check_publication(self, work: Work, version: NextVersion) -> None:
        """Check a version. Raises the Problem of the first check that refuses."""
        for check in self.publication:
            await check(work, version)

    async def follow_withdrawal(self, work: Work, dataset: UUID, reason: str) -> None:
        """Do what follows a withdrawal."""
        for follow in self.withdrawal:
            await follow(work, dataset, reason)
