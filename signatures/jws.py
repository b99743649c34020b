"""Compact JWS (RFC 7515) by Ed25519: signed JSON documents, such as credentials (W3C VC-JOSE-COSE)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from groundwork import base64url
from signatures.suites import Ed25519, SignatureInvalid

_ALGORITHMS: Final = frozenset({"EdDSA", "Ed25519"})  # RFC 8037 names it so, RFC 9864 the other way
_MOST: Final = 1 << 20  # characters of a text that is worth reading
_PARTS: Final = 3  # RFC 7515 section 3.1


class JwsInvalid(ValueError):
    """A text that is no compact JWS by Ed25519, or does not verify."""


@dataclass(frozen=True, slots=True)
class Jws:
    """A parsed JWS, not verified: its header and payload, the bytes that are signed, and the signature."""

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    signed: bytes
    signature: bytes

    def verify(self, public: bytes) -> None:
        """Verify the signature with a public key of 32 bytes. Raises JwsInvalid."""
        try:
            Ed25519(public).verify(self.signed, self.signature)
        except (SignatureInvalid, ValueError) as error:
            raise JwsInvalid("the signature does not verify: the text was altered, or another key signed it") from error


def sign(
    signer: Callable[[bytes], bytes], *, kid: str, media_type: str, content_type: str, payload: Mapping[str, Any]
) -> str:
    """Sign a JSON object; `media_type` becomes the header `typ`, `content_type` the header `cty`.

    The header names the algorithm `EdDSA`: verifiers in use refuse its newer name.
    """
    header = {"alg": "EdDSA", "typ": media_type, "cty": content_type, "kid": kid}
    signed = f"{_text(header)}.{_text(payload)}"
    return f"{signed}.{base64url.encode(signer(signed.encode()))}"


def parse(text: str, *, media_type: str) -> Jws:
    """Read a compact JWS whose header has this `typ`, without verifying it. Raises JwsInvalid."""
    parts = text.strip().split(".") if len(text) <= _MOST else []
    if len(parts) != _PARTS:
        raise JwsInvalid(f"this is no {media_type}, or it is cut off: it has three parts with dots between them")
    header = _object(parts[0])
    if header.get("alg") not in _ALGORITHMS or header.get("typ") != media_type or "crit" in header:
        raise JwsInvalid(f"this is no {media_type} by Ed25519")
    try:
        signature = base64url.decode(parts[2])
    except ValueError as error:
        raise JwsInvalid("the signature cannot be read") from error
    return Jws(header, _object(parts[1]), f"{parts[0]}.{parts[1]}".encode("ascii", "replace"), signature)


def _text(value: Mapping[str, Any]) -> str:
    return base64url.encode(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(base64url.decode(text))
    except (ValueError, RecursionError) as error:
        raise JwsInvalid("a part of the text cannot be read") from error
    if not isinstance(value, dict):
        raise JwsInvalid("a part of the text is no JSON object")
    return value
