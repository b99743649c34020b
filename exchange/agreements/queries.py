"""Every SELECT of agreements. Other rooms get views, this room's verbs get rows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.agreements.lifecycle import RUNNING
from exchange.agreements.models import Agreement, AgreementNarrowing, AgreementRecord, AgreementStatement
from exchange.agreements.view import AgreementView, view_of
from exchange.catalog import queries as catalog
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from exchange.participants.reading import Reading, reading_of

_CANDIDATES = 200


def _readable(reading: Reading) -> ColumnElement[bool]:
    """The agreements that a principal may read, by its roles on either side."""
    if reading.everything:
        return true()
    sides = or_(Agreement.provider_id.in_(reading.owners), Agreement.consumer_id.in_(reading.consumers))
    return or_(sides, Agreement.lane == "government") if reading.government else sides


def _of_side(work: Work) -> ColumnElement[bool]:
    """The agreements that a principal may act on: those its organisation is a side of, and those it may read."""
    own = work.principal.organisation
    return or_(Agreement.provider_id == own, Agreement.consumer_id == own, _readable(reading_of(work, "agreement")))


async def agreements(
    session: AsyncSession, reading: Reading, *, after: UUID | None = None, limit: int = 100
) -> Sequence[Agreement]:
    """The agreements a principal may read, oldest first."""
    statement = select(Agreement).where(_readable(reading)).order_by(Agreement.id).limit(limit)
    if after is not None:
        statement = statement.where(Agreement.id > after)
    return (await session.execute(statement)).scalars().all()


async def agreement(session: AsyncSession, reading: Reading, agreement_id: UUID) -> Agreement:
    """One agreement that the principal may read. Raises NotFound."""
    return await _one(session, select(Agreement).where(Agreement.id == agreement_id, _readable(reading)))


async def of_consumer(session: AsyncSession, consumer: UUID, agreement_id: UUID) -> AgreementView:
    """One agreement that has not ended, of a consumer. Raises NotFound."""
    own = select(Agreement).where(Agreement.id == agreement_id, Agreement.consumer_id == consumer)
    [view] = await views(session, [await _one(session, own.where(Agreement.state.in_(RUNNING)))])
    return view


async def locked(work: Work, agreement_id: UUID) -> Agreement:
    """One agreement that the principal may act on or read, locked for an act. Raises NotFound."""
    return await _one(
        work.session, select(Agreement).where(Agreement.id == agreement_id, _of_side(work)).with_for_update()
    )


async def locked_with_amended(work: Work, agreement_id: UUID) -> Agreement:
    """As `locked`; the agreement that it amends is locked before it.

    Whoever locks several agreements does so in the order of their ids, and an amended one is the older. Raises NotFound.
    """
    amended = select(Agreement.amends).where(Agreement.id == agreement_id, _of_side(work)).scalar_subquery()
    await work.session.execute(select(Agreement.id).where(Agreement.id == amended).with_for_update())
    return await locked(work, agreement_id)


async def lock_any(session: AsyncSession, agreement_id: UUID) -> Agreement:
    """One agreement, locked; the caller decides who may act on it. Raises NotFound."""
    return await _one(session, select(Agreement).where(Agreement.id == agreement_id).with_for_update())


async def amending(session: AsyncSession, agreement: Agreement) -> Sequence[Agreement]:
    """The agreements that amend an agreement, oldest first: they have its consumer and its dataset."""
    statement = select(Agreement).where(
        Agreement.consumer_id == agreement.consumer_id,
        Agreement.dataset_id == agreement.dataset_id,
        Agreement.amends == agreement.id,
    )
    statement = statement.order_by(Agreement.id)
    return (await session.execute(statement)).scalars().all()


async def amended_by(session: AsyncSession, agreement: Agreement) -> list[UUID]:
    """The ids of an agreement and of all that it follows by amendments, newest first."""
    ids, before = [agreement.id], agreement.amends
    while before is not None:
        ids.append(before)
        before = await session.scalar(select(Agreement.amends).where(Agreement.id == before))
    return ids


async def records(session: AsyncSession, agreement_id: UUID) -> Sequence[AgreementRecord]:
    """The records about an agreement, oldest first."""
    statement = select(AgreementRecord).where(AgreementRecord.agreement_id == agreement_id).order_by(AgreementRecord.id)
    return (await session.execute(statement)).scalars().all()


async def _one(session: AsyncSession, statement: Select[Agreement]) -> Agreement:
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no agreement with this id that you may see.")
    return row


async def statements(session: AsyncSession, agreement_id: UUID) -> Sequence[AgreementStatement]:
    """The reasons given when an agreement changed, oldest first."""
    statement = (
        select(AgreementStatement)
        .where(AgreementStatement.agreement_id == agreement_id)
        .order_by(AgreementStatement.stated_at, AgreementStatement.id)
    )
    return (await session.execute(statement)).scalars().all()


async def last_suspended_by(session: AsyncSession, agreement_id: UUID) -> UUID | None:
    """The principal who suspended an agreement last; None where that is not known."""
    statement = (
        select(AgreementStatement.by)
        .where(AgreementStatement.agreement_id == agreement_id, AgreementStatement.type == "agreement.suspended")
        .order_by(AgreementStatement.stated_at.desc(), AgreementStatement.id.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def count_grounds(session: AsyncSession, consumer: UUID | None) -> dict[str, int]:
    """How often agreements were suspended on each ground that the law names: those of a consumer, or with None all."""
    statement = (
        select(AgreementStatement.ground, func.count())
        .join(Agreement, Agreement.id == AgreementStatement.agreement_id)
        .where(AgreementStatement.ground.is_not(None), Agreement.consumer_id == (consumer or Agreement.consumer_id))
        .group_by(AgreementStatement.ground)
    )
    rows = (await session.execute(statement)).all()
    return {str(ground): count for ground, count in rows}


async def count_unannounced(session: AsyncSession, provider: UUID | None) -> int:
    """How many agreements ended with their dataset without a notice ahead: by a provider, or with None by any."""
    records = AgreementRecord
    statement = select(func.count()).where(records.type == "agreement.stopped_unannounced")
    if provider is not None:
        statement = statement.where(records.organisation_id == provider)
    return int((await session.execute(statement)).scalar_one())


async def candidates(session: AsyncSession, *, consumer: UUID, dataset: UUID) -> Sequence[AgreementView]:
    """The agreements a delivery may rest on, at most 200: active ones first, then the newest.

    Ended agreements permit nothing, so they are left out; where there are no others, the newest explains the denial.
    """
    statement = (
        select(Agreement)
        .where(Agreement.consumer_id == consumer, Agreement.dataset_id == dataset)
        .order_by((Agreement.state == "active").desc(), Agreement.id.desc())
        .limit(_CANDIDATES)
    )
    rows = (await session.execute(statement)).scalars().all()
    open_rows = [row for row in rows if row.state in RUNNING]
    return await views(session, open_rows or rows[:1])


async def has_any(session: AsyncSession, *, consumer: UUID, dataset: UUID) -> bool:
    """Whether a consumer has or had an agreement over a dataset."""
    concluded = exists().where(Agreement.consumer_id == consumer, Agreement.dataset_id == dataset)
    return bool(await session.scalar(select(concluded)))


async def lock_active(session: AsyncSession, *, consumer: UUID, dataset: UUID) -> Sequence[Agreement]:
    """The active agreements of a consumer over a dataset, locked."""
    statement = (
        select(Agreement)
        .where(Agreement.consumer_id == consumer, Agreement.dataset_id == dataset, Agreement.state == "active")
        .order_by(Agreement.id)
        .with_for_update()
    )
    return (await session.execute(statement)).scalars().all()


async def running(session: AsyncSession, dataset: UUID, *, limit: int) -> Sequence[AgreementView]:
    """The agreements over a dataset that have not ended, newest first."""
    statement = (
        select(Agreement)
        .where(Agreement.dataset_id == dataset, Agreement.state.in_(RUNNING))
        .order_by(Agreement.id.desc())
        .limit(limit)
    )
    return await views(session, (await session.execute(statement)).scalars().all())


async def lock_running(session: AsyncSession, dataset: UUID) -> Sequence[Agreement]:
    """The agreements over a dataset that have not ended, oldest first, locked."""
    statement = (
        select(Agreement)
        .where(Agreement.dataset_id == dataset, Agreement.state.in_(RUNNING))
        .order_by(Agreement.id)
        .with_for_update()
    )
    return (await session.execute(statement)).scalars().all()


async def hold(session: AsyncSession, identifiers: Iterable[UUID], *, consumer: UUID) -> dict[UUID, AgreementView]:
    """Those of some agreements that are a consumer's, by id, locked against changes of their state."""
    statement = (
        select(Agreement)
        .where(Agreement.id.in_(list(identifiers)), Agreement.consumer_id == consumer)
        .order_by(Agreement.id)
        .with_for_update(read=True)
    )
    rows = (await session.execute(statement)).scalars().all()
    return {view.id: view for view in await views(session, rows)}


