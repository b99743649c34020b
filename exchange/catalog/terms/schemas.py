"""The terms of a dataset: consumers, purposes, fields, masks, rows, rates, price, assessments."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from adapters.kind import FieldName
from adapters.plan.condition import comparisons, condition_from_json, condition_to_json
from adapters.plan.masks import KINDS as MASKS
from adapters.plan.masks import mask_schema
from adapters.plan.text import ConditionTextError, condition_from_text
from exchange.kernel.schemas import In, Moment, Text
from exchange.participants.schemas import Kind, Level
from policies.decision.documents import ANSWER_PATTERN, LawfulBasis

PURPOSE_PATTERN = "^[a-z][a-z0-9-]{1,62}$"
Purpose = Annotated[str, StringConstraints(pattern=PURPOSE_PATTERN), Field(examples=["talent-service", "statistics"])]


AnswerName = Annotated[str, StringConstraints(pattern=ANSWER_PATTERN), Field(examples=["holds-masters-degree"])]
"""The name of an answer that terms offer and agreements grant."""


def _condition(value: Any) -> Any:
    """Parse a row filter that is written as text."""
    if not isinstance(value, str):
        return value
    try:
        return condition_to_json(condition_from_text(value))
    except ConditionTextError as error:
        raise ValueError(str(error)) from None


RowFilter = Annotated[
    dict[str, Any] | None,
    BeforeValidator(_condition, json_schema_input_type=dict[str, Any] | str | None),
    Field(
        description="Only these rows: {field, op, value}, {all: […]}, {any: […]}, {not: …}, or the same as text",
        examples=[{"field": "city", "op": "eq", "value": "330100"}, "city = '330100' and year >= 2020"],
    ),
]


MaskDocument = Annotated[dict[str, Any], WithJsonSchema(mask_schema())]
"""A mask as JSON; the checks of terms name what is wrong with it, and the field."""


def _is_absent(value: object) -> bool:
    return value is None or value is False or value == []


class ConsumerGroup(In):
    """A group of consumers, by at least one property; an empty list means any."""

    kinds: Annotated[list[Kind], Field(max_length=10)] = []
    levels: Annotated[list[Level], Field(max_length=10)] = []
    organisations: Annotated[list[UUID], Field(max_length=1000)] = []


class Consumers(ConsumerGroup):
    """The consumers that may apply: those on every list and, with groups, in one of them. An empty list means any."""

    groups: Annotated[
        list[ConsumerGroup],
        Field(
            max_length=50,
            description="Different groups: departments of cities, or these two enterprises",
            examples=[[{"kinds": ["department"], "levels": ["city"]}, {"kinds": ["institution"]}]],
            exclude_if=_is_absent,
        ),
    ] = []

    @model_validator(mode="after")
    def _refuse_empty_groups(self) -> Self:
        if any(not (group.kinds or group.levels or group.organisations) for group in self.groups):
            raise ValueError("a group names kinds, levels or organisations")
        return self


class Assessment(In):
    """An assessment on file: its reference, the digest of the report, and the date of its conclusion."""

    reference: Annotated[Text, Field(examples=["浙人社评〔2026〕12号"])]
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(description="SHA-256 of the report")]
    concluded_on: date


class Assessments(In):
    """Assessments that have to be on file before data leaves, with the dataset or with one agreement.

    The impact assessment (个人信息保护影响评估, PIPL Articles 55 and 56) for personal information on every lane but
    government sharing and the person's own; the risk assessment (风险评估, Decree 790, Article 31) for important data.
    """

    impact: Annotated[Assessment | None, Field(exclude_if=_is_absent)] = None
    risk: Annotated[Assessment | None, Field(exclude_if=_is_absent)] = None

    @property
    def on_file(self) -> list[str]:
        """The names of the assessments on file."""
        return [name for name in ("impact", "risk") if getattr(self, name) is not None]

    def plain(self) -> dict[str, Any]:
        """The assessments on file, as JSON."""
        return self.model_dump(mode="json")


class Price(In):
    """The owner's price, copied into agreements. The exchange charges nothing; departments pay each other nothing."""

    amount: Annotated[
        str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{2})?$"), Field(examples=["1200.00"])
    ]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217")] = "CNY"
    per: Literal["agreement", "month", "delivery", "record"]


