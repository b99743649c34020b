"""Identities of people: one form for each person of an owner, wherever the value comes from.

The scheme is the owner's organisation and the field that identifies a person. Fields of two owners are two schemes even
under one name, since their numbers may mean different people. Two datasets of one owner share a scheme where they share
the field.
"""

import hmac
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from adapters.plan.condition import PlanError
from adapters.plan.plan import Field, typed_value
from exchange.catalog.checks import fields_of
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


def scheme_of(owner: UUID, field: str) -> str:
    """The scheme of a field by which an owner identifies people."""
    return f"{owner}/{field}"


def subject_keys(document: DatasetDocument) -> dict[str, Field]:
    """The subject keys of a dataset, by name: the fields that identify the person a row is about."""
    by_name = {field.name: field for field in fields_of(document)}
    return {field.name: by_name[field.name] for field in document.fields if field.subject_key}


def identity(owner: UUID, field: Field, value: Any) -> Identity:
    """The identity that a value of a field means. Raises PlanError where it does not fit the field's type."""
    return Identity(scheme_of(owner, field.name), text_of(typed_value(field.type, value, "/value")))


def parse_identity(owner: UUID, document: DatasetDocument, *, field: str | None, value: Any) -> Identity:
    """The identity that a request means by a dataset, a field and a value. Raises RequestInvalid."""
    keys = subject_keys(document)
    name = field if field is not None else next(iter(keys), None)
    if name is None or name not in keys or (field is None and len(keys) > 1):
        raise RequestInvalid(
            "Correct what `errors` lists.",
            errors=[{"at": "body/field", "error": f"name the field that identifies a person{_of(keys)}"}],
        )
    if keys[name].type == "integer" and isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)  # a person who types an identifier sends text
    try:
        return identity(owner, keys[name], value)
    except PlanError as error:
        raise RequestInvalid(
            "Correct what `errors` lists.", errors=[{"at": "body/value", "error": error.reason}]
        ) from error


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