async def by_ids(session: AsyncSession, identifiers: Iterable[UUID]) -> dict[str, AgreementView]:
    """Agreements by the text of their ids. The caller decides who may see them."""
    statement = select(Agreement).where(Agreement.id.in_(list(identifiers)))
    rows = (await session.execute(statement)).scalars().all()
    return {str(view.id): view for view in await views(session, rows)}


async def views(session: AsyncSession, rows: Sequence[Agreement]) -> list[AgreementView]:
    """The views of rows, in their order."""
    if not rows:
        return []
    terms = await catalog.terms_of_versions(session, {(row.dataset_id, row.dataset_version) for row in rows})
    by_agreement = await narrowings(session, [row.id for row in rows])
    return [
        view_of(row, terms=terms[row.dataset_id, row.dataset_version], narrowings=by_agreement[row.id]) for row in rows
    ]


async def narrowings(session: AsyncSession, identifiers: Sequence[UUID]) -> dict[UUID, list[AgreementNarrowing]]:
    """The narrowings of agreements, oldest first, by agreement; an empty list for each that has none."""
    statement = (
        select(AgreementNarrowing)
        .where(AgreementNarrowing.agreement_id.in_(identifiers))
        .order_by(AgreementNarrowing.narrowed_at, AgreementNarrowing.id)
    )
    by_agreement: dict[UUID, list[AgreementNarrowing]] = defaultdict(list)
    for row in (await session.execute(statement)).scalars():
        by_agreement[row.agreement_id].append(row)
    return by_agreement


async def lock_overdue(session: AsyncSession, now: datetime) -> Sequence[Agreement]:
    """Agreements whose time is over and that are not marked expired yet, at most 100, locked."""
    statement = (
        select(Agreement)
        .where(
            Agreement.state.in_(RUNNING),
            or_(
                Agreement.not_after <= now,
                exists().where(AgreementNarrowing.agreement_id == Agreement.id, AgreementNarrowing.not_after <= now),
            ),
        )
        .order_by(Agreement.id)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()
