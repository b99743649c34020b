"""Every SELECT of filings."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.catalog.filing.lifecycle import OPEN
from exchange.catalog.filing.models import Filing
from exchange.catalog.models import Dataset
from exchange.kernel.problems import NotFound
from exchange.participants.queries import is_held
from exchange.participants.view import OrganisationView
from policies.roles.roles import EXCHANGE


async def is_reviewed(session: AsyncSession, owner: OrganisationView) -> bool:
    """Whether the sharing authority reviews what an organisation publishes: a department's, once there is an authority."""
    return owner.kind == "department" and await is_held(session, "authority", EXCHANGE)


async def lock_open(session: AsyncSession, dataset_id: UUID) -> Filing | None:
    """The open filing of a dataset's draft, locked; None where there is none."""
    statement = select(Filing).where(Filing.dataset_id == dataset_id, Filing.state.in_(OPEN)).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_filed(session: AsyncSession, filing_id: UUID) -> tuple[Dataset, Filing]:
    """A filing with its dataset, both locked, for the authority. Raises NotFound."""
    statement = select(Dataset).join(Filing, Filing.dataset_id == Dataset.id).where(Filing.id == filing_id)
    dataset = (await session.execute(statement.with_for_update(of=Dataset))).scalar_one_or_none()
    if dataset is None:
        raise _missing()
    filing = (await session.execute(select(Filing).where(Filing.id == filing_id).with_for_update())).scalar_one()
    return dataset, filing


async def filings(
    session: AsyncSession,
    owners: frozenset[UUID] | None,
    *,
    filing_id: UUID | None = None,
    dataset: UUID | None = None,
    state: str | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> Sequence[tuple[Filing, Dataset]]:
    """Filings of these owners' datasets with their datasets, by id; None: of all, for the authority, once they are filed."""
    statement = select(Filing, Dataset).join(Dataset, Dataset.id == Filing.dataset_id).order_by(Filing.id).limit(limit)
    if owners is None:
        statement = statement.where(Filing.filed_at.is_not(None))
    else:
        statement = statement.where(Dataset.organisation_id.in_(owners))
    if filing_id is not None:
        statement = statement.where(Filing.id == filing_id)
    if dataset is not None:
        statement = statement.where(Filing.dataset_id == dataset)
    if state is not None:
        statement = statement.where(Filing.state == state)
    if after is not None:
        statement = statement.where(Filing.id > after)
    return [(filing, row) for filing, row in await session.execute(statement)]


async def filing(session: AsyncSession, owners: frozenset[UUID] | None, filing_id: UUID) -> tuple[Filing, Dataset]:
    """One filing that the principal may see, with its dataset. Raises NotFound."""
    rows = await filings(session, owners, filing_id=filing_id)
    if not rows:
        raise _missing()
    return rows[0]


def _missing() -> NotFound:
    return NotFound("There is no such filing, or none that you may see; GET /api/v1/filings lists them.")
