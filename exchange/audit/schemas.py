"""Requests and answers of audit."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from exchange.audit.replaying import Verdict
from exchange.kernel.clock import rfc3339
from exchange.kernel.schemas import In, Moment, Out, with_example
from exchange.subjects.schemas import PersonReference
from ledger.entries.parts import Lane

Word = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
_MOST = 2**53


class Filter(In):
    """A search filter: entries that match every given value, or all entries where none is given."""

    organisation: Annotated[Word | None, Field(description="Who acted: the organisation's id or handle")] = None
    principal: Annotated[
        Word | None, Field(description="Who acted: the member's or system's id, or <organisation>/<handle>")
    ] = None
    key: Annotated[Word | None, Field(description="Who acted: the key's id")] = None
    type: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_.]{0,63}\*?$")] | None,
        Field(description="What happened: `delivery.refused`; `delivery` or `delivery.*` for all that begin so"),
    ] = None
    object_kind: Annotated[Word | None, Field(description="What was acted on: its kind, such as `key`")] = None
    object: Annotated[Word | None, Field(description="What was acted on: its id")] = None
    dataset: Annotated[
        Word | None,
        Field(description="The dataset's id, or <organisation>/<dataset>, which finds withdrawn ones of this name too"),
    ] = None
    agreement: Annotated[Word | None, Field(description="The agreement's id")] = None
    owner: Annotated[
        Word | None, Field(description="Whose data or people it is about: the organisation's id or handle")
    ] = None
    consumer: Annotated[
        Word | None, Field(description="Who applied, was granted or received: the organisation's id or handle")
    ] = None
    subject: Annotated[Word | None, Field(description="The pseudonym of the person the data is about")] = None
    since: Annotated[Moment | None, Field(description="Not before this time")] = None
    until: Annotated[Moment | None, Field(description="Before this time")] = None
    outcome: Annotated[
        Literal["allowed", "refused"] | None, Field(description="Whether it was done, or refused with a problem")
    ] = None
    problem: Annotated[
        Word | None, Field(description="Refused with this problem type, such as `purpose-not-granted`")
    ] = None
    purpose: Annotated[Word | None, Field(description="The purpose that was stated")] = None
    lane: Annotated[Lane | None, Field(description="The rule set that held")] = None
    incarnation: Annotated[
        int | None,
        Field(ge=1, lt=10_000, description="The incarnation of the ledger; by default the present one"),
    ] = None
    order: Annotated[Literal["oldest", "newest"], Field(description="Which come first")] = "oldest"
    start: Annotated[
        int | None,
        Field(ge=0, lt=_MOST, description="The index to begin at, itself included: `next` of the page before"),
    ] = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100

    def plain(self) -> dict[str, Any]:
        """The filter as JSON, whose commitment is on the ledger: given values and defaults, times in UTC."""
        plain = self.model_dump(exclude_none=True)
        return plain | {name: rfc3339(plain[name]) for name in ("since", "until") if name in plain}


class EntryOut(Out):
    """A parsed entry. The hashed bytes are at /ledger/entries/{index}."""

    index: int
    hash: Annotated[str, Field(description="The leaf hash of the entry's bytes, hex")]
    prev: str
    body: dict[str, Any]


class EntriesOut(Out):
    """A page of entries in order."""

    entries: list[EntryOut]
    names: Annotated[
        dict[str, str],
        Field(
            description="What ids in the entries mean today, where you may see it: an organisation's handle, "
            "`<organisation>/<handle>` of a member, a system or a dataset. Names are not on the ledger"
        ),
    ]
    next: Annotated[int | None, Field(description="The `start` of the next page; null at the end")]
    size: Annotated[int, Field(description="The number of entries of the ledger; all of them were searched")]
    incarnation: Annotated[int, Field(description="The incarnation of the ledger that was searched")]
    query: Annotated[dict[str, Any], Field(description="The filter whose salted digest is on the ledger")]
    salt: Annotated[str, Field(description="16 bytes in hex; with it, `query` on the ledger can be checked")]


class Person(PersonReference):
    """A person to report about, as a dataset identifies them."""

    model_config = with_example({"dataset": "demo-civil-affairs/residents", "value": "330106199003078812"})


class RecipientOut(Out):
    """A receiver of data for a purpose, how often and when."""

    organisation: UUID
    handle: str | None
    name_zh: str | None
    name_en: str | None
    purpose: str
    deliveries: int
    first: str
    last: str
    agreements: list[str]
    entries: Annotated[list[int], Field(description="The deliveries' entries, newest first")]


class PersonReportOut(Out):
    """The receivers of a person's data. The report itself is on the ledger."""

    subject: Annotated[str | None, Field(description="The person's pseudonym; null where nothing names the person")]
    named: Annotated[list[RecipientOut], Field(description="By deliveries whose request named the person")]
    possible: Annotated[
        list[RecipientOut],
        Field(
            description="By other deliveries of the dataset whose request named nobody: the person's row may be among "
            "those that left"
        ),
    ]
    is_complete: Annotated[bool, Field(description="False where only the newest deliveries were read")]
    salt: Annotated[str, Field(description="16 bytes in hex, of the question's digest on the ledger")]


class DifferenceOut(Out):
    """One difference between an entry and the replayed decision, in digests."""

    what: str
    recorded: Any
    replayed: Any


class ReplayOut(Out):
    """A decision replayed with the bundle, the input and the time of its entry."""

    index: int
    verdict: Verdict
    explanation: str
    at: str | None
    policy: Annotated[str | None, Field(description="The digest of the policy bundle that decided")]
    differences: list[DifferenceOut]
    input: Annotated[dict[str, Any] | None, Field(description="The decision's input, without the time")]
    salt: Annotated[str | None, Field(description="The salt of the digests of input and obligations, hex")]
