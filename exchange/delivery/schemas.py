"""What a delivery is asked with, and how a stream is told about."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, field_validator
from pydantic_core import PydanticCustomError

from exchange.catalog.terms.schemas import FieldName
from exchange.kernel.problems import RequestInvalid
from exchange.kernel.schemas import PRINTABLE, In, Out, shown

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
    fields: Annotated[list[FieldName], Field(max_length=500, description="Left out: all that are granted")] = Field(
        default_factory=list
    )
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
        """Each value is checked, compared and passed on many times; fifty full lists would hold every other answer up."""
        count = sum([len(one.value) if isinstance(one.value, list) else 1 for one in filters])
        if count > _VALUES:
            raise PydanticCustomError(
                "too_many_values",
                "the filters have {count} values in all, and may have {most}: ask several times",
                {"count": count, "most": _VALUES},
            )
        return filters


class DeliveryPage(Out):
    """A page of records; what it may hold is the agreement's."""

    agreement: str
    dataset: str
    delivery: str
    version: int
    fields: list[str]
    rows: list[dict[str, Any]]
    next: Annotated[
        str | None,
        Field(description="The cursor of the next page; null at the end of the rows, or of what may be continued"),
    ]


class Question(In):
    """A delivery that is thought of: who would ask, for what, and when."""

    model_config = shown(
        {
            "system": "01930b2e-6f1a-7000-8000-000000000001",
            "dataset": "demo-education/degrees",
            "purpose": "talent-service",
        }
    )

    system: Annotated[UUID, Field(description="The system or member that would ask")]
    dataset: Annotated[str, Field(min_length=1, max_length=130, pattern=PRINTABLE, examples=["demo-education/degrees"])]
    purpose: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,62}$", examples=["talent-service"])]
    fields: Annotated[list[FieldName], Field(max_length=500, description="Left out: all that are granted")] = []
    filtered: Annotated[list[FieldName], Field(max_length=50, description="The fields it would filter on")] = []
    at: Annotated[AwareDatetime | None, Field(description="When; left out: now")] = None


class RuleOut(Out):
    """One rule that spoke. Where it denies, `code` and `remedy` say why and what would satisfy it."""

    rule: str
    says: Literal["allow", "deny"]
    code: str | None = None
    ref: str | None = None
    remedy: str | None = None


class ObligationOut(Out):
    """One obligation, with the rule that demands it and whose word it is (nobody's: the column is not masked)."""

    kind: Literal["column", "row_filter", "row_cap", "not_after"]
    rule: str
    sources: Annotated[list[Literal["terms", "agreement", "module"]], Field(description="Whose word it is")]
    name: str | None = None
    value: Annotated[Any, Field(description="The mask, condition, number of rows or time; null where `withheld`")] = (
        None
    )
    withheld: Annotated[bool, Field(description="A condition of the owner's terms, which may hold values of rows")] = (
        False
    )


class ExplanationOut(Out):
    """What would be decided, by every rule that has something to say."""

    outcome: Literal["allow", "deny"]
    at: datetime
    rules: list[RuleOut]
    agreement: str | None
    obligations: list[ObligationOut]
    policy: Annotated[str, Field(description="The digest of the policy")]
    engine: str


class ChangeOut(Out):
    """What the draft's terms would change about an agreement."""

    agreement: UUID
    consumer: UUID
    before: Literal["allow", "deny"]
    after: Literal["allow", "deny"]
    reasons: Annotated[list[str], Field(description="Why it would deliver nothing any more")]
    changes: Annotated[list[str], Field(description="What would be different of a delivery")]


class PastOut(Out):
    """A delivery that was made and would be refused under the draft's terms."""

    entry: int
    agreement: str
    purpose: str
    reasons: list[str]


class EffectsOut(Out):
    """What publishing a draft would change."""

    agreements: list[ChangeOut]
    refused: list[PastOut]
    looked_at: Annotated[int, Field(description="How many past deliveries of the dataset were decided again")]
    exact: Annotated[
        int, Field(description="How many of them on what they were decided on; of the others that is not kept any more")
    ]
    since: Annotated[int, Field(description="The first entry of the ledger that was looked at; older ones were not")]


class StreamOut(Out):
    """A streamed delivery and, once it has ended, what left with it."""

    id: UUID
    state: Literal["started", "completed", "aborted"]
    started_entry: int
    entry: Annotated[int | None, Field(description="The ledger index of the entry that ended it")]
    rows: int | None
    bytes: int | None
    content: Annotated[str | None, Field(description="The digest of the bytes sent, as Content-Digest writes it")]


_LONGEST_NUMBER = 15  # digits that every reader of JSON keeps
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?")


def from_query(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The simple form of a question, `dataset=…&fields=a,b&where=field:op:value&limit=…&cursor=…`, as a document.

    A value is text unless it reads as a number or as true or false; the POST form has no such doubt. Raises
    RequestInvalid.
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
