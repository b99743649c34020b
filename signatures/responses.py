"""Signed responses: signs a response, bound to its request, and reads a response's signature."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from signatures.components import ComponentMissing, Message, SignatureMalformed
from signatures.profile import ALGORITHM, LABEL, TAG, check_profile, covered_names, read, signed_fields

_FIELDS: Final = ("content-digest", "exchange-entry", "exchange-delivery", "exchange-next", "exchange-cut-by-row-cap")


class RequestBinding(Protocol):
    """The part of a request that binds a response to it."""

    @property
    def method(self) -> str:
        """The method of the request line."""
        ...

    @property
    def target_uri(self) -> str:
        """The absolute URI, as the client requested it."""
        ...

    @property
    def signature(self) -> bytes | None:
        """The signature under the label sig1; None if the request was not signed."""
        ...


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request, as its response is bound to it. `signature` is None if the request was not signed."""

    method: str
    target_uri: str
    signature: bytes | None = None


@dataclass(frozen=True, slots=True)
class SignedResponse:
    """A response's signature, which covers all it must but is not verified."""

    keyid: str
    created: int
    components: tuple[str, ...]
    base: bytes
    signature: bytes


def sign_response(
    *, key: bytes, keyid: str, status: int, headers: Mapping[str, str], request: RequestBinding, created: int
) -> dict[str, str]:
    """Sign a response; returns the `signature-input` and `signature` fields to send with it.

    `key` is seed and public key together, `created` Unix seconds. The signature covers the status and, if `headers`
    (lower-case names) has them, content-digest, exchange-entry, exchange-delivery, exchange-next and
    exchange-cut-by-row-cap; of the request, its method, its target and, if it was signed, its signature.
    """
    covered, lines = _expected(status, headers, request)
    return signed_fields(key, lines, f'{covered};created={created};keyid="{keyid}";alg="{ALGORITHM}";tag="{TAG}"')


def read_response(
    *, status: int, headers: Mapping[str, str], request: RequestBinding, label: str = LABEL
) -> SignedResponse:
    """Read the signature of a response to `request` and rebuild the bytes it covers, without verifying it.

    It must cover all that `sign_response` covers, in any order. The caller looks up `keyid` among the keys it trusts and
    calls `verify_ed25519`. Raises SignatureMissing, SignatureMalformed or ComponentMissing.
    """
    covered, _ = _expected(status, headers, request)
    signed = read(Message.of_response(status, headers.items(), _message(request)), label)
    for name in covered_names(covered):
        if name not in signed.components:
            raise ComponentMissing(f"the signature must cover {name}")
    keyid, created = signed.parameters.get("keyid"), signed.parameters.get("created")
    if not isinstance(keyid, str) or not isinstance(created, int):
        raise SignatureMalformed("the signature needs the parameters keyid and created")
    check_profile(signed.parameters)
    return SignedResponse(keyid, created, signed.components, signed.base, signed.signature)


def _expected(status: int, headers: Mapping[str, str], request: RequestBinding) -> tuple[str, list[str]]:
    names = ['"@status"']
    lines = [f'"@status": {status}']
    for name in _FIELDS:
        value = headers.get(name)
        if value is not None:
            names.append(f'"{name}"')
            lines.append(f'"{name}": {value.strip()}')
    names += ('"@method";req', '"@target-uri";req')
    lines += (f'"@method";req: {request.method}', f'"@target-uri";req: {request.target_uri}')
    if request.signature is not None:
        names.append(f'"signature";req;key="{LABEL}"')
        lines.append(f"{names[-1]}: :{base64.b64encode(request.signature).decode()}:")
    return f"({' '.join(names)})", lines


def _message(request: RequestBinding) -> Message:
    headers: list[tuple[str, str]] = []
    if request.signature is not None:
        headers.append(("signature", f"{LABEL}=:{base64.b64encode(request.signature).decode()}:"))
    return Message.of_request(request.method, request.target_uri, headers)
