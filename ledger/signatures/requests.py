"""Signed requests: who asks, for what, when, and nothing that anybody else could have put there."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger.signatures.components import ComponentMissing, Message, SignatureMalformed, SignatureProblem
from ledger.signatures.profile import (
    ALGORITHM,
    KEYID,
    LABEL,
    TAG,
    Read,
    base_of,
    check_profile,
    covered_names,
    read_slowly,
    signed_fields,
    spelled,
)

LIFETIME_MAX: Final = 300
PURPOSE: Final = "exchange-purpose"

_FIELDS: Final = ("content-digest", PURPOSE)
_SIGNATURE_BYTES: Final = 64
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{22,128}")


class SignatureExpired(SignatureProblem):
    """The signature's time is over."""

    reason = "signature-expired"


class SignatureNotYetValid(SignatureProblem):
    """The signature was created in the future: the client's clock is ahead of the exchange's."""

    reason = "signature-not-yet-valid"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request's signature, read and in the form this exchange demands, but not verified yet.

    `components` are the covered components in order: bare names, with parameters as they are written. `base` is what
    the signature signs; its digest, `signature` and `keyid` are what the ledger keeps. Times are Unix seconds.
    """

    method: str
    target_uri: str
    keyid: str
    created: int
    expires: int
    nonce: str
    tag: str
    alg: str
    components: tuple[str, ...]
    base: bytes
    signature: bytes


def read_request(
    *,
    method: str,
    target_uri: str,
    headers: Mapping[str, str],
    label: str = LABEL,
    require: tuple[str, ...] = ("@method", "@target-uri"),
) -> SignedRequest:
    """Read the signature of a request and rebuild the bytes it covers.

    `headers` have lower-case names; several lines of one name are joined by ", ". `require` are the components that
    have to be covered. Raises SignatureMissing, SignatureMalformed or ComponentMissing. The caller has to look up
    `keyid`, call `verify_ed25519`, `check_times` and `check_content_digest`, and refuse a nonce it has seen.
    """
    signed = _read_fast(method, target_uri, headers, label) or read_slowly(
        Message.of_request(method, target_uri, headers.items()), label
    )
    for name in require:
        if name not in signed.components:
            raise ComponentMissing(f"the signature must cover {name}")
    get = signed.parameters.get
    keyid, nonce = get("keyid"), get("nonce")
    created, expires = get("created"), get("expires")
    if not isinstance(created, int) or not isinstance(expires, int):
        raise SignatureMalformed("the signature needs the parameters created and expires, in whole seconds")
    if not isinstance(keyid, str) or not KEYID.fullmatch(keyid):
        raise SignatureMalformed("the signature needs the parameter keyid")
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise SignatureMalformed("the signature needs a nonce of at least 128 bits, in base64url")
    if len(signed.signature) != _SIGNATURE_BYTES:
        raise SignatureMalformed(f"an Ed25519 signature has {_SIGNATURE_BYTES} bytes")
    check_profile(signed.parameters)
    return SignedRequest(
        method=method,
        target_uri=target_uri,
        keyid=keyid,
        created=created,
        expires=expires,
        nonce=nonce,
        tag=TAG,
        alg=ALGORITHM,
        components=signed.components,
        base=signed.base,
        signature=signed.signature,
    )


def check_times(signed: SignedRequest, *, now: float, lifetime: int = LIFETIME_MAX, skew: int = 30) -> None:
    """Refuse a signature outside its time.

    `now` and the signature's times are Unix seconds; `lifetime` is the longest `expires - created`, `skew` how far the
    client's clock may be ahead. Raises SignatureExpired, SignatureNotYetValid or SignatureMalformed.
    """
    if not signed.created < signed.expires <= signed.created + lifetime:
        raise SignatureMalformed(f"a signature may be valid for at most {lifetime} seconds")
    if now >= signed.expires:
        raise SignatureExpired("the signature has expired")
    if signed.created > now + skew:
        raise SignatureNotYetValid("the signature was created in the future; check the clock")


def sign_request(
    *,
    key: bytes,
    keyid: str,
    method: str,
    target_uri: str,
    headers: Mapping[str, str],
    created: int,
    expires: int,
    nonce: str,
) -> dict[str, str]:
    """The `signature-input` and `signature` fields to send with a request.

    `key` is the 32-byte seed and the 32-byte public key together. Covers the method, the target and, where `headers`
    (lower-case names) has them, content-digest and exchange-purpose.
    """
    names = ["@method", "@target-uri"]
    lines = [f'"@method": {method}', f'"@target-uri": {target_uri}']
    for name in _FIELDS:
        value = headers.get(name)
        if value is not None:
            names.append(name)
            lines.append(f'"{name}": {value.strip()}')
    if not KEYID.fullmatch(keyid) or not _NONCE.fullmatch(nonce):
        raise SignatureMalformed("the keyid or the nonce is not of this exchange's form")
    covered = "(" + " ".join(f'"{name}"' for name in names) + ")"
    parameters = f'created={created};expires={expires};nonce="{nonce}";keyid="{keyid}"'
    return signed_fields(key, lines, f'{covered};{parameters};alg="{ALGORITHM}";tag="{TAG}"')


def new_nonce() -> str:
    """A fresh nonce of 192 random bits, in base64url."""
    return secrets.token_urlsafe(24)


def _read_fast(method: str, target_uri: str, headers: Mapping[str, str], label: str) -> Read | None:
    found = spelled(headers, label)
    if found is None:
        return None
    names = covered_names(found.covered)
    lines = []
    for name in names:
        if name == "@method":
            component: str | None = method
        elif name == "@target-uri":
            component = target_uri
        elif name[0] == "@":
            return None
        else:
            component = headers.get(name)
            if component is None:
                raise ComponentMissing("a covered field is not in the message")
            component = component.strip(" \t")
        lines.append(f'"{name}": {component}')
    return Read(names, found.parameters, base_of(lines, found.covered + found.tail), found.signature)
