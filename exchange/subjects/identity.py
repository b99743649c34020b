"""Identities of people: one form for each person, wherever the value comes from.

A field may declare a scheme of identifiers that people carry from owner to owner, such as `cn-resident-id`: identities
of two owners under it are one person. Without it, the scheme is the owner's organisation and the field that identifies a
person. Fields of two owners are then two schemes even under one name, since their numbers may mean different people. Two
datasets of one owner share that scheme where they share the field.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from adapters.plan.condition import PlanError
from adapters.plan.plan import Field, typed_value
from exchange.catalog.identifier_schemes import EXPECTED, IdentifierScheme, canonical, is_declared
from exchange.catalog.schemas import DatasetDocument
from exchange.kernel.keys.sealing import Seal
from exchange.kernel.problems import RequestInvalid

LOOKUP_KEY: Final = "lookup of subjects"
"""The purpose of the key under which lookups are made (see Seal.derive)."""
_INTEGER = re.compile(r"-?[0-9]{1,18}")


class Identity(NamedTuple):
    """A person as one owner identifies them. A tuple, because every delivery looks some up."""

    scheme: str
    value: str

    @property
    def octets(self) -> bytes:
        """The identity as bytes: scheme, a NUL byte, which no scheme contains, and value."""
        return f"{self.scheme}\0{self.value}".encode()

    def lookup(self, seal: Seal) -> bytes:
        """The identity's key in the database: a MAC, so that nobody can guess it without the seal."""
        return hmac.digest(seal.derive(LOOKUP_KEY), self.octets, "sha256")


@dataclass(frozen=True, slots=True)
class SubjectKey(Field):
    """A field that identifies the person a row is about; `identifier` is the scheme that it declares."""

    identifier: IdentifierScheme | None = None


def scheme_of(owner: UUID, key: SubjectKey) -> str:
    """The scheme of a field by which an owner identifies people: the declared one, or owner and field."""
    return key.identifier or f"{owner}/{key.name}"


def subject_keys(document: DatasetDocument) -> dict[str, SubjectKey]:
    """The subject keys of a dataset, by name: the fields that identify the person a row is about."""
    return {
        field.name: SubjectKey(field.name, field.type, identifier=field.identifier)
        for field in document.fields
        if field.subject_key
    }


def scheme_text(scheme: str, value: Any) -> str | None:
    """A typed value in the canonical text of a scheme; None where it identifies nobody under it."""
    text = text_of(value)
    return canonical(scheme, text) if is_declared(scheme) else text


def identity(owner: UUID, key: SubjectKey, value: Any) -> Identity:
    """The identity that a value of a field means.

    A value that is no identifier of the declared scheme is an identity of the owner's field alone, so that what it
    names in an entry is sealed too. Raises PlanError where the value does not fit the field's type.
    """
    typed = typed_value(key.type, value, "/value")
    text = scheme_text(scheme_of(owner, key), typed)
    if text is None:
        key, text = replace(key, identifier=None), text_of(typed)
    return Identity(scheme_of(owner, key), text)


def as_sent(key: SubjectKey, value: Any) -> Any:
    """The value as the field's type takes it from JSON: a person who types an identifier, or a code, sends text."""
    if key.type == "integer" and isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return value


def parse_identity(
    owner: UUID, document: DatasetDocument, *, field: str | None, value: Any, by_field: bool = False
) -> Identity:
    """The identity that a request means by a dataset, a field and a value. Raises RequestInvalid.

    `by_field` leaves the declared scheme out: details from before its declaration are under the owner's field alone.
    """
    keys = subject_keys(document)
    name = field if field is not None else next(iter(keys), None)
    if name is None or name not in keys or (field is None and len(keys) > 1):
        raise RequestInvalid(
            "Correct what `errors` lists.",
            errors=[{"at": "body/field", "error": f"name the field that identifies a person{_of(keys)}"}],
        )
    key = replace(keys[name], identifier=None) if by_field else keys[name]
    try:
        person = identity(owner, key, as_sent(key, value))
    except PlanError as error:
        raise RequestInvalid(
            "Correct what `errors` lists.", errors=[{"at": "body/value", "error": error.reason}]
        ) from error
    if key.identifier is not None and person.scheme != key.identifier:
        raise RequestInvalid(
            "Correct what `errors` lists.", errors=[{"at": "body/value", "error": EXPECTED[key.identifier]}]
        )
    return person


def _of(keys: Iterable[str]) -> str:
    names = ", ".join(sorted(keys))
    return f": {names}" if names else "; this dataset has none"


def text_of(value: Any) -> str:
    """A typed value in canonical text: one text for each value, however it was written."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return format(value.normalize(), "f")
    return str(value)
