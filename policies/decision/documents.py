"""The two documents of a delivery decision, input and output, both strictly typed.

Rego evaluates a missing fact as undefined and a mistyped one as unequal; both can give a wrong answer without an error. So an
engine gets only an input of exactly this shape, and its answer counts only in exactly this shape. Times are whole seconds
since the epoch. There are no nulls: an optional member has a default, so that every fact a rule reads is in the document.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from policies.decision.obligations import UnknownObligation, check_condition, check_mask
from policies.decision.reasons import REASON_CODES, ReasonCode

ANSWER_PATTERN = r"^[a-z][a-z0-9-]{1,62}$"
"""The name of an answer."""

NEVER = 253_402_300_799
"""The end of the year 9999 in epoch seconds: the `not_after` of terms without an end."""

MAX_AGREEMENTS = 10
"""The most candidate agreements in one document; the caller selects them, the preferred first."""

MAX_SCOPES = 100
"""The most notices of one dataset to one consumer for one purpose, the newest first."""

MAX_FIELDS = 2000
"""The most fields of a dataset."""

Lane = Literal["government", "operation", "trade", "person"]
Level = Literal["G1", "G2", "G3", "G4", "IMPORTANT", "CORE"]
OrganisationKind = Literal["department", "enterprise", "institution"]
OrganisationLevel = Literal["province", "city", "county", "none"]
OrganisationState = Literal["registered", "admitted", "suspended", "departed"]

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,120}$")]
Seconds = Annotated[int, Field(ge=0, le=NEVER)]
RowCap = Annotated[int, Field(ge=0, lt=2**53)]
# A list (from a JSON column) becomes a tuple; its items are validated strictly.
Names = Annotated[tuple[Name, ...], Field(strict=False, max_length=MAX_FIELDS)]
# Masks are not checked in the input: those that a decision picks are checked in the output, with their own reason.
Masks = dict[Name, dict[str, JsonValue]]
FieldType = Literal["string", "integer", "decimal", "number", "boolean", "date", "timestamp"]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
LawfulBasis = Literal["contract", "statutory-duty", "emergency", "news-reporting", "disclosed", "other-law"]
"""The bases of processing without consent: PIPL Article 13, paragraph 1, items 2 to 7, in their order."""
PUBLISHED_EARLIER: Final = "published-earlier"
Basis = LawfulBasis | Literal["published-earlier"]
"""A basis in a decision's input: the terms' own, or that the version is older than the question for a basis."""
# Assessments on file: "impact" (PIPL Article 55), "risk" (Decree 790, Article 31).
Assessments = Annotated[tuple[Literal["impact", "risk"], ...], Field(strict=False, max_length=2)]
RowFilters = Annotated[tuple[dict[str, JsonValue], ...], Field(strict=False, max_length=100)]


class Document(BaseModel):
    """A part of an input or output document; unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, serialize_by_alias=True)


def _is_absent(value: object) -> bool:
    return value is None


def _is_empty(value: object) -> bool:
    return not value


class Subject(Document):
    """The requesting principal and its organisation."""

    principal: Identifier
    organisation: Identifier
    kind: OrganisationKind
    level: OrganisationLevel
    organisation_state: OrganisationState
    principal_state: Literal["active", "suspended"]


class Rbac(Document):
    """The answer of policies.roles.roles. The policy requires it, so that neither engine alone can allow."""

    allow: bool
    roles: Annotated[tuple[Identifier, ...], Field(strict=False, max_length=100)]


class DatasetField(Document):
    """One field of the dataset, as its owner graded it; documents of earlier versions lack `type` or `subject_key`."""

    name: Name
    level: Level
    personal: bool
    sensitive: bool
    type: Annotated[FieldType | None, Field(exclude_if=_is_absent)] = None
    # Whether it identifies the person that a row is about.
    subject_key: Annotated[bool | None, Field(exclude_if=_is_absent)] = None


class ConsumerGroup(Document):
    """A group of consumers; an empty list admits everyone."""

    kinds: Annotated[tuple[OrganisationKind, ...], Field(strict=False, max_length=10)] = ()
    levels: Annotated[tuple[OrganisationLevel, ...], Field(strict=False, max_length=10)] = ()
    organisations: Annotated[tuple[Identifier, ...], Field(strict=False, max_length=1000)] = ()


class Consumers(ConsumerGroup):
    """The admitted consumers: those on every list and, where there are groups, in one of the groups."""

    groups: Annotated[tuple[ConsumerGroup, ...], Field(strict=False, max_length=50)]


class Rate(Document):
    """The most requests under one agreement in each period: an hour, or a day in China's time."""

    requests: Annotated[int, Field(ge=1, lt=2**53)]
    seconds: Literal[3600, 86400]


Rates = Annotated[tuple[Rate, ...], Field(strict=False, max_length=10)]


AnswerName = Annotated[str, StringConstraints(pattern=ANSWER_PATTERN)]
AnswerNames = Annotated[tuple[AnswerName, ...], Field(strict=False, max_length=50)]


class OfferedAnswer(Document):
    """An answer that the terms offer: whether `where`, a condition on rows over `fields`, is true of a person."""

    name: AnswerName
    where: dict[str, JsonValue]
    fields: Names


