"""An identity provider that lies, or somebody between: no token but the right one signs anybody in."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exchange.portal.errors import ProviderUnavailable, SignInFailed
from exchange.portal.provider import Claims, Provider
from exchange.portal.settings import PortalSettings

ISSUER = "https://login.example"
KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
SETTINGS = PortalSettings(portal_issuer=ISSUER, portal_client_id="exchange", portal_identifiers=("cn-mobile=phone",))
Document = dict[str, Any]


def public_jwk(kid: str) -> Document:
    return {
        **jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True),
        "kid": kid,
        "use": "sig",
        "alg": "RS256",
    }


def claims(**changes: Any) -> Document:
    now = int(time.time())
    whole = {"iss": ISSUER, "sub": "lin", "aud": "exchange", "exp": now + 60, "iat": now, "nonce": "n", "phone": "1"}
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def token(payload: Document, *, key: Any = KEY, algorithm: str = "RS256", kid: str = "1") -> str:
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": kid})


async def redeem(
    id_token: str, *, metadata: Document | None = None, iss: str | None = ISSUER, userinfo: Document | None = None
) -> Claims:
    """Redeem a code at a provider that answers with this token."""
    documents: dict[str, Document] = {
        "/.well-known/openid-configuration": {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "userinfo_endpoint": f"{ISSUER}/userinfo",
            "jwks_uri": f"{ISSUER}/jwks",
            "authorization_response_iss_parameter_supported": True,
            **(metadata or {}),
        },
        "/jwks": {"keys": [public_jwk("1")]},
        "/token": {"id_token": id_token, "access_token": "a"},
        "/userinfo": userinfo or {"sub": "lin"},
    }
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json=documents[request.url.path]))
    async with httpx2.AsyncClient(transport=transport) as client:
        return await Provider(SETTINGS, client).redeem(
            code="c", issuer=iss, redirect="https://x/portal/sign-in/callback", nonce="n", verifier="v",
            now=datetime.now(UTC),
        )  # fmt: skip


async def test_the_right_token_signs_in() -> None:
    assert (await redeem(token(claims(acr="high")))).level == "high"
    assert (await redeem(token(claims(aud=["exchange", "b"], azp="exchange")))).subject == "lin"


def confused() -> str:
    """A token whose key is the provider's public key, as a secret: what a careless verifier takes."""
    secret = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return forged("HS256", secret)


def forged(algorithm: str, secret: bytes | None) -> str:
    """A token that no library makes."""
    parts = [
        urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": algorithm, "kid": "1"}, claims())
    ]
    signature = hmac.digest(secret, b".".join(parts), "sha256") if secret is not None else b""
    return b".".join([*parts, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


WRONG: dict[str, Callable[[], str]] = {
    "issuer": lambda: token(claims(iss="https://evil.example")),
    "audience": lambda: token(claims(aud="other")),
    "several audiences without azp": lambda: token(claims(aud=["exchange", "other"])),
    "authorized party": lambda: token(claims(azp="other")),
    "nonce": lambda: token(claims(nonce="m")),
    "no nonce": lambda: token(claims(nonce=None)),
    "expired": lambda: token(claims(exp=int(time.time()) - 120)),
    "from the future": lambda: token(claims(iat=int(time.time()) + 600)),
    "no expiry": lambda: token(claims(exp=None)),
    "key": lambda: token(claims(), key=OTHER),
    "unknown key": lambda: token(claims(), kid="2"),
    "another kind of key": lambda: token(claims(), key=CURVE, algorithm="ES256"),
    "unsigned": lambda: forged("none", None),
    "the public key as a secret": confused,
    "another hash than the key's": lambda: token(claims(), algorithm="RS512"),
    "no token": lambda: "",
    "not a token": lambda: "a.b.c",
}


@pytest.mark.parametrize("name", WRONG)
async def test_no_other_token_does(name: str) -> None:
    with pytest.raises(SignInFailed):
        await redeem(WRONG[name]())


@pytest.mark.parametrize("iss", [None, "https://evil.example"])
async def test_an_answer_of_another_provider_is_refused(iss: str | None) -> None:
    with pytest.raises(SignInFailed):
        await redeem(token(claims()), iss=iss)


async def test_further_claims_have_to_be_about_the_same_person() -> None:
    found = await redeem(token(claims(phone=None)), userinfo={"sub": "lin", "phone": "13812345678"})
    assert found.values["phone"] == "13812345678"
    with pytest.raises(SignInFailed):
        await redeem(token(claims(phone=None)), userinfo={"sub": "wang", "phone": "13812345678"})


async def test_metadata_of_another_issuer_is_no_metadata() -> None:
    with pytest.raises(ProviderUnavailable):
        await redeem(token(claims()), metadata={"issuer": "https://evil.example"})


@pytest.mark.parametrize(
    "changes",
    [
        {"portal_issuer": "http://login.example", "portal_client_id": "x"},
        {"portal_issuer": "https://login.example"},
        {"portal_client_id": "x"},
        {"portal_identifiers": ("cn-resident-id",)},
        {"portal_identifiers": ("passport=number",)},
        {"portal_home": "//evil.example"},
        {"portal_home": "https://evil.example"},
    ],
)
def test_half_a_provider_and_other_sites_are_no_settings(changes: Document) -> None:
    with pytest.raises(ValueError, match=r"portal|EXCHANGE_PORTAL"):
        PortalSettings(**changes)
