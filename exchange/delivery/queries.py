"""Every SELECT of deliveries. Facts are read in one snapshot, together with the fence that they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import case, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.agreements import queries as agreements
from exchange.agreements.view import AgreementView
from exchange.catalog import queries as catalog
from exchange.catalog.view import Listed
from exchange.delivery.models import Count, Stream
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading
from exchange.sources import queries as sources
from exchange.sources.view import SourceView
from exchange.subjects.requests import queries as requests
from exchange.subjects.requests.restrictions import Restriction

_NO_DATASET = UUID(int=0)


@dataclass(frozen=True, slots=True)
class SharedDataset:
    """A dataset for one consumer: its published version, its source, and the agreements between the two."""

    listed: Listed
    version: int
    salt: str
    document: Mapping[str, Any]
    source: SourceView
    agreements: tuple[AgreementView, ...]
    restrictions: tuple[Restriction, ...]


async def shared_dataset(session: AsyncSession, consumer: UUID, reference: str) -> SharedDataset:
    """A dataset, with the agreements that the consumer has over it.

    A dataset that is not published exists only for those who have an agreement over it. Raises NotFound.
    """
    listed = await catalog.find(session, reference)
    # The agreements are looked up also where there is no dataset: an unpublished one takes the same statements.
    identifier = listed.dataset.id if listed is not None else _NO_DATASET
    candidates = tuple(await agreements.candidates(session, consumer=consumer, dataset=identifier))
    if listed is None or listed.version is None or (listed.dataset.state != "published" and not candidates):
        raise NotFound("There is no such dataset, or none that you may see; GET /api/v1/datasets lists them.")
    version = listed.version
    source = await sources.any_source(session, version.source_id)
    restricted = await requests.restrictions(session, identifier)
    return SharedDataset(listed, version.version, version.salt, version.document, source, candidates, restricted)


async def count(session: AsyncSession, agreement: UUID, *, seconds: int, period: int, most: int) -> bool:
    """Count one more request in a period; returns False if the period has `most` already. The row's lock makes it exact."""
    fresh = insert(Count).values(agreement_id=agreement, seconds=seconds, period=period, requests=1)
    is_same = Count.period == fresh.excluded.period
    counted = fresh.on_conflict_do_update(
        index_elements=[Count.agreement_id, Count.seconds],
        set_={"period": fresh.excluded.period, "requests": case((is_same, Count.requests + 1), else_=1)},
        where=or_(Count.period < fresh.excluded.period, is_same & (Count.requests < most)),
    ).returning(Count.requests)
    return (await session.execute(counted)).scalar_one_or_none() is not None


async def own_stream(session: AsyncSession, stream_id: UUID) -> Stream:
    """The row of a stream that this process began."""
    return await session.get_one(Stream, stream_id)


async def stream(session: AsyncSession, reading: Reading, stream_id: UUID) -> Stream:
    """A streamed delivery that the principal may read. Raises NotFound."""
    statement = select(Stream).where(Stream.id == stream_id)
    if not reading.everything:
        statement = statement.where(
            or_(Stream.provider_id.in_(reading.owners), Stream.consumer_id.in_(reading.consumers))
        )
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no streamed delivery with this id that you may see.")
    return row
