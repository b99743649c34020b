"""What this exchange's signatures have in common, and the quick way to read them.

Reading and answering one request is on the hot path of every delivery. What every client of ours writes is matched by
regular expressions; only an unusual spelling of the same thing goes through the general parser. Both ways have to give
the same result, which a test holds.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ledger.signatures.components import Message, SignatureMalformed, check_components, name_of
from ledger.signatures.messages import FIELD_MAX, read_signature
from ledger.signatures.structured import FieldError, decode_bytes, parse_inner_list
from ledger.signatures.suites import sign_ed25519

LABEL: Final = "sig1"
ALGORITHM: Final = "ed25519"
TAG: Final = "data-exchange"
KEYID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")

_PARAMETERS: Final = frozenset({"created", "expires", "nonce", "keyid", "alg", "tag"})

# The one spelling all clients of ours use: single spaces, no escapes, components without parameters.
_PAIRS: Final = r'((?:;[a-z]+=(?:"[\x20\x21\x23-\x5b\x5d-\x7e]*"|0|[1-9][0-9]{0,14}))*)'
_TAIL: Final = re.compile(_PAIRS)
_INPUT: Final = re.compile(r'([a-z][a-z0-9]*)=(\("[a-z0-9@-]+"(?: "[a-z0-9@-]+")*\))' + _PAIRS)
_PAIR: Final = re.compile(r';([a-z]+)=(?:"([^"]*)"|([0-9]+))')
_VALUE: Final = re.compile(r"([a-z][a-z0-9]*)=:([A-Za-z0-9+/]*={0,2}):")


@dataclass(frozen=True, slots=True)
class Read:
    """A signature as it stands in a message: covered components, parameters, signed bytes, value."""

    components: tuple[str, ...]
    parameters: Mapping[str, str | int]
    base: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Spelled:
    """The usual spelling taken apart: covered list and parameters as they are written, parameters read, value."""

    covered: str
    tail: str
    parameters: Mapping[str, str | int]
    signature: bytes


def check_profile(parameters: Mapping[str, str | int]) -> None:
    """Raises SignatureMalformed unless algorithm and tag are this exchange's and no parameter is unknown."""
    if parameters.get("alg") != ALGORITHM:
        raise SignatureMalformed(f'the signature needs alg="{ALGORITHM}"')
    if parameters.get("tag") != TAG:
        raise SignatureMalformed(f'the signature needs tag="{TAG}"')
    if not parameters.keys() <= _PARAMETERS:
        raise SignatureMalformed("the signature has a parameter this exchange does not know")


def signed_fields(key: bytes, lines: list[str], parameters: str) -> dict[str, str]:
    """The fields `signature-input` and `signature` over component lines and a written covered list with parameters."""
    value = base64.b64encode(sign_ed25519(key, base_of(lines, parameters))).decode()
    return {"signature-input": f"{LABEL}={parameters}", "signature": f"{LABEL}=:{value}:"}


def base_of(lines: list[str], parameters: str) -> bytes:
    """The signed bytes for component lines; raises SignatureMalformed when a value is not one line of ASCII."""
    text = "\n".join((*lines, f'"@signature-params": {parameters}'))
    # A line break inside a value would let it pose as a further component.
    flat = text.replace("\n", "", len(lines)).replace("\t", " ")
    if not flat.isascii() or not flat.isprintable():
        raise SignatureMalformed("a covered component holds something other than printable ASCII")
    return text.encode("ascii")


def spelled(headers: Mapping[str, str], label: str, expected: str | None = None) -> Spelled | None:
    """Take the usual spelling apart; None where the general parser has to look.

    `expected` is a covered list, as it is written, that the signature must have to be taken this way.
    """
    text, value = headers.get("signature-input", ""), headers.get("signature", "")
    if len(text) > FIELD_MAX or len(value) > FIELD_MAX:
        return None
    found = _VALUE.fullmatch(value)
    if found is None or found[1] != label:
        return None
    parts = _expected_parts(text, f"{label}={expected}") if expected else _parts(text, label)
    if parts is None:
        return None
    pairs = _PAIR.findall(parts[1])
    parameters = {name: int(number) if number else string for name, string, number in pairs}
    if len(parameters) != len(pairs):
        return None
    try:
        signature = decode_bytes(found[2])
    except FieldError as error:
        raise SignatureMalformed("the signature is not canonical base64") from error
    return Spelled(covered=expected or parts[0], tail=parts[1], parameters=parameters, signature=signature)


def _parts(text: str, label: str) -> tuple[str, str] | None:
    found = _INPUT.fullmatch(text)
    return (found[2], found[3]) if found and found[1] == label else None


def _expected_parts(text: str, prefix: str) -> tuple[str, str] | None:
    found = _TAIL.fullmatch(text, len(prefix)) if text.startswith(prefix) else None
    return (prefix, found[1]) if found else None


@lru_cache(maxsize=256)
def covered_names(covered: str) -> tuple[str, ...]:
    """The components of a covered list as it is written, in the short form; raises SignatureMalformed."""
    components = parse_inner_list(covered)
    check_components(components)
    return tuple(name_of(item) for item in components.items)


def read_slowly(message: Message, label: str) -> Read:
    """Read a signature in any spelling; raises a SignatureProblem."""
    signature = read_signature(message, label=label)
    found = signature.covered.parameters
    parameters = {name: value for name, value in found if isinstance(value, str) or type(value) is int}
    if len(parameters) != len(found):
        raise SignatureMalformed("the signature has a parameter this exchange does not know")
    return Read(signature.components, parameters, signature.base, signature.value)
