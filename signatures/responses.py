"""Signed responses: an answer that can be shown to be the exchange's, to this very question."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from signatures.components import ComponentMissing, Message, SignatureMalformed
from signatures.profile import ALGORITHM, LABEL, TAG, check_profile, covered_names, read, signed_fields

_FIELDS: Final = ("content-digest", "exchange-entry", "exchange-delivery", "exchange-next")


class Asks(Protocol):
    """What a response has to know of its request to be bound to it."""

    @property
    def method(self) -> str:
        """As the request line has it."""
        ...

    @property
    def target_uri(self) -> str:
        """Absolute, as the client meant it."""
        ...

    @property
    def signature(self) -> bytes | None:
        """Under the label sig1; None for a request that was not signed."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its response is bound to it; `signature` is None when the request was not signed."""

    method: str
    target_uri: str
    signature: bytes | None = None


@dataclass(frozen=True, slots=True)
class SignedResponse:
    """A response's signature, read and covering all it has to, but not verified yet."""

    keyid: str
    created: int
    components: tuple[str, ...]
    base: bytes
    signature: bytes


def sign_response(
    *, key: bytes, keyid: str, status: int, headers: Mapping[str, str], request: Asks, created: int
) -> dict[str, str]:
    """The `signature-input` and `signature` fields to send with a response.

    `key` is seed and public key together, `created` Unix seconds. Covers the status and, where `headers` (lower-case
    names) has them, content-digest, exchange-entry, exchange-delivery and exchange-next; of the request its method, its
    target and, when it was signed, its signature.
    """
    covered, lines = _expected(status, headers, request)
    return signed_fields(key, lines, f'{covered};created={created};keyid="{keyid}";alg="{ALGORITHM}";tag="{TAG}"')


def read_response(*, status: int, headers: Mapping[str, str], request: Asks, label: str = LABEL) -> SignedResponse:
    """Read the signature of a response to `request` and rebuild the bytes it covers.

    It has to cover everything `sign_response` covers, in any order. Raises SignatureMissing, SignatureMalformed or
    ComponentMissing; the caller looks up `keyid` among the keys it trusts and calls `verify_ed25519`.
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


def _expected(status: int, headers: Mapping[str, str], request: Asks) -> tuple[str, list[str]]:
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


def _message(request: Asks) -> Message:
    headers: list[tuple[str, str]] = []
    if request.signature is not None:
        headers.append(("signature", f"{LABEL}=:{base64.b64encode(request.signature).decode()}:"))
    return Message.of_request(request.method, request.target_uri, headers)
