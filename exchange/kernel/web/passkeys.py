"""Passkeys (W3C Web Authentication, Level 3): what a browser is asked for, and what its answers prove.

Mechanics only: no table, no session, no person. A challenge is whatever the caller wants to have confirmed: random bytes for
a sign-in, the digest of an act for its confirmation. The caller sees to it that a challenge counts once and not for long, and
compares sign counts. The person is always verified by the authenticator (a PIN, a finger), not merely present.
"""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

TIMEOUT: Final = 300
"""How long a browser lets a person confirm, seconds; a challenge lasts as long."""
_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_LOOPBACK: Final = "localhost"
_MOST_OCTETS: Final = 1023  # of a credential id (section 5.1.3)


class PasskeyInvalid(ValueError):
    """An answer of a browser that is malformed, is for another site or challenge, or does not verify."""


class NoRelyingParty(ValueError):
    """Browsers make no passkey for this site: its address is an IP address, or not https."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The site that passkeys are for: its id, a domain; its name, which browsers show; and the origin of its pages."""

    id: str
    name: str
    origin: str

    @classmethod
    def of(cls, url: str, *, name: str, identifier: str | None = None) -> Self:
        """The relying party of a site at a URL; `identifier` is its domain or one above. Raises NoRelyingParty."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if _is_address(host) or (parts.scheme != "https" and host != _LOOPBACK):
            raise NoRelyingParty(f"{url} is neither https with a name, nor http://{_LOOPBACK}")
        domain = identifier or host
        if host != domain and not host.endswith(f".{domain}"):
            raise NoRelyingParty(f"{domain} is neither the domain of {url}, nor one above it")
        return cls(domain, name, f"{parts.scheme}://{parts.netloc}")


@dataclass(frozen=True, slots=True)
class Registered:
    """A new passkey: its id, its public key (COSE), its sign count, and whether it is kept by a service besides the device."""

    credential: bytes
    public_key: bytes
    sign_count: int
    is_synced: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """What an unverified answer says of itself: which passkey, for which challenge, of which user handle."""

    credential: bytes
    challenge: bytes
    user: bytes | None


def creation_options(
    party: RelyingParty, *, user: bytes, name: str, challenge: bytes, existing: Sequence[bytes] = ()
) -> dict[str, Any]:
    """The options for `navigator.credentials.create`, as JSON that browsers parse. `existing` passkeys are not made again."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=user,
        user_name=name,
        challenge=challenge,
        timeout=TIMEOUT * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in existing],
        supported_pub_key_algs=_ALGORITHMS,
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def request_options(party: RelyingParty, *, challenge: bytes, allowed: Sequence[bytes] = ()) -> dict[str, Any]:
    """The options for `navigator.credentials.get`. Without `allowed`, the person chooses among the site's passkeys."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT * 1000,
        allow_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(json.loads(webauthn.options_to_json(options)))


def challenge_of(answer: Mapping[str, Any]) -> bytes:
    """The challenge that an answer is for, unverified. Raises PasskeyInvalid."""
    return _client_data(answer)[0]


def answered_by(answer: Mapping[str, Any]) -> Answered:
    """What an assertion says of itself, unverified. Raises PasskeyInvalid."""
    challenge = challenge_of(answer)
    try:
        credential = parse_authentication_credential_json(dict(answer))
    except Exception as error:
        raise PasskeyInvalid("the answer is no assertion") from error
    return Answered(credential.raw_id, challenge, credential.response.user_handle)


def verify_registration(party: RelyingParty, answer: Mapping[str, Any], *, challenge: bytes) -> Registered:
    """Verify the answer to `creation_options` (section 7.1). Raises PasskeyInvalid."""
    _refuse_frames(answer)
    try:
        verified = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except Exception as error:
        raise PasskeyInvalid(str(error)) from error
    if len(verified.credential_id) > _MOST_OCTETS:
        raise PasskeyInvalid("the credential's id is too long")
    return Registered(
        verified.credential_id, verified.credential_public_key, verified.sign_count, verified.credential_backed_up
    )


def verify_assertion(party: RelyingParty, answer: Mapping[str, Any], *, challenge: bytes, public_key: bytes) -> int:
    """Verify the answer to `request_options` (section 7.2): the new sign count. Raises PasskeyInvalid."""
    _refuse_frames(answer)
    try:
        verified = webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,  # is_regression compares, so that the caller can note it
            require_user_verification=True,
        )
    except Exception as error:
        raise PasskeyInvalid(str(error)) from error
    return verified.new_sign_count


def is_regression(*, last: int, now: int) -> bool:
    """Whether a sign count says that there may be a copy of the passkey: it has not grown (section 6.1.1).

    Passkeys that do not count always say 0.
    """
    return (last > 0 or now > 0) and now <= last


def _client_data(answer: Mapping[str, Any]) -> tuple[bytes, bool]:
    """The challenge, and whether the page was in a frame of another site."""
    try:
        data = json.loads(webauthn.base64url_to_bytes(answer["response"]["clientDataJSON"]))
        challenge = webauthn.base64url_to_bytes(data["challenge"])
        if bytes_to_base64url(challenge) != data["challenge"]:
            raise PasskeyInvalid("the challenge is not in base64url")
        return challenge, data.get("crossOrigin") is True
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise PasskeyInvalid("the answer has no client data") from error


def _refuse_frames(answer: Mapping[str, Any]) -> None:
    if _client_data(answer)[1]:
        raise PasskeyInvalid("the page was in a frame of another site")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
