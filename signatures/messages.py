"""HTTP Message Signatures in general (RFC 9421 sections 3 and 4): any label, components and algorithm.

The exchange's own profile is in `requests` and `responses`, on top of this module, which passes the RFC's examples. A
further algorithm, such as SM2, is one more `Suite`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from signatures.components import (
    ComponentMissing,
    Message,
    SignatureMalformed,
    SignatureMissing,
    name_of,
    signature_base,
)
from signatures.structured import (
    Bare,
    FieldError,
    InnerList,
    Item,
    Member,
    Parameters,
    parse_dictionary,
    parse_item,
    write_bare,
    write_member,
)
from signatures.suites import Suite

FIELD_MAX: Final = 16_384
_INTEGERS: Final = frozenset({"created", "expires"})
_STRINGS: Final = frozenset({"alg", "keyid", "nonce", "tag"})


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as read from a message, with the bytes it claims to sign. It is not verified."""

    label: str
    covered: InnerList
    base: bytes
    value: bytes

    @property
    def parameters(self) -> dict[str, Bare]:
        """The signature's parameters, such as `created` and `keyid`."""
        return dict(self.covered.parameters)

    @property
    def components(self) -> tuple[str, ...]:
        """The covered components in order, as `name_of` writes them."""
        return tuple(name_of(item) for item in self.covered.items)


def component(name: str) -> Item:
    """A component from its short form: `@method`, or with parameters as written, `signature;req;key="sig1"`."""
    bare, separator, parameters = name.partition(";")
    return parse_item(f"{write_bare(bare)}{separator}{parameters}")


def sign_message(
    message: Message, *, label: str, components: Sequence[str], parameters: Mapping[str, Bare], suite: Suite
) -> dict[str, str]:
    """Sign a message (RFC 9421 section 3.1); returns the fields `signature-input` and `signature` to send with it.

    `components` are in the short form of `component`, in the order to sign. Raises ComponentMissing for what the message
    lacks, FieldError for what the grammar cannot express.
    """
    covered = InnerList(tuple(component(name) for name in components), tuple(parameters.items()))
    signature = suite.sign(signature_base(message, covered))
    return {
        "signature-input": f"{label}={write_member(covered)}",
        "signature": f"{label}={write_bare(signature)}",
    }


def read_signature(
    message: Message, *, label: str, check: Callable[[InnerList, bytes], None] | None = None
) -> Signature:
    """Read a signature of a message and rebuild the bytes it covers (RFC 9421 section 3.2, steps 1 to 3 and 7).

    Does not verify it. `check` is called with the covered list and the signature's bytes before the bytes it covers are
    rebuilt, which a long list makes costly. Raises SignatureMissing, SignatureMalformed, ComponentMissing, and what
    `check` raises.
    """
    inputs = _dictionary(message, "signature-input")
    values = _dictionary(message, "signature")
    if label not in inputs and label not in values:
        raise SignatureMissing(f"the message has no signature {label!r}")
    if inputs.keys() != values.keys():
        raise SignatureMalformed("Signature and Signature-Input do not hold the same labels")
    covered, value = inputs[label], values[label]
    if not isinstance(covered, InnerList):
        raise SignatureMalformed("Signature-Input holds something other than a list of components")
    if not isinstance(value, Item) or not isinstance(value.value, bytes):
        raise SignatureMalformed("Signature holds something other than a byte sequence")
    check_parameters(covered.parameters)
    if check is not None:
        check(covered, value.value)
    return Signature(label=label, covered=covered, base=signature_base(message, covered), value=value.value)


def verify_message(
    message: Message, *, label: str, suite_for: Callable[[Signature], Suite], require: Sequence[str] = ()
) -> Signature:
    """Verify a signature of a message (RFC 9421 section 3.2) and return it.

    `suite_for` chooses key and algorithm by the signature's parameters, and raises if it trusts none. `require` has the
    components, in the short form, that must be covered. Trust only what `Signature.components` lists. Raises a
    SignatureProblem.
    """
    signature = read_signature(message, label=label)
    if not set(require) <= set(signature.components):
        raise ComponentMissing("the signature does not cover what it has to")
    suite = suite_for(signature)
    if signature.parameters.get("alg", suite.name) != suite.name:
        raise SignatureMalformed("the signature names another algorithm than its key's")
    suite.verify(signature.base, signature.value)
    return signature


def check_parameters(parameters: Parameters) -> None:
    """Check the types of registered parameters (RFC 9421 section 2.3). Raises SignatureMalformed."""
    for name, value in parameters:
        if name in _INTEGERS and (type(value) is not int or value < 0):
            raise SignatureMalformed(f"the parameter {name} is not a time in whole seconds")
        if name in _STRINGS and type(value) is not str:
            raise SignatureMalformed(f"the parameter {name} is not a string")


def _dictionary(message: Message, name: str) -> dict[str, Member]:
    lines = message.fields.get(name, ())
    text = ", ".join(lines)
    if len(text) > FIELD_MAX:
        raise SignatureMalformed("a signature field is too long")
    try:
        return parse_dictionary(text)
    except FieldError as error:
        raise SignatureMalformed("a signature field is not a dictionary (RFC 9651 section 3.2)") from error
