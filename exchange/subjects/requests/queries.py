"""Every statement about people's requests."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true, update

from exchange.kernel.database import AsyncSession
from exchange.kernel.problems import NotFound
from exchange.participants.reading import Reading
from exchange.subjects.models import SubjectNumber
from exchange.subjects.requests.models import RESTRICTING, PersonRequest
from exchange.subjects.requests.restrictions import Restriction

_SHOWN = 500
_NOTHING = "There is no request with this id that you may see."


def _readable(reading: Reading) -> ColumnElement[bool]:
    return true() if reading.everything else PersonRequest.owner_id.in_(reading.owners)


async def requests(
    session: AsyncSession, reading: Reading, *, state: str | None, after: UUID | None, limit: int
) -> Sequence[PersonRequest]:
    """Requests to a principal's organisations, by id."""
    statement = select(PersonRequest).where(_readable(reading)).order_by(PersonRequest.id).limit(limit)
    if state is not None:
        statement = statement.where(PersonRequest.state == state)
    if after is not None:
        statement = statement.where(PersonRequest.id > after)
    return (await session.scalars(statement)).all()


async def request(session: AsyncSession, reading: Reading, identifier: UUID) -> PersonRequest:
    """A request to a principal's organisations, locked. Raises NotFound."""
    return await _one(session, identifier, _readable(reading))


async def of_person(session: AsyncSession, numbers: Collection[int]) -> Sequence[PersonRequest]:
    """The newest 500 requests of a person, newest first."""
    statement = select(PersonRequest).where(PersonRequest.number.in_(numbers))
    return (await session.scalars(statement.order_by(PersonRequest.id.desc()).limit(_SHOWN))).all()


async def count_since(session: AsyncSession, numbers: Collection[int], since: datetime) -> int:
    """How many requests a person has sent since a time."""
    statement = select(func.count()).where(PersonRequest.number.in_(numbers), PersonRequest.received_at > since)
    return (await session.execute(statement)).scalar_one()


async def persons_request(session: AsyncSession, numbers: Collection[int], identifier: UUID) -> PersonRequest:
    """A request of a person, locked. Raises NotFound."""
    return await _one(session, identifier, PersonRequest.number.in_(numbers))


async def _one(session: AsyncSession, identifier: UUID, condition: ColumnElement[bool]) -> PersonRequest:
    statement = select(PersonRequest).where(PersonRequest.id == identifier, condition).with_for_update()
    row = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound(_NOTHING)
    return row


async def is_open(session: AsyncSession, *, number: int, dataset: UUID, kind: str) -> bool:
    """Whether a request of a person about a dataset waits for its answer."""
    statement = select(PersonRequest.id).where(
        PersonRequest.number == number,
        PersonRequest.dataset_id == dataset,
        PersonRequest.kind == kind,
        PersonRequest.state == "received",
    )
    return (await session.execute(statement)).first() is not None


async def forget(session: AsyncSession, number: int) -> None:
    """Delete what the requests of an erased person hold about them; that they were, and how they ended, stays."""
    statement = update(PersonRequest).where(PersonRequest.number == number)
    await session.execute(statement.values(number=None, question=None, answer=None))


async def lock_of_person(session: AsyncSession, number: int) -> None:
    """Lock the requests of a person, in the order of their ids."""
    statement = select(PersonRequest.id).where(PersonRequest.number == number)
    await session.execute(statement.order_by(PersonRequest.id).with_for_update())


async def open_of_person(session: AsyncSession, number: int) -> Sequence[UUID]:
    """The requests of a person that wait for their answer."""
    statement = select(PersonRequest.id).where(PersonRequest.number == number, PersonRequest.state == "received")
    return (await session.scalars(statement)).all()


async def restrictions(session: AsyncSession, dataset: UUID) -> tuple[Restriction, ...]:
    """The restrictions in a dataset; those of erased people have ended."""
    statement = (
        select(PersonRequest.id, PersonRequest.question, SubjectNumber.lookup)
        .join(SubjectNumber, SubjectNumber.number == PersonRequest.number)
        .where(PersonRequest.dataset_id == dataset, RESTRICTING, PersonRequest.question.is_not(None))
        .order_by(PersonRequest.id)
    )
    rows = await session.execute(statement)
    return tuple(Restriction(request, question or b"", lookup) for request, question, lookup in rows)
