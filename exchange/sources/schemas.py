"""The documents of requests and answers about sources.

The model of a registration follows from the kinds of source: it is a union with one member for each kind.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Union
from uuid import UUID

from pydantic import Field, create_model

from adapters.kind import Kind
from exchange.kernel.schemas import In, Out, Text, with_example


class Registration(In):
    """A source to register. The model of each kind adds the fields of the kind's config."""

    kind: str
    title: Text


class NewSource(In):
    """A place where an organisation's data lives."""

    model_config = with_example(
        {
            "organisation": "01930b2e-6f1a-7000-8000-000000000001",
            "source": {"kind": "file", "title": "学历登记表", "options": {"sheet": "2025"}},
        }
    )

    organisation: UUID
    source: Registration


class SourceOut(Out):
    """A source, with the description of its content."""

    id: UUID
    organisation_id: UUID
    kind: str
    title: str
    state: Literal["registered", "ready", "withdrawn"]
    description: Annotated[
        dict[str, Any] | None, Field(description="The inferred fields, with hints and notes; null until it was read")
    ]
    content: Annotated[str | None, Field(description="SHA-256 of the file as it came")]
    rows: int | None
    options: Annotated[
        dict[str, Any] | None, Field(description="How a file is read, as it was stated; null for other kinds")
    ]
    registered_at: datetime


def new_source_model(kinds: Mapping[str, Kind[Any]]) -> type[NewSource]:
    """NewSource for these kinds: its `source` is a union that `kind` tells apart."""
    union: Any = Union[*(_registration_model(kind) for kind in kinds.values())]
    return create_model(
        "NewSource", __base__=NewSource, __doc__=NewSource.__doc__, source=(union, Field(discriminator="kind"))
    )


def source_out_model(kinds: Mapping[str, Kind[Any]]) -> type[SourceOut]:
    """SourceOut for these kinds: its `kind` is one of their names."""
    field: Any = (str, Field(json_schema_extra={"enum": list(kinds)}))
    return create_model("SourceOut", __base__=SourceOut, __doc__=SourceOut.__doc__, kind=field)


def _registration_model(kind: Kind[Any]) -> type[Registration]:
    """Registration with a kind's config, both flat. Raises ValueError for a config whose fields would hide common ones."""
    if hidden := Registration.model_fields.keys() & kind.config.model_fields.keys():
        raise ValueError(f"the config of the kind {kind.name} has fields of every source: {', '.join(sorted(hidden))}")
    name = "".join(word.capitalize() for word in re.split("[_-]", kind.name)) + "Source"
    tag: Any = Literal[kind.name]
    # A request always names the kind, since it tells the models apart. The published schema has a default for uploads.
    default: Any = kind.name if kind.takes_upload else ...
    bases = (kind.config, Registration)
    return create_model(name, __base__=bases, __doc__=kind.config.__doc__, kind=(tag, default))
