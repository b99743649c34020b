"""The profile: what the signatures of requests and responses have in common."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from signatures.components import Message, SignatureMalformed, check_components, name_of
from signatures.messages import read_signature
from signatures.structured import InnerList, parse_inner_list
from signatures.suites import sign_ed25519

LABEL: Final = "sig1"
ALGORITHM: Final = "ed25519"
TAG: Final = "data-exchange"
KEYID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")

_PARAMETERS: Final = frozenset({"created", "expires", "nonce", "keyid", "alg", "tag"})


@dataclass(frozen=True, slots=True)
class Read:
    """A signature as read from a message: covered components, parameters, signed bytes, value."""

    components: tuple[str, ...]
    parameters: Mapping[str, str | int]
    base: bytes
    signature: bytes


def check_profile(parameters: Mapping[str, str | int]) -> None:
    """Check that algorithm and tag are the profile's and every parameter is known. Raises SignatureMalformed."""
    if parameters.get("alg") != ALGORITHM:
        raise SignatureMalformed(f'the signature needs alg="{ALGORITHM}"')
    if parameters.get("tag") != TAG:
        raise SignatureMalformed(f'the signature needs tag="{TAG}"')
    if not parameters.keys() <= _PARAMETERS:
        raise SignatureMalformed("the signature has a parameter this exchange does not know")


def signed_fields(key: bytes, lines: list[str], parameters: str) -> dict[str, str]:
    """Sign component lines and a written covered list with parameters; returns the two signature fields."""
    value = base64.b64encode(sign_ed25519(key, base_of(lines, parameters))).decode()
    return {"signature-input": f"{LABEL}={parameters}", "signature": f"{LABEL}=:{value}:"}


def base_of(lines: list[str], parameters: str) -> bytes:
    """The signature base of component lines. Raises SignatureMalformed if a value is not one line of ASCII."""
    text = "\n".join((*lines, f'"@signature-params": {parameters}'))
    # A line break within a value could pose as a further component.
    flat = text.replace("\n", "", len(lines)).replace("\t", " ")
    if not flat.isascii() or not flat.isprintable():
        raise SignatureMalformed("a covered component holds something other than printable ASCII")
    return text.encode("ascii")


@lru_cache(maxsize=256)
def covered_names(covered: str) -> tuple[str, ...]:
    """The components of a written covered list, in the short form. Raises SignatureMalformed."""
    components = parse_inner_list(covered)
    check_components(components)
    return tuple(name_of(item) for item in components.items)


def read(message: Message, label: str, *, check: Callable[[InnerList, bytes], None] | None = None) -> Read:
    """Read a signature in any spelling; `check` is that of `read_signature`. Raises a SignatureProblem."""
    signature = read_signature(message, label=label, check=check)
    return Read(signature.components, parameters_of(signature.covered), signature.base, signature.value)


def parameters_of(covered: InnerList) -> dict[str, str | int]:
    """The parameters of a signature. Raises SignatureMalformed for one that is neither text nor a whole number."""
    parameters = {name: value for name, value in covered.parameters if isinstance(value, str) or type(value) is int}
    if len(parameters) != len(covered.parameters):
        raise SignatureMalformed("the signature has a parameter this exchange does not know")
    return parameters
