"""Every SELECT of agreements."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from exchange.agreements.models import Agreement as Agreement
from exchange.agreements.models import AgreementStatement
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Principal

_CANDIDATES = 200


def visible_to(principal: Principal) -> ColumnElement[bool]:
    """Both sides see an agreement, and whoever audits the exchange."""
    if "exchange" in principal.domains_of("auditor", "operator"):
        return true()
    return or_(Agreement.provider_id == principal.organisation, Agreement.consumer_id == principal.organisation)


async def agreements(
    session: AsyncSession, principal: Principal, *, after: UUID | None = None, limit: int = 100
) -> Sequence[Agreement]:
    """The agreements a principal may see, oldest first."""
    statement = select(Agreement).where(visible_to(principal)).order_by(Agreement.id).limit(limit)
    if after is not None:
        statement = statement.where(Agreement.id > after)
    return (await session.execute(statement)).scalars().all()


async def agreement(
    session: AsyncSession, principal: Principal, agreement_id: UUID, *, lock: bool = False
) -> Agreement:
    """One agreement that the principal may see. Raises NotFound."""
    statement = select(Agreement).where(Agreement.id == agreement_id, visible_to(principal))
    found = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no agreement with this id that you may see.")
    return found


async def statements(session: AsyncSession, agreement_id: UUID) -> Sequence[AgreementStatement]:
    """What was said when an agreement changed, oldest first."""
    statement = (
        select(AgreementStatement)
        .where(AgreementStatement.agreement_id == agreement_id)
        .order_by(AgreementStatement.stated_at, AgreementStatement.id)
    )
    return (await session.execute(statement)).scalars().all()


async def candidates(session: AsyncSession, *, consumer: UUID, dataset: UUID) -> Sequence[Agreement]:
    """The agreements a delivery may rest on: active ones first, then the newest.

    Those that have ended can permit nothing. Where there are no others, the newest of them says why.
    """
    statement = (
        select(Agreement)
        .where(Agreement.consumer_id == consumer, Agreement.dataset_id == dataset)
        .order_by((Agreement.state == "active").desc(), Agreement.id.desc())
        .limit(_CANDIDATES)
    )
    found = (await session.execute(statement)).scalars().all()
    return [agreement for agreement in found if agreement.state in {"active", "suspended"}] or found[:1]


async def running(session: AsyncSession, dataset: UUID, *, limit: int) -> Sequence[Agreement]:
    """The agreements over a dataset that have not ended, the newest first."""
    statement = (
        select(Agreement)
        .where(Agreement.dataset_id == dataset, Agreement.state.in_(("active", "suspended")))
        .order_by(Agreement.id.desc())
        .limit(limit)
    )
    return (await session.execute(statement)).scalars().all()


async def by_ids(session: AsyncSession, identifiers: Iterable[UUID]) -> dict[str, Agreement]:
    """Agreements by their ids, whoever may see them: the caller decides that."""
    statement = select(Agreement).where(Agreement.id.in_(list(identifiers)))
    return {str(one.id): one for one in (await session.execute(statement)).scalars()}


async def lock_overdue(session: AsyncSession, now: datetime) -> Sequence[Agreement]:
    """Agreements whose time is over and whose state does not say so yet, locked."""
    statement = (
        select(Agreement)
        .where(Agreement.state.in_(("active", "suspended")), Agreement.not_after <= now)
        .order_by(Agreement.id)
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()