class Rate(In):
    """A rate limit of requests under one agreement. A day begins at midnight in China."""

    requests: Annotated[int, Field(ge=1, le=1_000_000_000)]
    per: Literal["hour", "day"]


class OfferedAnswer(In):
    """An answer about a person that the dataset offers: yes or no, and no value of a field.

    The answer is yes where one of the person's rows satisfies `where`. The fields that it names need not be offered.
    """

    name: AnswerName
    title: Annotated[Text, Field(description="The question in Chinese", examples=["是否具有硕士及以上学位"])]
    title_en: Annotated[
        Text, Field(description="The question in English", examples=["Holds a master's degree or higher"])
    ]
    where: Annotated[
        dict[str, Any],
        BeforeValidator(_condition, json_schema_input_type=dict[str, Any] | str),
        Field(
            description="A condition on rows, as a row filter has; everybody may read it",
            examples=["degree in ('硕士', '博士')"],
        ),
    ]

    def fields(self) -> list[str]:
        """The fields that the condition names. Raises PlanError for a condition of another form."""
        return sorted({comparison.field for comparison in comparisons(condition_from_json(self.where))})


class Terms(In):
    """The conditions attached to a dataset; agreements can only narrow them."""

    consumers: Consumers = Consumers()
    purposes: Annotated[list[Purpose], Field(min_length=1, max_length=50)]
    fields: Annotated[
        list[FieldName],
        Field(max_length=500, description="The fields that may be granted; at least one, unless answers are offered"),
    ]
    masks: Annotated[
        dict[str, MaskDocument],
        Field(
            description=f"How a field leaves: {', '.join(MASKS)}",
            examples=[{"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}}],
        ),
    ] = {}
    row_filter: RowFilter = None
    not_after: Moment | None = None
    row_cap: Annotated[
        int, Field(ge=1, le=1_000_000_000, description="Most rows of one delivery, all its pages together")
    ] = 1_000_000
    # Members at their defaults are left out, so that versions older than them keep their digests.
    rate: Annotated[Rate | None, Field(exclude_if=_is_absent)] = None
    resharing: Annotated[
        bool,
        Field(description="Whether a consumer may pass the data on (Decree 809, Article 25)", exclude_if=_is_absent),
    ] = False
    consent: Annotated[
        bool,
        Field(
            description="Whether each person must have consented: only the rows of those who have are delivered",
            exclude_if=_is_absent,
        ),
    ] = False
    basis: Annotated[
        LawfulBasis | None,
        Field(
            description="The legal basis on which rows about people leave without consent, in authorised operation and trade "
            "(PIPL Article 13, items 2 to 7); without one, consent is needed there",
            exclude_if=_is_absent,
        ),
    ] = None
    min_group: Annotated[
        int | None,
        Field(
            ge=2,
            le=1_000_000,
            description="The smallest group a figure may be about; with it, records are not delivered",
            exclude_if=_is_absent,
        ),
    ] = None
    price: Annotated[Price | None, Field(exclude_if=_is_absent)] = None
    answers: Annotated[
        list[OfferedAnswer],
        Field(max_length=50, description="Answers about one person, instead of rows", exclude_if=_is_absent),
    ] = []
    module: Annotated[
        str | None,
        StringConstraints(pattern=r"^[0-9a-f]{64}$"),
        Field(
            description="The digest of the owner's own module, which may deny and narrow what the other terms allow",
            exclude_if=_is_absent,
        ),
    ] = None

    _written: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _offers_something(self) -> Self:
        if not self.fields and not self.answers:
            raise ValueError("the terms offer at least one field, or an answer")
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _keep_text(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        terms = handler(data)
        if isinstance(data, Mapping) and isinstance(text := data.get("row_filter"), str):
            terms._written = text  # noqa: SLF001 - its own attribute
        return terms

    @property
    def written(self) -> str | None:
        """The row filter as its owner wrote it, where it is text: faults then name the character."""
        return self._written
