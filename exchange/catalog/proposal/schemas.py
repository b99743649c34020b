"""The documents of proposals."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from adapters.kind import FieldName
from exchange.catalog.schemas import FieldType, Level
from exchange.kernel.schemas import In, Out, with_example


class ProposalRequest(In):
    """Choices that the owner states before the exchange proposes. Every member may be left out."""

    model_config = with_example({"clear": ["school_name"], "personal": ["note"], "masks": {"born": {"kind": "year"}}})

    clear: Annotated[
        list[FieldName], Field(max_length=500, description="Fields that are about nobody, whatever a guess says")
    ] = []
    personal: Annotated[list[FieldName], Field(max_length=500, description="Fields that are about people")] = []
    masks: Annotated[
        dict[FieldName, dict[str, Any] | None],
        Field(max_length=500, description="Masks to measure instead of the default ones; null: the field as it is"),
    ] = {}
    examples: Annotated[
        int, Field(ge=0, le=20, description="Values of each field to show with what its mask leaves; 0: none")
    ] = 3


class ExampleOut(Out):
    """A value of the source, and what would leave of it; null: nothing."""

    value: str
    left: str | None


class LeavingOut(Out):
    """Measures of what a mask leaves of the sampled rows."""

    values: Annotated[int, Field(description="The number of values that are not missing")]
    distinct: Annotated[int, Field(description="The number of different values")]
    distinct_left: Annotated[int, Field(description="The number of different values under the mask")]
    kept_percent: Annotated[
        int, Field(ge=0, le=100, description="The largest share of a value's characters that leaves")
    ]
    examples: list[ExampleOut]


class ProposedFieldOut(Out):
    """A field as it would be published."""

    name: str
    type: FieldType
    level: Level
    personal: bool
    sensitive: bool
    subject_key: bool
    identifying: Annotated[bool, Field(description="Whether its values point to one person, so that no part leaves")]
    mask: dict[str, Any] | None
    reason: Annotated[str, Field(description="Why it counts as personal; empty if it does not")]
    leaves: LeavingOut


class ProposalOut(Out):
    """The fields of a source as a dataset, with levels and masks. Nothing is stored."""

    source: UUID
    rows: Annotated[int | None, Field(description="The number of the source's rows, as far as it is known")]
    sampled: Annotated[int, Field(description="The number of rows that were looked at")]
    fields: list[ProposedFieldOut]
    notes: Annotated[list[dict[str, Any]], Field(description="How the source was read, for its owner to confirm")]
