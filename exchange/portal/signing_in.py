"""Signing in: from the first redirect to the session.

The state of a sign-in is used up before the provider is asked, so a callback counts once. The nonce and the verifier of
PKCE follow from the state under the exchange's seal, and are stored nowhere.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, get_args

from exchange.catalog.identifier_schemes import IdentifierScheme, canonical
from exchange.kernel.logs import log
from exchange.kernel.problems import NotFound
from exchange.kernel.runtime import Runtime
from exchange.portal import binding, queries, sessions
from exchange.portal.errors import SignInFailed
from exchange.portal.models import SignIn
from exchange.portal.provider import Claims, Provider
from exchange.portal.settings import PortalSettings
from exchange.subjects.identity import Identity

_CALLBACK: Final = "/portal/sign-in/callback"
_NONE: Final = "This exchange has no identity provider: its operator has not set EXCHANGE_PORTAL_ISSUER."
_FAILED: Final = "Begin the sign-in again in this browser."


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that began: where the browser goes, and the value of its cookie."""

    url: str
    browser: str


def _derived(runtime: Runtime, purpose: str, state: str) -> str:
    digest = hmac.digest(runtime.seal.derive(f"portal: {purpose}"), state.encode(), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def provider_of(runtime: Runtime) -> Provider:
    """The identity provider. Raises NotFound where the exchange has no portal."""
    if runtime[PortalSettings].portal_issuer is None:
        raise NotFound(_NONE)
    return runtime[Provider]


async def begin(runtime: Runtime) -> Begun:
    """Begin a sign-in. Raises NotFound, ProviderUnavailable."""
    provider, now = provider_of(runtime), runtime.clock.now()
    state, browser = sessions.new_token(), sessions.new_token()
    url = await provider.authorization_url(
        redirect=f"{runtime.settings.public_url.rstrip('/')}{_CALLBACK}",
        state=state,
        nonce=_derived(runtime, "nonce", state),
        verifier=_derived(runtime, "verifier", state),
        now=now,
    )
    async with runtime.database.sessions() as session:
        session.add(
            SignIn(
                state=sessions.digest_of(state),
                browser=sessions.digest_of(browser),
                expires_at=now + timedelta(seconds=sessions.SIGN_IN_SECONDS),
            )
        )
        await session.commit()
    return Begun(url, browser)


async def finish(runtime: Runtime, *, code: str, state: str, issuer: str | None, browser: str | None) -> str:
    """Finish a sign-in; returns the token of the new session.

    Raises NotFound, SignInFailed, ProviderUnavailable, IdentityTaken.
    """
    provider, now = provider_of(runtime), runtime.clock.now()
    async with runtime.database.sessions() as session:
        is_begun = browser is not None and await queries.take_sign_in(
            session, state=sessions.digest_of(state), browser=sessions.digest_of(browser), now=now
        )
        await session.commit()
    if not is_begun:
        raise SignInFailed(_FAILED)
    claims = await provider.redeem(
        code=code,
        issuer=issuer,
        redirect=f"{runtime.settings.public_url.rstrip('/')}{_CALLBACK}",
        nonce=_derived(runtime, "nonce", state),
        verifier=_derived(runtime, "verifier", state),
        now=now,
    )
    return await _enter(runtime, claims)


async def _enter(runtime: Runtime, claims: Claims) -> str:
    """The token of a session for the person of these claims, whose verified identifiers are bound."""
    settings, now = runtime[PortalSettings], runtime.clock.now()
    key = runtime.seal.derive("portal: accounts")
    holder = hmac.digest(key, f"{settings.portal_issuer}\0{claims.subject}".encode(), "sha256")
    async with runtime.database.sessions() as session:
        account = await queries.ensure_account(session, holder, now)
        await session.commit()
    for identity in _identities(settings, claims.values):
        birth = claims.values.get(settings.portal_birth_claim)
        proof = binding.Proof(identity, claims.level, "oidc", birth if isinstance(birth, str) else None)
        await binding.bind_in_sign_in(runtime, account, proof)
    async with runtime.database.sessions() as session:
        token = await sessions.begin(session, settings, account, level=claims.level, method="oidc", now=now)
        await session.commit()
    return token


def _identities(settings: PortalSettings, values: Any) -> list[Identity]:
    """The identities in the claims of the settings. A claim that is no identifier of its scheme is left out."""
    identities = []
    for scheme in get_args(IdentifierScheme):
        claim = settings.claims.get(scheme)
        if claim is None or claim not in values:
            continue
        text = canonical(scheme, str(values[claim]))
        if text is None:
            log().warning(f"a claim of the identity provider is no identifier of {scheme}")
            continue
        identities.append(Identity(scheme, text))
    return identities
