"""Every SELECT of items."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Text, and_, any_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.catalog.items.models import ItemSource
from exchange.catalog.models import Dataset, DatasetVersion
from exchange.participants.queries import organisation_columns, organisations_table

_OWNER = organisation_columns()
_MOST = 2000


class Item(NamedTuple):
    """A field of a published dataset, as the catalogue offers it."""

    dataset: UUID
    owner: UUID
    reference: str
    attribute: str
    field: dict[str, Any]


async def items(
    session: AsyncSession, words: Collection[str], *, without: UUID | None = None, limit: int = _MOST
) -> list[Item]:
    """The fields of published datasets whose name or title is one of these words, or whose Chinese title contains one.

    Words are in lower case. `without` leaves out one dataset.
    """
    fields = func.jsonb_array_elements(DatasetVersion.document["fields"]).table_valued("value").render_derived()
    value = cast(fields.c.value, JSONB)
    zh = value["title"]["zh"].astext
    equal, contained = list(words), [f"%{_escape(word)}%" for word in words if len(word) > 1 and not word.isascii()]
    statement = (
        select(
            Dataset.id,
            Dataset.organisation_id,
            _OWNER.c.handle,
            Dataset.handle,
            DatasetVersion.document["sharing"]["attribute"].astext,
            value,
        )
        .join(organisations_table(), _OWNER.c.id == Dataset.organisation_id)
        .join(DatasetVersion, and_(DatasetVersion.dataset_id == Dataset.id, DatasetVersion.version == Dataset.version))
        .join(fields, literal(value=True))
        .where(
            Dataset.state == "published",
            or_(
                func.lower(value["name"].astext).in_(equal),
                func.lower(value["title"]["en"].astext).in_(equal),
                func.lower(zh).in_(equal),
                func.lower(zh).like(any_(cast(contained, ARRAY(Text)))),
            ),
        )
        .order_by(Dataset.id, value["name"].astext)
        .limit(limit)
    )
    if without is not None:
        statement = statement.where(Dataset.id != without)
    return [
        Item(dataset, owner, f"{organisation}/{handle}", attribute, field)
        for dataset, owner, organisation, handle, attribute, field in await session.execute(statement)
    ]


def _escape(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def item_sources(session: AsyncSession, items: Collection[str] | None = None) -> Sequence[ItemSource]:
    """The source that holds for each item, by item; for these items, or for all."""
    statement = select(ItemSource).ext(distinct_on(ItemSource.item)).order_by(ItemSource.item, ItemSource.id.desc())
    if items is not None:
        statement = statement.where(ItemSource.item.in_(items))
    return (await session.execute(statement)).scalars().all()


async def count_unnamed(session: AsyncSession) -> int:
    """How many items several organisations publish, by the Chinese title of a field, without a source that is named."""
    fields = func.jsonb_array_elements(DatasetVersion.document["fields"]).table_valued("value").render_derived()
    title = cast(fields.c.value, JSONB)["title"]["zh"].astext
    several = (
        select(title.label("item"))
        .select_from(Dataset)
        .join(DatasetVersion, and_(DatasetVersion.dataset_id == Dataset.id, DatasetVersion.version == Dataset.version))
        .join(fields, literal(value=True))
        .where(Dataset.state == "published", title.is_not(None))
        .group_by(title)
        .having(func.count(Dataset.organisation_id.distinct()) > 1)
        .subquery()
    )
    named = select(ItemSource.id).where(func.lower(ItemSource.item) == func.lower(several.c.item)).exists()
    return int((await session.execute(select(func.count()).select_from(several).where(~named))).scalar_one())
