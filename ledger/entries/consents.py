"""Consents of people. No entry names a person: `consent` is a random id, and who it is about is in the salted statement."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.calendar import Day
from ledger.entries.parts import Body, Hex


class ConsentNoticePublished(Body):
    """An owner published a notice (告知书): for consents to providing these fields to this recipient for this purpose.

    `document` is the salted digest of what people are shown.
    """

    type: Literal["consent_notice.published"] = "consent_notice.published"
    consumer: Annotated[str, Field(description="the recipient")]
    dataset: str
    document: Hex
    purpose: str


class ConsentNoticeClosed(Body):
    """An owner closed a notice: nobody consents under it any more. Consents that were given hold until they end."""

    type: Literal["consent_notice.closed"] = "consent_notice.closed"
    affects_decisions: ClassVar[bool] = False
    consumer: Annotated[str, Field(description="the recipient")]
    dataset: str
    purpose: str
    statement: Annotated[Hex, Field(description="salted digest of the reason")]


class ConsentChanged(Body):
    """A person was asked for consent, gave, refused, deferred, renewed or withdrew it; or others ended it, or time did.

    It does not name the recipient in `consumer`: recipients may not learn from the ledger who refused them.
    """

    type: Literal[
        "consent.requested",
        "consent.given",
        "consent.refused",
        "consent.deferred",
        "consent.renewed",
        "consent.withdrawn",
        "consent.revoked",
        "consent.expired",
        "consent.invalidated",
    ]
    affects_decisions: ClassVar[bool] = False
    dataset: str
    notice: str
    statement: Annotated[Hex, Field(description="salted digest of the record's new statement")]
    epoch: Annotated[int | None, Field(description="of an ending: the epoch of the notice's scope from then on")] = None


class ConsentsExpired(Body):
    """The terms of several people's consents under one notice ended; the object is the notice."""

    type: Literal["consents.expired"] = "consents.expired"
    affects_decisions: ClassVar[bool] = False
    consents: Annotated[Hex, Field(description="salted digest of the sorted list of their ids")]
    count: int
    dataset: str
    epoch: int


class ConsentsWithdrawn(Body):
    """Several people withdrew under one notice, by a file that was loaded before; the object is the notice."""

    type: Literal["consents.withdrawn"] = "consents.withdrawn"
    affects_decisions: ClassVar[bool] = False
    consents: Annotated[Hex, Field(description="salted digest of the sorted list of their ids")]
    count: int
    dataset: str
    epoch: Annotated[int, Field(description="the epoch of the notice's scope from then on")]
    load: str


class DeletionChanged(Body):
    """A recipient is told to delete what it holds about people whose consent ended; it did, with evidence; or it is late.

    The object is the deletion.
    """

    type: Literal["deletion.ordered", "deletion.evidenced", "deletion.overdue"]
    affects_decisions: ClassVar[bool] = False
    consumer: Annotated[str, Field(description="the recipient, who has to delete")]
    dataset: str
    notice: str
    people: int
    due: Day | None = None
    statement: Annotated[Hex | None, Field(description="salted digest of the evidence")] = None


class ConsentsLoaded(Body):
    """An owner loaded a file of decisions under a notice, which is the object.

    `root` is that of the Merkle tree (RFC 6962) over the file's valid rows, each with the look-up of its person.
    """

    type: Literal["consents.loaded"] = "consents.loaded"
    affects_decisions: ClassVar[bool] = False
    bad: Annotated[int, Field(description="rows that were not taken")]
    content: Annotated[Hex, Field(description="SHA-256 of the file")]
    count: Annotated[int, Field(description="valid rows")]
    dataset: str
    load: str
    root: Hex
