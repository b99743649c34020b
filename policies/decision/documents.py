"""What goes into a delivery decision and what comes out: one strictly typed document each way.

Rego treats a missing fact as "not so" and a mistyped one as "not equal"; both can turn into a wrong answer without an
error. So nothing reaches an engine that is not exactly of this shape, and nothing an engine says is believed that is
not exactly of that shape. Times are whole seconds since the epoch. There are no nulls: what may be left out has a
default, so that every fact a rule looks at is in the document.
"""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from policies.decision.obligations import UnknownObligation, check_condition, check_mask

NEVER = 253_402_300_799
"""The end of the year 9999 in epoch seconds: the `not_after` of what has no end."""

MAX_AGREEMENTS = 10
"""How many candidate agreements one document holds; the caller selects them, the preferred first."""

MAX_FIELDS = 2000
"""How many fields a dataset may have."""

Lane = Literal["government", "operation", "trade", "person"]
Level = Literal["G1", "G2", "G3", "G4", "IMPORTANT", "CORE"]
OrganisationKind = Literal["department", "enterprise", "institution"]
OrganisationLevel = Literal["province", "city", "county", "none"]
OrganisationState = Literal["registered", "admitted", "suspended", "departed"]
ReasonCode = Literal[
    "policy-unavailable",
    "obligation-unknown",
    "role-missing",
    "consumer-not-admitted",
    "principal-suspended",
    "owner-not-admitted",
    "dataset-unavailable",
    "dataset-not-shared",
    "level-forbidden",
    "lane-mismatch",
    "consumer-not-in-terms",
    "terms-expired",
    "aggregates-only",
    "consent-missing",
    "agreement-missing",
    "agreement-suspended",
    "agreement-terminated",
    "agreement-not-yet-valid",
    "agreement-expired",
    "impact-assessment-missing",
    "risk-assessment-missing",
    "purpose-not-granted",
    "owner-denied",
    "field-not-granted",
    "filter-not-granted",
    "nothing-granted",
]
REASON_CODES: tuple[ReasonCode, ...] = get_args(ReasonCode)
"""Every reason there is, the most fundamental first; reasons of a decision come in this order."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,120}$")]
Seconds = Annotated[int, Field(ge=0, le=NEVER)]
RowCap = Annotated[int, Field(ge=0, lt=2**53)]
# Lists may come as lists (from JSON columns) and are kept as tuples; what is in them is held strictly.
Names = Annotated[tuple[Name, ...], Field(strict=False, max_length=MAX_FIELDS)]
# Not checked on the way in: what the decision picks of them is checked on the way out, with a reason of its own.
Masks = dict[Name, dict[str, JsonValue]]
# What is on file: "impact" (PIPL Article 55), "risk" (Decree 790, Article 31).
FieldType = Literal["string", "integer", "decimal", "number", "boolean", "date", "timestamp"]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Assessments = Annotated[tuple[Literal["impact", "risk"], ...], Field(strict=False, max_length=2)]
RowFilters = Annotated[tuple[dict[str, JsonValue], ...], Field(strict=False, max_length=100)]


class Document(BaseModel):
    """A part of what goes in or comes out: of exactly this shape."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, serialize_by_alias=True)


def _is_absent(value: object) -> bool:
    return value is None


class Subject(Document):
    """Who asks: the principal, and the organisation it asks for."""

    principal: Identifier
    organisation: Identifier
    kind: OrganisationKind
    level: OrganisationLevel
    organisation_state: OrganisationState
    principal_state: Literal["active", "suspended"]


class Rbac(Document):
    """What the roles say (policies.roles.roles); repeated here so that neither engine alone can allow."""

    allow: bool
    roles: Annotated[tuple[Identifier, ...], Field(strict=False, max_length=100)]


class DatasetField(Document):
    """One field of the dataset, as its owner graded it; with its type where a module may say what becomes of it."""

    name: Name
    level: Level
    personal: bool
    sensitive: bool
    type: Annotated[FieldType | None, Field(exclude_if=_is_absent)] = None


class ConsumerGroup(Document):
    """Some of the consumers; an empty list leaves that side open."""

    kinds: Annotated[tuple[OrganisationKind, ...], Field(strict=False, max_length=10)] = ()
    levels: Annotated[tuple[OrganisationLevel, ...], Field(strict=False, max_length=10)] = ()
    organisations: Annotated[tuple[Identifier, ...], Field(strict=False, max_length=1000)] = ()


class Consumers(ConsumerGroup):
    """Who may consume: who is on every list and, where there are groups, in one of them."""

    groups: Annotated[tuple[ConsumerGroup, ...], Field(strict=False, max_length=50)]


class Rate(Document):
    """At most so many requests under one agreement in each period of so many seconds: an hour, or a day of China's time."""

    requests: Annotated[int, Field(ge=1, lt=2**53)]
    seconds: Literal[3600, 86400]


Rates = Annotated[tuple[Rate, ...], Field(strict=False, max_length=10)]


