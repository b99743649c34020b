"""Sessions: a random token in a cookie, its digest in the database; short, listed, and ended by the person.

A session begins with a fresh token, so that no token from before a sign-in is worth anything after it.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from fastapi import Response

from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id
from exchange.kernel.work import Work
from exchange.portal import queries
from exchange.portal.models import Session
from exchange.portal.settings import PortalSettings

SESSION_COOKIE: Final = "__Host-session"
SIGN_IN_COOKIE: Final = "__Host-sign-in"
SIGN_IN_SECONDS: Final = 600
_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session that holds: whose it is, and the level and the method of its evidence."""

    id: UUID
    account: UUID
    token: bytes
    level: str
    method: str


def new_token() -> str:
    """A random token of 256 bits."""
    return secrets.token_urlsafe(_OCTETS)


def digest_of(token: str) -> bytes:
    """The digest under which the database knows a token."""
    return hashlib.sha256(token.encode()).digest()


async def begin(
    session: AsyncSession, settings: PortalSettings, account: UUID, *, level: str, method: str, now: datetime
) -> str:
    """Begin a session; returns its token."""
    token = new_token()
    session.add(
        Session(
            token=digest_of(token),
            id=new_id(),
            account_id=account,
            level=level,
            method=method,
            created_at=now,
            seen_at=now,
            ends_at=now + timedelta(minutes=settings.portal_session_minutes),
        )
    )
    return token


async def find(session: AsyncSession, settings: PortalSettings, token: str, *, now: datetime) -> SessionView | None:
    """The session of a cookie's token, where it holds; it is in use from now on."""
    idle = timedelta(minutes=settings.portal_idle_minutes)
    row = await queries.live_session(session, digest_of(token), now=now, seen_after=now - idle)
    if row is None:
        return None
    view = SessionView(row.id, row.account_id, row.token, row.level, row.method)
    if now - row.seen_at > idle / 10:  # a write for each request would be a write too many
        await queries.touch(session, row.token, now)
    return view


def set_cookie(response: Response, name: str, value: str, *, seconds: int, strict: bool) -> None:
    """Set a cookie that only this host gets, over TLS, and no script reads (RFC 6265bis, `__Host-`)."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="strict" if strict else "lax"
    )


def drop_cookie(response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="strict")


async def held_by(work: Work, account: UUID) -> Sequence[Session]:
    """The sessions of an account that hold, newest first."""
    now = work.runtime.clock.now()
    idle = timedelta(minutes=work.runtime[PortalSettings].portal_idle_minutes)
    return await queries.sessions_of(work.session, account, now=now, seen_after=now - idle)
