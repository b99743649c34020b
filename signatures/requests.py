"""Signed requests: signs a request, reads a request's signature, and checks its times."""

import re
import secrets
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Final, NamedTuple

from signatures.components import ComponentMissing, Message, SignatureMalformed, SignatureProblem
from signatures.profile import (
    ALGORITHM,
    KEYID,
    LABEL,
    TAG,
    base_of,
    check_profile,
    covered_names,
    parameters_of,
    read,
    signed_fields,
)
from signatures.structured import InnerList

LIFETIME_MAX: Final = 300
PURPOSE: Final = "exchange-purpose"

REQUEST_FIELD_MAX: Final = 2048
"""Characters of Signature-Input, and of Signature, in a request."""

_FIELDS: Final = ("content-digest", PURPOSE)
_SIGNATURE_BYTES: Final = 64
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{22,128}")

# Single spaces, and components without parameters: the spelling of `sign_request`, and the same in any other order.
_COVERED: Final = rf'{LABEL}=(\("[a-z0-9@-]+"(?: "[a-z0-9@-]+")*\))'
_PARAMETERS: Final = {
    "created": "(0|[1-9][0-9]{0,14})",
    "expires": "(0|[1-9][0-9]{0,14})",
    "nonce": f'"({_NONCE.pattern})"',
    "keyid": f'"({KEYID.pattern})"',
    "alg": f'"{ALGORITHM}"',
    "tag": f'"{TAG}"',
}
_COMMON: Final = re.compile(_COVERED + "".join(f";{name}={value}" for name, value in _PARAMETERS.items()))
_ANY_ORDER: Final = re.compile(
    rf"{_COVERED}((?:;(?:{'|'.join(f'{name}={value}' for name, value in _PARAMETERS.items())})){{{len(_PARAMETERS)}}})"
)
_COMMON_VALUE: Final = re.compile(rf"{LABEL}=:([A-Za-z0-9+/]{{85}}[AQgw]==):")


class SignatureExpired(SignatureProblem):
    """The signature has expired."""

    reason = "signature-expired"


class SignatureNotYetValid(SignatureProblem):
    """The signature was created in the future: the client's clock is ahead."""

    reason = "signature-not-yet-valid"


class SignedRequest(NamedTuple):
    """A request's signature, which fits the profile but is not verified. A tuple, since each request makes one.

    `components` are the covered components in order, in the short form. `base` is the bytes that the signature signs; the
    ledger stores its digest, `signature` and `keyid`. Times are Unix seconds.
    """

    method: str
    target_uri: str
    keyid: str
    created: int
    expires: int
    nonce: str
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
    """Read the signature of a request and rebuild the bytes it covers, without verifying it.

    `headers` have lower-case names; several lines of one name are joined by ", ". `require` are the components that must
    be covered. Raises SignatureMissing, SignatureMalformed or ComponentMissing. The caller has to look up `keyid`, call
    `verify_ed25519`, `check_times` and `check_content_digest`, and refuse a used nonce.
    """
    signed = _read_common(method, target_uri, headers) if label == LABEL else None
    if signed is None:
        signed = _read_general(method, target_uri, headers, label)
    for name in require:
        if name not in signed.components:
            raise ComponentMissing(f"the signature must cover {name}")
    return signed


def _read_general(method: str, target_uri: str, headers: Mapping[str, str], label: str) -> SignedRequest:
    for name in ("signature-input", "signature"):
        if len(headers.get(name, "")) > REQUEST_FIELD_MAX:
            raise SignatureMalformed(f"Signature-Input and Signature may have {REQUEST_FIELD_MAX} characters each")
    signed = read(Message.of_request(method, target_uri, headers.items()), label, check=_check)
    created, expires = int(signed.parameters["created"]), int(signed.parameters["expires"])
    return SignedRequest(
        method=method,
        target_uri=target_uri,
        keyid=str(signed.parameters["keyid"]),
        created=created,
        expires=expires,
        nonce=str(signed.parameters["nonce"]),
        components=signed.components,
        base=signed.base,
        signature=signed.signature,
    )


def _check(covered: InnerList, signature: bytes) -> None:
    """Check a request's covered list, parameters and signature for the profile. Raises SignatureMalformed.

    Components have no parameters: one such as `key` has its whole field parsed, and a stranger may name many.
    """
    parameters = parameters_of(covered)
    get = parameters.get
    keyid, nonce = get("keyid"), get("nonce")
    if not isinstance(get("created"), int) or not isinstance(get("expires"), int):
        raise SignatureMalformed("the signature needs the parameters created and expires, in whole seconds")
    if not isinstance(keyid, str) or not KEYID.fullmatch(keyid):
        raise SignatureMalformed("the signature needs the parameter keyid, the thumbprint of a registered key")
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise SignatureMalformed("the signature needs a nonce of at least 128 bits: 22 to 128 characters of base64url")
    if len(signature) != _SIGNATURE_BYTES:
        raise SignatureMalformed(f"an Ed25519 signature has {_SIGNATURE_BYTES} bytes")
    check_profile(parameters)
    for component in covered.items:
        if component.parameters:
            raise SignatureMalformed("a request's covered components have no parameters")


def check_times(signed: SignedRequest, *, now: float, lifetime: int = LIFETIME_MAX, skew: int = 30) -> None:
    """Check that a signature is valid at `now` (Unix seconds).

    `lifetime` is the longest `expires - created`, `skew` how far the client's clock may be ahead, both in seconds. Raises
    SignatureExpired, SignatureNotYetValid or SignatureMalformed.
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
    """Sign a request; returns the `signature-input` and `signature` fields to send with it.

    `key` is the 32-byte seed followed by the 32-byte public key. The signature covers the method, the target
    and, if `headers` (lower-case names) has them, content-digest and exchange-purpose.
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


def _read_common(method: str, target_uri: str, headers: Mapping[str, str]) -> SignedRequest | None:
    """Read the usual spellings without a parser (hot path). None for any other, which `_read_general` reads.

    A test holds both to the same result. Raises ComponentMissing, SignatureMalformed.
    """
    text = headers.get("signature-input", "")
    parts = _parts_of(text) if len(text) <= REQUEST_FIELD_MAX else None
    value = _COMMON_VALUE.fullmatch(headers.get("signature", ""))
    if parts is None or value is None:
        return None
    covered, created, expires, nonce, keyid = parts
    names = covered_names(covered)
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
    return SignedRequest(
        method=method,
        target_uri=target_uri,
        keyid=keyid,
        created=int(created),
        expires=int(expires),
        nonce=nonce,
        components=names,
        base=base_of(lines, text.removeprefix(f"{LABEL}=")),
        signature=a2b_base64(value[1]),
    )


def _parts_of(text: str) -> tuple[str, ...] | None:
    """The covered list, created, expires, nonce and keyid of a field in a usual spelling; None for any other."""
    if (common := _COMMON.fullmatch(text)) is not None:
        return common.groups()
    other = _ANY_ORDER.fullmatch(text)
    if other is None:
        return None
    parameters = dict(part.split("=") for part in text[other.end(1) + 1 :].split(";"))
    if len(parameters) != len(_PARAMETERS):  # one comes twice
        return None
    nonce, keyid = parameters["nonce"].strip('"'), parameters["keyid"].strip('"')
    return other[1], parameters["created"], parameters["expires"], nonce, keyid
