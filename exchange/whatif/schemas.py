"""The documents of explanations and of a draft's effects."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from adapters.kind import FieldName
from exchange.catalog.terms.schemas import AnswerName, Purpose
from exchange.kernel.schemas import PRINTABLE, In, Out, with_example

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


class Question(In):
    """A delivery to explain: who would ask, for what, and when."""

    model_config = with_example(
        {
            "system": "01930b2e-6f1a-7000-8000-000000000001",
            "dataset": "demo-education/degrees",
            "purpose": "talent-service",
        }
    )

    system: Annotated[UUID, Field(description="The system or member that would ask")]
    dataset: Annotated[str, Field(min_length=1, max_length=130, pattern=PRINTABLE, examples=["demo-education/degrees"])]
    purpose: Purpose
    fields: Annotated[list[FieldName], Field(max_length=500, description="Left out: all that are granted")] = []
    answers: Annotated[
        list[AnswerName], Field(max_length=50, description="The answers it would ask for, instead of rows")
    ] = []
    filtered: Annotated[list[FieldName], Field(max_length=50, description="The fields it would filter on")] = []
    at: Annotated[
        AwareDatetime | None, Field(ge=_EARLIEST, lt=_LATEST, description="When, from 1970 to 2999; left out: now")
    ] = None


class RuleOut(Out):
    """One rule that applies. If it denies, `code` is the reason and `remedy` what would satisfy it."""

    rule: str
    says: Literal["allow", "deny"]
    code: str | None = None
    ref: str | None = None
    remedy: str | None = None


class ObligationOut(Out):
    """One obligation, with the rule that demands it and its origins (none: the column is not masked)."""

    kind: Literal["column", "answer", "row_filter", "row_cap", "not_after", "people"]
    rule: str
    sources: Annotated[
        list[Literal["terms", "agreement", "module", "notices"]], Field(description="Where it comes from")
    ]
    name: str | None = None
    value: Annotated[
        Any, Field(description="The mask, condition, number of rows, time or scopes of consents; null where `withheld`")
    ] = None
    withheld: Annotated[bool, Field(description="A condition of the owner's terms, which may hold values of rows")] = (
        False
    )


class ExplanationOut(Out):
    """The decision on a delivery, with every rule that applies."""

    outcome: Literal["allow", "deny"]
    at: datetime
    rules: list[RuleOut]
    agreement: str | None
    obligations: list[ObligationOut]
    policy: Annotated[str, Field(description="The digest of the policy")]
    engine: str


class UnfitOut(Out):
    """A field of the draft that an agreement does not fit, for which its publication is refused, and why."""

    field: str
    error: str


class ChangeOut(Out):
    """A change of what an agreement delivers."""

    agreement: UUID
    consumer: UUID
    before: Literal["allow", "deny"]
    after: Literal["allow", "deny"]
    reasons: Annotated[list[str], Field(description="Why the agreement would deliver nothing")]
    changes: Annotated[list[str], Field(description="Differences in what it would deliver, and what it keeps")]
    unfit: Annotated[list[UnfitOut], Field(description="The publication would be refused, or end the agreement")]


class PastOut(Out):
    """A past delivery that the draft's terms would have refused."""

    entry: int
    agreement: str
    purpose: str
    reasons: list[str]


class InputFaultOut(Out):
    """A limit of what the draft is derived from, for which its publication is refused."""

    at: Annotated[str, Field(description="The place in the document", examples=["derived_from/0/agreement"])]
    error: str


class DerivedOut(Out):
    """A dataset that is derived from this one, whose level is below the draft's: its next version has to be graded anew."""

    dataset: UUID
    name: str
    level: str


class EffectsOut(Out):
    """The effects of publishing a draft."""

    agreements: list[ChangeOut]
    refused: list[PastOut]
    inputs: Annotated[list[InputFaultOut], Field(description="Limits of the datasets that it is derived from")] = []
    derived: Annotated[
        list[DerivedOut], Field(description="Datasets derived from it that would be graded too low")
    ] = []
    looked_at: Annotated[int, Field(description="The number of past deliveries of the dataset that were decided again")]
    exact: Annotated[
        int, Field(description="How many of these were decided on their own input, which is stored for a time only")
    ]
    since: Annotated[
        int,
        Field(description="The deliveries from this ledger entry on were decided again; 0: all, since the first entry"),
    ]
