"""Requests and answers about items."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from exchange.catalog.schemas import Bilingual, FieldType
from exchange.kernel.schemas import In, Out, Prose, Salt, Text, with_example


class Wanted(In):
    """An item that a dataset would have, or that a form would ask people for."""

    name: Annotated[
        Text, Field(description="In Chinese or English, or the name of a field", examples=["学历", "degree"])
    ]
    type: FieldType | None = None


class Matching(In):
    """Items to look for in the catalogue, before they are collected again."""

    model_config = with_example({"items": [{"name": "学历", "type": "string"}, {"name": "参保地"}]})

    items: Annotated[list[Wanted], Field(min_length=1, max_length=200)]
    without: Annotated[UUID | None, Field(description="Leave out this dataset, such as the one to be published")] = None


class Available(Out):
    """A field of a published dataset that is, or may be, the item."""

    dataset: UUID
    reference: Annotated[str, Field(examples=["demo-education/degrees"])]
    field: str
    title: Bilingual
    type: FieldType
    attribute: Literal["unconditional", "conditional", "not_shared"]
    match: Annotated[
        Literal["equal", "contains"], Field(description="Whether a name or title is equal, or contains it")
    ]
    same_type: Annotated[bool | None, Field(description="None where no type was given")]
    is_source: Annotated[bool, Field(description="Whether its owner is the item's source department")]


class Match(Out):
    """What the catalogue has of one item. `source` is the department that the authority named, if it named one."""

    name: str
    source: UUID | None
    available: list[Available]


class NewItemSource(In):
    """The department that provides an item where several collect it (数源部门)."""

    model_config = with_example(
        {"item": "学历", "organisation": "01930b2e-6f1a-7000-8000-000000000001", "reason": "法定职责"}
    )

    item: Text
    organisation: UUID
    reason: Prose


class ItemSourceOut(Out):
    """The source department of an item."""

    item: str
    organisation: UUID
    reason: str
    salt: Salt
    named_by: UUID
    named_at: datetime