class Terms(Document):
    """
    The owner's terms of the dataset today. Empty `purposes` or `fields` grant nothing; `row_cap` is in rows.

    `consent`: whether each person must have consented. `basis`: the basis without consent. `min_group`: the fewest
    records behind a figure; with 0, records may be delivered, otherwise only figures. `module`: the digest of the owner's
    module.
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
    # Omitted where it is None, as is the type of a field: documents older than these keep their digests.
    module: Annotated[Digest | None, Field(exclude_if=_is_absent)] = None
    basis: Annotated[Basis | None, Field(exclude_if=_is_absent)] = None
    answers: Annotated[tuple[OfferedAnswer, ...], Field(strict=False, max_length=50, exclude_if=_is_empty)] = ()


class Resource(Document):
    """The dataset, with the facts that the rules read."""

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

    def turns_on_consent(self, lane: Lane, agreements: Iterable["Agreement"]) -> bool:
        """Whether a decision on a lane, by one of these agreements, can turn on notices (delivery.rego: `consent_unneeded`).

        Where no field identifies people, no notice helps.
        """
        agreements = tuple(agreements)
        is_asked = self.terms.consent or any(agreement.consent for agreement in agreements)
        if lane in {"operation", "trade"}:
            is_asked |= self.terms.basis is None or any(agreement.without_basis for agreement in agreements)
        return is_asked and any(field.subject_key for field in self.fields)


class Agreement(Document):
    """
    One agreement, as both sides accepted it; valid in [`not_before`, `not_after`).

    It holds what was granted: its masks and row filters include those of the terms at that time. `rates` and `module` are
    those of these terms, where the present terms have others; the exchange applies them to an allowance. `consent`: whether
    these terms asked for people's consent, and the present ones do not. `without_basis`: whether these terms stated no basis
    without consent, and the present ones do.
    """

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
    # Omitted where empty: documents older than these keep their digests.
    rates: Annotated[Rates, Field(exclude_if=lambda rates: not rates)] = ()
    module: Annotated[Digest | None, Field(exclude_if=_is_absent)] = None
    answers: Annotated[AnswerNames, Field(exclude_if=_is_empty)] = ()
    consent: Annotated[bool, Field(exclude_if=_is_empty)] = False
    without_basis: Annotated[bool, Field(exclude_if=_is_empty)] = False


class ConsentScope(Document):
    """A notice that people consent to, by the number of its scope, with the fields that it names."""

    scope: Annotated[int, Field(ge=0, lt=2**53)]
    fields: Names


class Consent(Document):
    """The notices of the dataset to the consumer for the purpose; who consented to them is no fact of a decision."""

    scopes: Annotated[tuple[ConsentScope, ...], Field(strict=False, max_length=MAX_SCOPES)]


class DeliveryInput(Document):
    """
    All facts that decide a delivery, schema 1.

    `requested`: the requested fields; empty means all granted fields. `filtered`: the fields that the request filters on.
    `answers`: the requested answers; with these, no rows leave, and the other two are empty.
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
    # Omitted where there is no notice: documents older than notices keep their digests.
    consent: Annotated[Consent | None, Field(exclude_if=_is_absent)] = None
    answers: Annotated[AnswerNames, Field(exclude_if=_is_empty)] = ()
    now: Seconds

    def to_json(self) -> bytes:
        """The document as JSON for an engine."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True)

    def facts(self) -> bytes:
        """The document as JSON without `now`: documents with equal facts differ at most in their time."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude={"now"})


class Reason(Document):
    """One reason for a denial: its code, the rule that is not satisfied, the object of it (`ref`), and a message of its own.

    A module's denial and `agreement-unfit` have a message.
    """

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
    """One delivered column and its mask."""

    name: Name
    mask: Mask | None = None


class People(Document):
    """The people whose rows may leave: those whose consent to one of these notices, by their scopes, holds at the release."""

    consent: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**53)], ...], Field(min_length=1, max_length=MAX_SCOPES)]


class Answer(Document):
    """One answer that may be given: whether one of the person's rows that pass the row filters satisfies `where`."""

    name: AnswerName
    where: Condition


class Obligations(Document):
    """The limits of a delivery: columns, row filters that each row passes, people, most rows, most requests, and its end.

    Instead of columns there may be answers: then no row leaves.
    """

    columns: Annotated[tuple[Column, ...], Field(max_length=MAX_FIELDS)]
    row_filters: tuple[Condition, ...]
    row_cap: RowCap
    # Omitted where empty: decisions older than rates replay to their digests on the ledger.
    rates: Annotated[Rates, Field(exclude_if=lambda rates: not rates)] = ()
    not_after: Seconds
    # Omitted where the rows are released whoever they are about.
    people: Annotated[People | None, Field(exclude_if=_is_absent)] = None
    answers: Annotated[tuple[Answer, ...], Field(max_length=50, exclude_if=_is_empty)] = ()

    @model_validator(mode="after")
    def _either(self) -> Self:
        if bool(self.columns) == bool(self.answers):
            raise ValueError("rows leave by their columns, or answers are given")
        return self


class Decision(Document):
    """
    The outcome: an allowance under an agreement with obligations, or a denial with reasons. Schema 1.

    Requests share a decision: do not change the values in it.
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


def deny(code: ReasonCode, *, rule: str, revision: str, ref: str | None = None, message: str | None = None) -> Decision:
    """Build a denial for one reason, outside of the engine."""
    return Decision(allow=False, reasons=(Reason(code=code, rule=rule, ref=ref, message=message),), revision=revision)


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas (2020-12) of both documents, by name."""
    return {"input": DeliveryInput.model_json_schema(), "decision": Decision.model_json_schema()}
