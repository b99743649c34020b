"""Challenges: random, for one purpose and one holder (a browser's cookie, or an account), once, for minutes."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

from exchange.kernel.runtime import Runtime
from exchange.kernel.web import passkeys
from exchange.kernel.web.passkeys import NoRelyingParty, PasskeyInvalid, RelyingParty
from exchange.portal.passkeys import queries
from exchange.portal.passkeys.errors import PasskeyRefused, PasskeysUnavailable
from exchange.portal.passkeys.models import Challenge
from exchange.portal.settings import PortalSettings

Purpose = Literal["registration", "sign-in", "enrolment"]
AGAIN: Final = "Begin again in this browser, or sign in another way."
_OCTETS: Final = 32


def party_of(runtime: Runtime) -> RelyingParty:
    """The exchange as a relying party. Raises PasskeysUnavailable."""
    settings = runtime.settings
    try:
        return RelyingParty.of(
            settings.public_url, name=settings.deployment, identifier=runtime[PortalSettings].portal_passkey_domain
        )
    except NoRelyingParty as error:
        raise PasskeysUnavailable("Sign in another way.") from error


async def begin(runtime: Runtime, purpose: Purpose, holder: bytes, *, user: UUID | None = None) -> bytes:
    """A new challenge for a holder; `user` is the user handle of a passkey that it will make."""
    challenge = secrets.token_bytes(_OCTETS)
    row = Challenge(
        digest=hashlib.sha256(challenge).digest(),
        purpose=purpose,
        holder=holder,
        user=user,
        expires_at=runtime.clock.now() + timedelta(seconds=passkeys.TIMEOUT),
    )
    async with runtime.database.sessions.begin() as session:
        session.add(row)
    return challenge


async def take(
    runtime: Runtime, answer: Mapping[str, Any], purpose: Purpose, holder: bytes
) -> tuple[bytes, UUID | None]:
    """Use up the challenge that an answer is for, whether it verifies or not: the challenge and its user handle.

    It is used up in a transaction of its own, so that no failure gives it back. Raises PasskeyRefused.
    """
    try:
        challenge = passkeys.challenge_of(answer)
    except PasskeyInvalid as error:
        raise PasskeyRefused(AGAIN) from error
    digest = hashlib.sha256(challenge).digest()
    async with runtime.database.sessions.begin() as session:
        row = await queries.take_challenge(session, digest, purpose=purpose, holder=holder, now=runtime.clock.now())
        if row is None:
            raise PasskeyRefused(AGAIN)
        return challenge, row.user
