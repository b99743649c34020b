"""SD-JWT (RFC 9901): claims in a signed token, of which a holder may show some and leave out others.

The subset that the exchange issues: a compact JWS by Ed25519, SHA-256, claims one level deep, no key binding. `issue` and
`verify` are all of it. The text is printable ASCII, so that a QR code can hold it.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from groundwork import base64url
from signatures.suites import Ed25519, SignatureInvalid

MEDIA_TYPE: Final = "answers+sd-jwt"
"""The header's `typ`: no other token of the same key passes for one of these (RFC 9901 section 9.11)."""
_ALGORITHMS: Final = frozenset({"EdDSA", "Ed25519"})  # RFC 8037 names it so, RFC 9864 the other way
_SALT_OCTETS: Final = 16
_RESERVED: Final = frozenset({"_sd", "_sd_alg", "..."})
_MOST: Final = 100_000  # characters of a text that is worth a look


class SdJwtInvalid(ValueError):
    """A text that is no SD-JWT of this form, or does not verify."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The claims of a verified token: those that everybody sees, and those that its holder disclosed."""

    claims: Mapping[str, Any]
    disclosed: Mapping[str, Any]
    keyid: str


def issue(
    sign: Callable[[bytes], bytes], *, keyid: str, claims: Mapping[str, Any], disclosable: Mapping[str, Any]
) -> str:
    """An SD-JWT that discloses all of `disclosable`; whoever holds it may leave some of these out before passing it on."""
    disclosures = [
        _text([base64url.encode(secrets.token_bytes(_SALT_OCTETS)), name, value]) for name, value in disclosable.items()
    ]
    payload = {**claims, "_sd_alg": "sha-256", "_sd": sorted(_digest(text) for text in disclosures)}
    signed = f"{_text({'alg': 'EdDSA', 'kid': keyid, 'typ': MEDIA_TYPE})}.{_text(payload)}"
    token = f"{signed}.{base64url.encode(sign(signed.encode()))}"
    return "~".join((token, *disclosures, ""))


def verify(text: str, *, key_of: Callable[[str], bytes]) -> Verified:
    """Verify an SD-JWT (RFC 9901 section 7.1) with the public key that `key_of` has for its `kid`; times are the caller's.

    Raises SdJwtInvalid, and what `key_of` raises.
    """
    token, *disclosures, end = text.split("~") if len(text) <= _MOST and "~" in text else ("", "?")
    parts = token.split(".")
    if end or len(parts) != 3:  # noqa: PLR2004 - RFC 7515 section 3.1
        raise SdJwtInvalid("this is no SD-JWT, or it is cut off: it ends with ~")
    header, payload = _object(parts[0]), _object(parts[1])
    if header.get("alg") not in _ALGORITHMS or header.get("typ") != MEDIA_TYPE or "crit" in header:
        raise SdJwtInvalid("this is another kind of token")
    keyid = header.get("kid")
    try:
        Ed25519(key_of(str(keyid))).verify(f"{parts[0]}.{parts[1]}".encode(), base64url.decode(parts[2]))
    except (SignatureInvalid, ValueError) as error:
        raise SdJwtInvalid("the signature does not verify: the text was altered, or another key signed it") from error
    return Verified(
        {name: value for name, value in payload.items() if name not in _RESERVED},
        _disclosed(payload, disclosures),
        str(keyid),
    )


def _disclosed(payload: Mapping[str, Any], disclosures: list[str]) -> dict[str, Any]:
    digests = payload.get("_sd", [])
    if payload.get("_sd_alg", "sha-256") != "sha-256" or not isinstance(digests, list):
        raise SdJwtInvalid("the digests are of a kind that is not read here")
    if len(set(map(str, digests))) != len(digests) or len(set(disclosures)) != len(disclosures):
        raise SdJwtInvalid("a digest or a disclosure is there twice")
    disclosed: dict[str, Any] = {}
    for disclosure in disclosures:
        parts = _parsed(disclosure)
        if not isinstance(parts, list) or len(parts) != 3 or not isinstance(parts[1], str):  # noqa: PLR2004 - salt, name, value
            raise SdJwtInvalid("a disclosure is malformed")
        name = parts[1]
        if _digest(disclosure) not in digests or name in _RESERVED or name in payload or name in disclosed:
            raise SdJwtInvalid("a disclosure does not belong to the token")
        disclosed[name] = parts[2]
    return disclosed


def _digest(disclosure: str) -> str:
    return base64url.encode(hashlib.sha256(disclosure.encode("ascii", "replace")).digest())


def _text(value: Any) -> str:
    return base64url.encode(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _parsed(text: str) -> Any:
    try:
        return json.loads(base64url.decode(text))
    except (ValueError, RecursionError) as error:
        raise SdJwtInvalid("a part of the token cannot be read") from error


def _object(text: str) -> dict[str, Any]:
    value = _parsed(text)
    if not isinstance(value, dict):
        raise SdJwtInvalid("a part of the token cannot be read")
    return value
