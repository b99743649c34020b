"""The documents of deliveries: the question in both of its forms, a page, and the state of a stream."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from adapters.kind import FieldName
from exchange.kernel.problems import RequestInvalid
from exchange.kernel.schemas import PRINTABLE, In, Out

_OPERATORS = Literal["eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "prefix", "is_null"]
Scalar = str | int | bool | float
_VALUES = 1000


class Filter(In):
    """A condition on a field that the agreement grants unmasked; all filters have to hold."""

    field: FieldName
    op: _OPERATORS
    value: Annotated[
        Scalar | Annotated[list[Scalar], Field(max_length=_VALUES)],
        Field(description="A list for `in` and `not_in`, a boolean for `is_null`"),
    ]


class DeliveryRequest(In):
    """A question for data."""

    dataset: Annotated[
        str,
        Field(
            min_length=1,
            max_length=130,
            pattern=PRINTABLE,
            description="The dataset's id, or <organisation>/<dataset>",
            examples=["demo-education/degrees"],
        ),
    ]
    fields: Annotated[
        list[FieldName], Field(min_length=1, max_length=500, description="Left out: all that are granted")
    ] = Field(default_factory=list)
    filters: Annotated[
        list[Filter], Field(max_length=50, description=f"With at most {_VALUES} values in all of them together")
    ] = Field(default_factory=list)
    limit: Annotated[
        int | None,
        Field(ge=1, le=1_000_000_000, description="Left out: a page of JSON, or a stream of everything else"),
    ] = None
    cursor: Annotated[str | None, Field(max_length=4000, description="`next` of the answer before")] = None

    @field_validator("filters")
    @classmethod
    def _few_values(cls, filters: list[Filter]) -> list[Filter]:
        """Bound the work on one question: each value is checked and compared many times, while other answers wait."""
        count = sum([len(condition.value) if isinstance(condition.value, list) else 1 for condition in filters])
        if count > _VALUES:
            raise PydanticCustomError(
                "too_many_values",
                "the filters have {count} values in all, and may have {most}: ask several times",
                {"count": count, "most": _VALUES},
            )
        return filters


class DeliveryPage(Out):
    """A page of records, with the fields and rows that the agreement grants."""

    agreement: str
    dataset: str
    delivery: str
    version: int
    content_version: Annotated[int, Field(description="Counts the files that were uploaded under this version")]
    fields: list[str]
    rows: list[dict[str, Any]]
    next: Annotated[
        str | None,
        Field(description="The cursor of the next page; null at the end of the rows, or of what may be continued"),
    ]
    cut_by_row_cap: Annotated[
        bool, Field(description="Whether more rows match than the row cap of the terms and the agreement lets out")
    ]


class StreamOut(Out):
    """A streamed delivery and, once it has ended, the size and digest of what left."""

    id: UUID
    state: Literal["started", "completed", "aborted"]
    started_entry: int
    entry: Annotated[int | None, Field(description="The ledger index of the entry that ended it")]
    rows: int | None
    bytes: int | None
    content: Annotated[str | None, Field(description="The digest of the bytes sent, as Content-Digest writes it")]
    cut_by_row_cap: Annotated[
        bool | None,
        Field(description="Whether more rows match than the row cap lets out; null until the stream is completed"),
    ]


_LONGEST_NUMBER = 15  # digits that every reader of JSON keeps
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")


def from_query(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The document of a question in a query string: `dataset=…&fields=a,b&where=field:op:value&limit=…&cursor=…`.

    A value is text unless it has the form of a number or is `true` or `false`; the POST form is free of this doubt.
    Raises RequestInvalid.
    """
    document: dict[str, Any] = {"filters": []}
    for name, value in pairs:
        if name == "where":
            field, _, rest = value.partition(":")
            op, separator, operand = rest.partition(":")
            if not separator:
                raise _invalid("where", "a filter is field:op:value")
            values = [_scalar(part) for part in operand.split(",")]
            document["filters"].append(
                {"field": field, "op": op, "value": values if op in {"in", "not_in"} else _scalar(operand)}
            )
        elif name in document and name != "filters":
            raise _invalid(name, "given twice")
        elif name == "fields":
            document["fields"] = [part for part in value.split(",") if part]
        elif name == "limit":
            if not value.isascii() or not value.isdigit():
                raise _invalid("limit", "a whole number")
            document["limit"] = int(value[:12])
        elif name in {"dataset", "cursor"}:
            document[name] = value
        else:
            raise _invalid("query", "the parameters are dataset, fields, where, limit and cursor")
    return document


def _invalid(at: str, error: str) -> RequestInvalid:
    return RequestInvalid("Correct what `errors` lists.", errors=[{"at": f"query/{at}", "error": error}])


def _scalar(text: str) -> Scalar:
    if text in {"true", "false"}:
        return text == "true"
    if len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