class Terms(Document):
    """
    What the owner attaches to the dataset today. Empty `purposes` or `fields` grant nothing; `row_cap` in rows.

    `consent`: whether each person must have consented. `min_group`: how many records stand behind a figure at least; with
    0, records may leave, with more only figures. `module`: the digest of the owner's own module (policies/owner_rules/narrowing.py).
    """

    consumers: Consumers
    purposes: Names
    fields: Names
    masks: Masks
    row_filters: RowFilters
    row_cap: RowCap
    rates: Rates
    consent: bool
    min_group: Annotated[int, Field(ge=0, lt=2**53)]
    not_after: Seconds = NEVER
    # Left out where there is none, as types of fields are: documents from before there were modules keep their digests.
    module: Annotated[Digest | None, Field(exclude_if=_is_absent)] = None


class Resource(Document):
    """The dataset, with the facts the rules look at."""

    dataset: Identifier
    owner: Identifier
    owner_state: OrganisationState
    state: Literal["draft", "published", "withdrawn"]
    version: Annotated[int, Field(ge=1, lt=2**53)]
    sharing: Literal["unconditional", "conditional", "not_shared"]
    level: Level
    fields: Annotated[tuple[DatasetField, ...], Field(strict=False, max_length=MAX_FIELDS)]
    terms: Terms
    assessments: Assessments


class Agreement(Document):
    """One agreement, as accepted by both sides; valid from `not_before` up to and without `not_after`."""

    id: Identifier
    consumer: Identifier
    dataset: Identifier
    lane: Lane
    state: Literal["active", "suspended", "terminated", "expired"]
    not_before: Seconds
    not_after: Seconds
    purposes: Names
    fields: Names
    masks: Masks
    row_filters: RowFilters
    row_cap: RowCap
    assessments: Assessments


class DeliveryInput(Document):
    """
    Everything a delivery is decided by, schema 1.

    `requested`: fields asked for, none named means all that are granted; `filtered`: fields the caller filters on.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    action: Literal["deliver"] = "deliver"
    lane: Lane
    purpose: Name
    requested: Names
    filtered: Names
    subject: Subject
    rbac: Rbac
    resource: Resource
    agreements: Annotated[tuple[Agreement, ...], Field(strict=False, max_length=MAX_AGREEMENTS)]
    now: Seconds

    def to_json(self) -> bytes:
        """The document as JSON for an engine."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True)

    def facts(self) -> bytes:
        """The document as JSON without the time: two documents with equal facts differ at most in when they ask."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude={"now"})


class Reason(Document):
    """One thing that was not proven: its code, the rule that asks for it, what it is about, and its owner's own words."""

    code: ReasonCode
    rule: str
    ref: str | None = None
    message: Annotated[str | None, Field(exclude_if=_is_absent)] = None


def _known_mask(mask: dict[str, Any]) -> dict[str, Any]:
    try:
        check_mask(mask)
    except UnknownObligation as problem:
        raise PydanticCustomError("obligation_unknown", "{problem}", {"problem": str(problem)}) from None
    return mask


def _known_condition(condition: dict[str, Any]) -> dict[str, Any]:
    try:
        check_condition(condition)
    except UnknownObligation as problem:
        raise PydanticCustomError("obligation_unknown", "{problem}", {"problem": str(problem)}) from None
    return condition


def _in_order(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    return tuple(sorted(reasons, key=lambda reason: (REASON_CODES.index(reason.code), reason.ref or "", reason.rule)))


Mask = Annotated[dict[str, Any], AfterValidator(_known_mask)]
Condition = Annotated[dict[str, Any], AfterValidator(_known_condition)]


class Column(Document):
    """One column that leaves, with the mask it leaves under."""

    name: Name
    mask: Mask | None = None


class Obligations(Document):
    """What the delivery must be cut down to: columns, rows that pass every filter, so many, so often, until then."""

    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=MAX_FIELDS)]
    row_filters: tuple[Condition, ...]
    row_cap: RowCap
    # Left out where there is none: so decisions from before there were rates replay to the digests on the ledger.
    rates: Annotated[Rates, Field(exclude_if=lambda rates: not rates)] = ()
    not_after: Seconds


class Decision(Document):
    """
    The outcome: allowed under an agreement with obligations, or denied for reasons.

    Schema 1. A decision is shared between requests: read it, do not change the values inside it.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    allow: bool
    reasons: Annotated[tuple[Reason, ...], AfterValidator(_in_order)] = ()
    agreement: Identifier | None = None
    obligations: Obligations | None = None
    revision: str

    @model_validator(mode="after")
    def _whole(self) -> Self:
        granted = self.agreement is not None and self.obligations is not None
        withheld = self.agreement is None and self.obligations is None
        if not (granted and not self.reasons if self.allow else withheld and self.reasons):
            raise ValueError("an allowance has an agreement, obligations and no reason; a denial has reasons only")
        if self.obligations and len({column.name for column in self.obligations.columns}) < len(
            self.obligations.columns
        ):
            raise ValueError("a column is released once")
        return self


def deny(code: ReasonCode, *, rule: str, revision: str, ref: str | None = None) -> Decision:
    """A denial for one reason, made on this side of the engine."""
    return Decision(allow=False, reasons=(Reason(code=code, rule=rule, ref=ref),), revision=revision)


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas (2020-12) of both documents, by name."""
    return {"input": DeliveryInput.model_json_schema(), "decision": Decision.model_json_schema()}
