"""Message components (RFC 9421 section 2): the values that a signature covers, and the bytes to sign.

This module knows no keys and no profile. It refuses everything by which one signature could be read as covering two
different things: unknown parameters, duplicate components, line breaks.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, Self
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from signatures.structured import (
    Bare,
    FieldError,
    InnerList,
    Item,
    Member,
    parse_dictionary,
    parse_item,
    parse_list,
    write_dictionary,
    write_list,
    write_member,
    write_parameters,
)

Kind = Literal["dictionary", "list", "item"]

STRUCTURED: Final[Mapping[str, Kind]] = {
    "accept-signature": "dictionary",
    "cache-status": "list",
    "client-cert": "item",
    "content-digest": "dictionary",
    "priority": "dictionary",
    "repr-digest": "dictionary",
    "signature": "dictionary",
    "signature-input": "dictionary",
    "want-content-digest": "dictionary",
    "want-repr-digest": "dictionary",
}

COMPONENTS_MAX: Final = 64
_QUERY_PARAMETERS_MAX: Final = 1000
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e]*")
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
_FOLD: Final = re.compile(r"\r?\n[ \t]+")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


class SignatureProblem(Exception):
    """A signature was refused.

    `reason` is one of a closed set of words, for callers to show and count; the text is for people. Neither quotes the
    HTTP message.
    """

    reason = "signature-malformed"


class SignatureMissing(SignatureProblem):
    """The message has no signature under the label."""

    reason = "signature-missing"


class SignatureMalformed(SignatureProblem):
    """The signature's fields or parameters are malformed, or violate the exchange's profile."""


class ComponentMissing(SignatureProblem):
    """A required component is not covered, or a covered one is not in the message."""

    reason = "component-missing"


@dataclass(frozen=True, slots=True)
class Message:
    """An HTTP message, as far as signatures can cover it.

    `fields` and `trailers` map lower-case names to their lines in order. A request has `method` and `target_uri` (an
    absolute URI); a response has `status` and, for `;req` components, its `request`.
    """

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    method: str | None = None
    target_uri: str | None = None
    status: int | None = None
    request: "Message | None" = None
    trailers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    structured: Mapping[str, Kind] = field(default_factory=lambda: STRUCTURED)

    @classmethod
    def of_request(cls, method: str, target_uri: str, headers: Iterable[tuple[str, str]]) -> Self:
        """A request by its header lines in order; names in any case."""
        return cls(fields=_lines(headers), method=method, target_uri=target_uri)

    @classmethod
    def of_response(cls, status: int, headers: Iterable[tuple[str, str]], request: "Message | None" = None) -> Self:
        """A response by its header lines in order, names in any case, and its request."""
        return cls(fields=_lines(headers), status=status, request=request)


def _lines(headers: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in headers:
        lowered = name.lower()
        fields[lowered] = (*fields.get(lowered, ()), value)
    return fields


def name_of(component: Item) -> str:
    """The short form of a component: its name and its written parameters, such as `signature;req`."""
    return str(component.value) + write_parameters(component.parameters)


def check_components(components: InnerList) -> None:
    """Refuse a covered list that is too long, has a duplicate, or has names that are not strings.

    Raises SignatureMalformed. Components that differ only in the order of their parameters are duplicates (RFC 9421
    section 2).
    """
    if len(components.items) > COMPONENTS_MAX:
        raise SignatureMalformed(f"more than {COMPONENTS_MAX} components are covered")
    seen: set[tuple[str, frozenset[tuple[str, Bare]]]] = set()
    for component in components.items:
        if type(component.value) is not str:
            raise SignatureMalformed("a component's name is not a string")
        identity = (component.value, frozenset(component.parameters))
        if identity in seen:
            raise SignatureMalformed("a component is covered twice")
        seen.add(identity)


def signature_base(message: Message, covered: InnerList) -> bytes:
    """The signature base (RFC 9421 section 2.5), the bytes to sign, for the components and parameters in `covered`.

    Raises ComponentMissing for a component that the message lacks, SignatureMalformed for an unknown one.
    """
    check_components(covered)
    names = [write_member(item) for item in covered.items]
    lines = [f"{name}: {component_value(message, item)}" for name, item in zip(names, covered.items, strict=True)]
    # The text equals write_member(covered), without writing each name again.
    lines.append(f'"@signature-params": ({" ".join(names)}){write_parameters(covered.parameters)}')
    return "\n".join(lines).encode("ascii")


def component_value(message: Message, component: Item) -> str:
    """The canonical value of a component (RFC 9421 sections 2.1 to 2.4): printable ASCII on one line.

    Raises ComponentMissing if the message lacks it, SignatureMalformed if the name, a parameter or the value is invalid.
    """
    name = str(component.value)
    parameters = dict(component.parameters)
    if "req" in parameters:
        if parameters.pop("req") is not True or message.request is None:
            raise SignatureMalformed("a component of a request cannot be had from this message")
        message = message.request
    try:
        value = _derived(message, name, parameters) if name.startswith("@") else _field(message, name, parameters)
    except FieldError as error:
        raise SignatureMalformed("a covered field is not the structured field it should be") from error
    if not _VALUE.fullmatch(value):
        raise SignatureMalformed("a covered component holds something other than printable ASCII")
    return value


def _field(message: Message, name: str, parameters: dict[str, Bare]) -> str:
    if not _NAME.fullmatch(name):
        raise SignatureMalformed("a component's name is not a lower-case field name")
    trailer = parameters.pop("tr", None)
    key = parameters.pop("key", None)
    flags = {flag: parameters.pop(flag, None) for flag in ("sf", "bs")}
    # `is`, because 1 == True: a flag written as ;tr=1 is no flag.
    is_plain = all(flag is None or flag is True for flag in (trailer, *flags.values()))
    if parameters or not is_plain or not (key is None or type(key) is str):
        raise SignatureMalformed("a component has a parameter that is not understood")
    if flags["bs"] and (flags["sf"] or key is not None):
        raise SignatureMalformed("a component has parameters that exclude each other")
    raw = (message.trailers if trailer else message.fields).get(name)
    if raw is None:
        raise ComponentMissing("a covered field is not in the message")
    lines = [_FOLD.sub(" ", line).strip(" \t") for line in raw]
    if flags["bs"]:
        return write_list(tuple(Item(line.encode("latin-1", "replace")) for line in lines))
    value = ", ".join(lines)
    if isinstance(key, str):
        return _member(value, key)
    return _strict(value, message.structured.get(name)) if flags["sf"] else value


def _member(value: str, key: str) -> str:
    member: Member | None = parse_dictionary(value).get(key)
    if member is None:
        raise ComponentMissing("a covered member is not in its field")
    return write_member(member)


def _strict(value: str, kind: Kind | None) -> str:
    if kind == "dictionary":
        return write_dictionary(parse_dictionary(value))
    if kind == "list":
        return write_list(parse_list(value))
    if kind == "item":
        return write_member(parse_item(value))
    raise SignatureMalformed("a component asks for the structure of a field that is not known to have one")


def _derived(message: Message, name: str, parameters: dict[str, Bare]) -> str:
    wanted = parameters.pop("name", None) if name == "@query-param" else None
    if parameters:
        raise SignatureMalformed("a component has a parameter that is not understood")
    if name == "@status":
        if message.status is None:
            raise ComponentMissing("a request has no status")
        return f"{message.status:03d}"
    if message.method is None or message.target_uri is None:
        raise ComponentMissing("a response has no method and no target")
    if name == "@method":
        return message.method
    if name == "@target-uri":
        return message.target_uri
    parts = _split(message.target_uri)
    if name == "@query-param":
        return _query_parameter(parts.query, wanted)
    path = parts.path or "/"
    values = {
        "@authority": _authority(parts),
        "@scheme": parts.scheme.lower(),
        "@request-target": path + (f"?{parts.query}" if parts.query else ""),
        "@path": path,
        "@query": f"?{parts.query}",
    }
    if name not in values:
        raise SignatureMalformed("a derived component is not known")
    return values[name]


@lru_cache(maxsize=256)
def _split(target_uri: str) -> SplitResult:
    # urlsplit silently drops tabs and line breaks, so two URIs could have one path.
    if not _PRINTABLE.fullmatch(target_uri):
        raise SignatureMalformed("the target is not a URI")
    try:
        return urlsplit(target_uri)
    except ValueError as error:
        raise SignatureMalformed("the target is not a URI") from error


def _authority(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix(_DEFAULT_PORTS.get(parts.scheme.lower(), ""))


def _query_parameter(query: str, name: Bare | None) -> str:
    if type(name) is not str:
        raise SignatureMalformed("a query parameter is covered without its name")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_QUERY_PARAMETERS_MAX)
    except ValueError as error:
        raise SignatureMalformed("the query has too many parameters") from error
    values = [value for key, value in pairs if _form_encoded(key) == name]
    if not values:
        raise ComponentMissing("a covered query parameter is not in the target")
    if len(values) > 1:
        raise SignatureMalformed("a covered query parameter comes more than once")
    return _form_encoded(values[0])


def _form_encoded(text: str) -> str:
    # The URL standard's form encoding keeps * - . _ and encodes ~, which `quote` keeps (RFC 9421 section 2.2.8).
    return quote(text, safe="*").replace("~", "%7E")
