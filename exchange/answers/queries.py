"""Every SELECT of answers."""

from sqlalchemy import case, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.answers.models import AnswerCount

_FORGOTTEN = 100


async def count(session: AsyncSession, key: bytes, *, day: int, answers: int, most: int) -> bool:
    """Count answers about a person in a day; returns False if they would be more than `most`. The row's lock makes it exact."""
    if answers > most:
        return False
    fresh = insert(AnswerCount).values(key=key, day=day, answers=answers)
    is_same = AnswerCount.day == fresh.excluded.day
    counted = fresh.on_conflict_do_update(
        index_elements=[AnswerCount.key],
        set_={"day": fresh.excluded.day, "answers": case((is_same, AnswerCount.answers + answers), else_=answers)},
        where=or_(AnswerCount.day < fresh.excluded.day, is_same & (AnswerCount.answers + answers <= most)),
    ).returning(AnswerCount.answers)
    return (await session.execute(counted)).scalar_one_or_none() is not None


async def forget(session: AsyncSession, *, before: int) -> None:
    """Delete some counts of the days before a day, passing over those that others hold."""
    old = select(AnswerCount.key).where(AnswerCount.day < before).limit(_FORGOTTEN).with_for_update(skip_locked=True)
    await session.execute(delete(AnswerCount).where(AnswerCount.key.in_(old)))
