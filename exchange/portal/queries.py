"""Every statement about accounts, their identities, sessions and codes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects import postgresql

from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id
from exchange.portal.models import Account, BindingCode, BoundIdentity, Session, SignIn


async def take_sign_in(session: AsyncSession, *, state: bytes, browser: bytes, now: datetime) -> bool:
    """Use a sign-in up: whether this browser began it and its time is not over. Only one caller gets True."""
    statement = (
        delete(SignIn)
        .where(SignIn.state == state, SignIn.browser == browser, SignIn.expires_at > now)
        .returning(SignIn.state)
    )
    return (await session.execute(statement)).one_or_none() is not None


async def ensure_account(session: AsyncSession, holder: bytes, now: datetime) -> UUID:
    """The account of a person at the provider, made at the first sign-in."""
    statement = postgresql.insert(Account).values(id=new_id(), holder=holder, created_at=now)
    await session.execute(statement.on_conflict_do_nothing(index_elements=["holder"]))
    return (await session.execute(select(Account.id).where(Account.holder == holder))).scalar_one()


async def add_account(session: AsyncSession, account: UUID, now: datetime) -> None:
    """Make an account of a person who is at no provider."""
    await session.execute(insert(Account).values(id=account, holder=None, created_at=now))


async def lock_account(session: AsyncSession, account: UUID) -> Account:
    """An account, locked: its ways in change one at a time."""
    return (await session.execute(select(Account).where(Account.id == account).with_for_update())).scalar_one()


async def account_of_number(session: AsyncSession, number: int) -> Account | None:
    """The account that a person's identity is bound to, locked."""
    bound = select(BoundIdentity.account_id).where(BoundIdentity.number == number)
    statement = select(Account).where(Account.id.in_(bound)).with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def vouched_by(session: AsyncSession, number: int) -> UUID | None:
    """The organisation whose code bound an identity; None where none did."""
    return (await session.execute(select(BoundIdentity.vouched_by).where(BoundIdentity.number == number))).scalar()


async def count_identities(session: AsyncSession, account: UUID) -> int:
    """How many identities an account has."""
    statement = select(func.count()).where(BoundIdentity.account_id == account)
    return (await session.execute(statement)).scalar_one()


async def end_sessions(session: AsyncSession, account: UUID) -> None:
    """Delete all sessions of an account."""
    await session.execute(delete(Session).where(Session.account_id == account))


async def live_session(session: AsyncSession, token: bytes, *, now: datetime, seen_after: datetime) -> Session | None:
    """The session of a token, where it holds."""
    statement = select(Session).where(Session.token == token, Session.ends_at > now, Session.seen_at > seen_after)
    return (await session.execute(statement)).scalar_one_or_none()


async def touch(session: AsyncSession, token: bytes, now: datetime) -> None:
    """Record that a session is in use."""
    await session.execute(update(Session).where(Session.token == token).values(seen_at=now))


async def sessions_of(
    session: AsyncSession, account: UUID, *, now: datetime, seen_after: datetime
) -> Sequence[Session]:
    """The sessions of an account that hold, newest first."""
    statement = (
        select(Session)
        .where(Session.account_id == account, Session.ends_at > now, Session.seen_at > seen_after)
        .order_by(Session.created_at.desc(), Session.id)
    )
    return (await session.scalars(statement)).all()


async def end_session(session: AsyncSession, account: UUID, identifier: UUID) -> bool:
    """Delete a session of an account; whether there was one."""
    statement = delete(Session).where(Session.account_id == account, Session.id == identifier).returning(Session.id)
    return (await session.execute(statement)).one_or_none() is not None


async def end_token(session: AsyncSession, token: bytes) -> None:
    """Delete the session of a token."""
    await session.execute(delete(Session).where(Session.token == token))


async def tidy(session: AsyncSession, now: datetime) -> None:
    """Delete sign-ins, sessions and codes whose time is over."""
    await session.execute(delete(SignIn).where(SignIn.expires_at <= now))
    await session.execute(delete(Session).where(Session.ends_at <= now))
    await session.execute(delete(BindingCode).where(BindingCode.expires_at <= now))


async def identities_of(session: AsyncSession, account: UUID) -> Sequence[BoundIdentity]:
    """The identities of an account, in the order of their verification."""
    statement = select(BoundIdentity).where(BoundIdentity.account_id == account)
    return (await session.scalars(statement.order_by(BoundIdentity.verified_at, BoundIdentity.number))).all()


async def bind(session: AsyncSession, bound: BoundIdentity) -> UUID:
    """Bind an identity unless an account has it. Returns the account that has it now.

    Two accounts that bind it at once wait for each other here, and the later one finds it bound.
    """
    values = {column.name: getattr(bound, column.name) for column in BoundIdentity.__table__.columns}
    statement = postgresql.insert(BoundIdentity).values(values)
    await session.execute(statement.on_conflict_do_nothing(index_elements=["number"]))
    owner = select(BoundIdentity.account_id).where(BoundIdentity.number == bound.number)
    return (await session.execute(owner)).scalar_one()


async def unbind(session: AsyncSession, number: int) -> None:
    """Delete the identity of a person who is erased."""
    await session.execute(delete(BoundIdentity).where(BoundIdentity.number == number))


async def try_code(session: AsyncSession, code: bytes, *, now: datetime, most: int) -> BindingCode | None:
    """Count a try of a code, and return the code where it may still be tried."""
    statement = (
        update(BindingCode)
        .where(BindingCode.code == code, BindingCode.expires_at > now, BindingCode.tries < most)
        .values(tries=BindingCode.tries + 1)
        .returning(BindingCode)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def use_code(session: AsyncSession, code: bytes) -> bool:
    """Delete a code: whether it was still there. Only one caller gets True."""
    statement = delete(BindingCode).where(BindingCode.code == code).returning(BindingCode.code)
    return (await session.execute(statement)).one_or_none() is not None


_ANSWERS = text(
    "SELECT seq FROM ("
    "SELECT seq FROM ledger_person WHERE number = ANY(:numbers) UNION "
    "SELECT people.seq FROM ledger_people AS people, unnest(CAST(:numbers AS integer[])) AS wanted (number) "
    "WHERE people.bits IS NOT NULL AND people.width > wanted.number / 8 "
    "AND get_byte(substr(people.bits, wanted.number / 8 + 1, 1), 0) >> (wanted.number % 8) & 1 = 1"
    ") AS answers WHERE seq < :before ORDER BY seq DESC LIMIT :limit"
)
"""Bit n of byte n // 8, the lowest first, is person number n; `substr` reads one piece of a large value."""


async def answers_about(
    session: AsyncSession, numbers: Sequence[int], *, before: int | None, limit: int
) -> Sequence[int]:
    """The entries of answers that had rows about people, by number, newest first, before an index."""
    values = {"numbers": list(numbers), "before": (1 << 53) if before is None else before, "limit": limit}
    return (await session.execute(_ANSWERS, values)).scalars().all()
