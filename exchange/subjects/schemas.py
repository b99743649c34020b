"""Requests and answers about data subjects."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from adapters.kind import FieldName
from exchange.kernel.schemas import PRINTABLE, In, Out, Prose, Salt, with_example
from ledger.entries.parts import Erasable, Holding

Pseudonym = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(description="As entries have it, in `subjects`"),
]
Reference = Annotated[
    str,
    Field(
        min_length=1,
        max_length=130,
        pattern=PRINTABLE,
        description="The dataset that identifies the person: its id, or <organisation>/<dataset>",
        examples=["demo-education/degrees"],
    ),
]
Value = Annotated[str | int, Field(description="The person's identifier in that field")]
KeyField = Annotated[
    FieldName | None, Field(description="The field that identifies a person; required where the dataset has several")
]
ByField = Annotated[
    bool,
    Field(
        description="Find the person by the owner's field alone, without the identifier scheme that it declares: for "
        "what is sealed from before the dataset's version that declared it"
    ),
]
_PERSON = {"dataset": "demo-civil-affairs/residents", "value": "330106199003078812"}


class PersonReference(In):
    """A person, as a dataset identifies them."""

    dataset: Reference
    field: KeyField = None
    value: Value
    by_field: ByField = False


def _reference(
    dataset: str | None, field: str | None, value: str | int | None, *, by_field: bool
) -> PersonReference | None:
    if dataset is None or value is None:
        return None
    return PersonReference(dataset=dataset, field=field, value=value, by_field=by_field)


class NewErasure(In):
    """A request to erase a person's details, with its legal basis (PIPL Article 47)."""

    model_config = with_example({**_PERSON, "basis": "consent-withdrawn"})

    dataset: Reference | None = None
    field: KeyField = None
    value: Value | None = None
    by_field: ByField = False
    subject: Annotated[Pseudonym | None, Field(description="Instead of dataset and value")] = None
    basis: Erasable

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.dataset is None) != (self.value is None) or (self.dataset is None) == (self.subject is None):
            raise ValueError("either a dataset and a value, or a subject")
        return self

    @property
    def person(self) -> PersonReference | None:
        """The person, where a dataset and a value name one."""
        return _reference(self.dataset, self.field, self.value, by_field=self.by_field)


class NewHold(PersonReference):
    """A legal hold on a person's details. The exchange keeps the reason; the ledger holds its salted digest."""

    model_config = with_example({**_PERSON, "basis": "litigation", "reason": "行政复议"})

    basis: Holding
    reason: Prose


class Lifting(In):
    """The reason for lifting a hold."""

    model_config = with_example({"reason": "案件已结"})

    reason: Prose


class NewReading(In):
    """A request to read sealed details: those beside one entry, or those about one person."""

    model_config = with_example({"entry": 41})

    entry: Annotated[int | None, Field(ge=0, lt=1 << 53, description="The index of an entry")] = None
    dataset: Reference | None = None
    field: KeyField = None
    value: Value | None = None
    by_field: ByField = False
    after: Annotated[int, Field(ge=-1, lt=1 << 53, description="About a person: only entries after this index")] = -1
    limit: Annotated[int, Field(ge=1, le=1000)] = 100

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.dataset is None) != (self.value is None) or (self.dataset is None) == (self.entry is None):
            raise ValueError("either an entry, or a dataset and a value")
        return self

    @property
    def person(self) -> PersonReference | None:
        """The person, where a dataset and a value name one."""
        return _reference(self.dataset, self.field, self.value, by_field=self.by_field)


class DetailsOut(Out):
    """Details sealed about one subject beside one entry.

    `altered`: they do not match the entry's commitment. `missing`: they are gone without an erasure.
    """

    entry: int
    subject: str
    state: Literal["sealed", "erased", "altered", "missing"]
    erased_by: Annotated[int | None, Field(description="The index of the entry that erased it")] = None
    details: Annotated[dict[str, Any] | None, Field(description="The identifiers in the request for data")] = None
    salt: Annotated[str | None, Field(description="32 bytes in hex; with it the entry's commitment can be checked")] = (
        None
    )


class ReadingOut(Out):
    """Sealed details, opened."""

    details: list[DetailsOut]
    next: Annotated[int | None, Field(description="The `after` of the next page; null at the end")]


class ErasureOut(Out):
    """The outcome of an erasure: executed now, executed before, or nothing is held about this person."""

    outcome: Literal["executed", "executed-before", "nothing-held"]
    subject: str | None = None
    entry: Annotated[int | None, Field(description="The index of `erasure.executed`")] = None
    details: Annotated[int, Field(description="How many sealed details were destroyed")] = 0


class HoldOut(Out):
    """A legal hold."""

    id: UUID
    subject: str
    basis: Holding
    reason: str
    salt: Salt
    placed_entry: int
    placed_at: datetime
    lifting: Annotated[str | None, Field(description="The reason why it was lifted")]
    lifted_at: datetime | None
