"""The identity provider: OpenID Connect Core 1.0 with the authorization code flow, PKCE (RFC 7636) and `iss` (RFC 9207).

Every answer of the provider is checked before anything rests on it; a token with another algorithm, key, issuer,
audience, nonce or time is no sign-in.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
import jwt

from exchange.kernel.logs import log
from exchange.portal.errors import ProviderUnavailable, SignInFailed
from exchange.portal.settings import PortalSettings

_ALGORITHMS: Final = frozenset({"RS256", "PS256", "ES256", "ES384", "EdDSA"})
_LEEWAY: Final = 60  # seconds between the provider's clock and the exchange's
_FRESH: Final = timedelta(hours=1)
_KEYS_AGAIN: Final = timedelta(seconds=30)
_LARGEST: Final = 1 << 20  # bytes of an answer
_FAILED: Final = "Nobody is signed in; begin the sign-in again."


@dataclass(frozen=True, slots=True)
class Claims:
    """A person at the provider: `subject` as this client knows the person, the level of the sign-in, and all claims."""

    subject: str
    level: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Read:
    """Documents of the provider, and when they were read."""

    metadata: Mapping[str, Any]
    keys: jwt.PyJWKSet
    at: datetime


def challenge_of(verifier: str) -> str:
    """The code challenge of a verifier (RFC 7636 section 4.2, S256)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Provider:
    """The provider of the settings, over one HTTP client that follows no redirect."""

    def __init__(self, settings: PortalSettings, client: httpx2.AsyncClient) -> None:
        self._settings = settings
        self._client = client
        self._documents: _Read | None = None

    async def authorization_url(self, *, redirect: str, state: str, nonce: str, verifier: str, now: datetime) -> str:
        """Where a browser goes to sign in. Raises ProviderUnavailable."""
        read = await self._read(now)
        query = {
            "response_type": "code",
            "client_id": self._settings.portal_client_id,
            "redirect_uri": redirect,
            "scope": self._settings.portal_scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        return f"{read.metadata['authorization_endpoint']}?{urlencode(query)}"

    async def redeem(
        self, *, code: str, issuer: str | None, redirect: str, nonce: str, verifier: str, now: datetime
    ) -> Claims:
        """Who signed in, from the code of a callback. Raises SignInFailed, ProviderUnavailable."""
        read = await self._read(now)
        is_stated = read.metadata.get("authorization_response_iss_parameter_supported", False)
        if (issuer is None and is_stated) or (issuer is not None and issuer != self._settings.portal_issuer):
            raise SignInFailed(_FAILED)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
            "client_id": self._settings.portal_client_id,
        }
        secret = self._settings.portal_client_secret
        credentials = (str(self._settings.portal_client_id), secret.get_secret_value()) if secret else None
        if credentials is not None:
            del form["client_id"]
        tokens = await self._ask("POST", read.metadata["token_endpoint"], data=form, auth=credentials)
        claims = await self._verify(str(tokens.get("id_token", "")), nonce=nonce, now=now)
        if any(name not in claims for name in self._settings.claims.values()):
            claims = {**await self._more(read, tokens, subject=claims["sub"]), **claims}
        return Claims(claims["sub"], str(claims.get("acr", ""))[:200], claims)

    async def _more(self, read: _Read, tokens: Mapping[str, Any], *, subject: str) -> dict[str, Any]:
        """The claims of the userinfo endpoint, which have to be about the same subject (Core section 5.3.2)."""
        endpoint = read.metadata.get("userinfo_endpoint")
        if endpoint is None:
            return {}
        claims = await self._ask("GET", endpoint, headers={"Authorization": f"Bearer {tokens.get('access_token', '')}"})
        if claims.get("sub") != subject:
            raise SignInFailed(_FAILED)
        return claims

    async def _verify(self, token: str, *, nonce: str, now: datetime) -> dict[str, Any]:
        """The claims of an ID token (Core section 3.1.3.7). Raises SignInFailed."""
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(header.get("kid"), now=now)
            algorithm = header.get("alg")
            if algorithm not in _ALGORITHMS or algorithm != key.algorithm_name:
                raise jwt.InvalidAlgorithmError
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._settings.portal_client_id,
                issuer=self._settings.portal_issuer,
                # The exchange's clock decides, below.
                options={
                    "require": ["exp", "iat", "sub", "nonce"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.PyJWTError as error:
            log().warning("an ID token does not verify", exc_info=error)
            raise SignInFailed(_FAILED) from error
        seconds, audience = now.timestamp(), claims["aud"]
        holds = (
            claims["nonce"] == nonce
            and claims["exp"] > seconds - _LEEWAY
            and claims["iat"] < seconds + _LEEWAY
            and ("azp" not in claims or claims["azp"] == self._settings.portal_client_id)
            and (isinstance(audience, str) or len(audience) == 1 or "azp" in claims)
            and isinstance(claims["sub"], str)
        )
        if not holds:
            raise SignInFailed(_FAILED)
        return claims

    async def _key(self, kid: str | None, *, now: datetime) -> jwt.PyJWK:
        """The provider's key of an ID token; the keys are read again where it is new. Raises SignInFailed."""
        for _ in range(2):
            read = await self._read(now)
            signing = [key for key in read.keys.keys if key.public_key_use in {None, "sig"}]
            named = [key for key in signing if kid is None or key.key_id == kid]
            if len(named) == 1:
                return named[0]
            if now - read.at < _KEYS_AGAIN:
                break
            self._documents = None
        raise SignInFailed(_FAILED)

    async def _read(self, now: datetime) -> _Read:
        """The provider's metadata and keys, read at most once an hour. Raises ProviderUnavailable."""
        if self._documents is not None and abs(now - self._documents.at) < _FRESH:
            return self._documents
        issuer = str(self._settings.portal_issuer)
        metadata = await self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if metadata.get("issuer") != issuer or any(not isinstance(metadata.get(name), str) for name in needed):
            raise ProviderUnavailable("Its metadata does not belong to the configured issuer; tell the operator.")
        keys = await self._ask("GET", metadata["jwks_uri"])
        try:
            self._documents = _Read(metadata, jwt.PyJWKSet.from_dict(keys), now)
        except jwt.PyJWTError as error:
            raise ProviderUnavailable("It publishes no key that can be used; tell the operator.") from error
        return self._documents

    async def _ask(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        """A JSON object from the provider. A refusal (4xx) is a failed sign-in. Raises SignInFailed, ProviderUnavailable."""
        try:
            async with self._client.stream(
                method, url, headers={"Accept": "application/json", **more.pop("headers", {})}, **more
            ) as answer:
                content = bytearray()
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > _LARGEST:
                        raise ProviderUnavailable("Its answer is too large.")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            log().warning("the identity provider does not answer", exc_info=error)
            raise ProviderUnavailable("Try again in a minute.", headers={"Retry-After": "60"}) from error
        if 400 <= answer.status_code < 500:  # noqa: PLR2004 - RFC 9110 section 15.5
            raise SignInFailed(_FAILED)
        try:
            document = httpx2.Response(200, content=bytes(content)).json()
        except ValueError:
            document = None
        if not answer.is_success or not isinstance(document, dict):
            raise ProviderUnavailable("Try again in a minute.", headers={"Retry-After": "60"})
        return document
