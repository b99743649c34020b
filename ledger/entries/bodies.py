"""What an entry says: one model per type, so that every writer writes the same fields and every reader knows them.

No model has a place for a person's data: subjects appear as pseudonyms that die with their keys, filters as digests and as
commitments to what is sealed beside the entry, free text of people (reasons, scenarios) stays in the database and enters
as a salted digest. Times are RFC 3339, digests are lower-case hex SHA-256 unless a field says otherwise.
docs/ledger-format.md lists the types from here.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Actor as Actor
from ledger.entries.parts import Assessments as Assessments
from ledger.entries.parts import Body as Body
from ledger.entries.parts import Decision as Decision
from ledger.entries.parts import Erasable as Erasable
from ledger.entries.parts import Hex as Hex
from ledger.entries.parts import Holding as Holding
from ledger.entries.parts import Lane as Lane
from ledger.entries.parts import Object as Object
from ledger.entries.parts import Reason as Reason
from ledger.entries.parts import Request as Request
from ledger.entries.parts import Result as Result
from ledger.entries.parts import Time as Time


class ExchangeInitialised(Body):
    """The first entry: the exchange exists, with its ledger key and its operator."""

    type: Literal["exchange.initialised"] = "exchange.initialised"
    origin: str
    vkey: str


class LedgerIncarnated(Body):
    """The first entry of a ledger that goes on after a restore: under a new origin and key, since the database had lost
    what the ledger before had signed. `checkpoint` is the last that was signed of that one, as a signed note; of its
    entries, the first `kept`, whose tree has the root `root`, were in the restored database and are what it goes on from.
    """

    type: Literal["ledger.incarnated"] = "ledger.incarnated"
    origin: str
    vkey: str
    predecessor: str
    checkpoint: Annotated[str | None, Field(description="a signed note; absent where nothing had been signed")] = None
    kept: int
    root: Hex


class KeyRotated(Body):
    """One of the exchange's own keys gives way to another: the ledger's, from trees of `valid_from` entries on, or the one
    that signs answers. `statement` is a signed note by the old key that says the same; see [Keys](#keys).
    """

    type: Literal["key.rotated"] = "key.rotated"
    affects_decisions: ClassVar[bool] = False
    purpose: Annotated[Literal["ledger", "answers"], Field(description="what the key signs")]
    old: Annotated[str, Field(description="verifier key")]
    new: Annotated[str, Field(description="verifier key")]
    valid_from: int
    since: Time
    statement: Annotated[str, Field(description="a signed note")]


class OrganisationRegistered(Body):
    """An organisation asked to join."""

    type: Literal["organisation.registered"] = "organisation.registered"
    code: str
    handle: str
    organisation_kind: Literal["department", "enterprise", "institution"]


class OrganisationChanged(Body):
    """An organisation was admitted, suspended, reinstated, or departed."""

    type: Literal["organisation.admitted", "organisation.suspended", "organisation.reinstated", "organisation.departed"]


class MemberEnrolled(Body):
    """A person was enrolled in an organisation. The name stays in the database."""

    type: Literal["member.enrolled"] = "member.enrolled"
    affects_decisions: ClassVar[bool] = False
    organisation: str


class SystemEnrolled(Body):
    """A machine client was enrolled in an organisation."""

    type: Literal["system.enrolled"] = "system.enrolled"
    affects_decisions: ClassVar[bool] = False
    organisation: str
    handle: str


class PrincipalChanged(Body):
    """A member or system was suspended or reinstated."""

    type: Literal["principal.suspended", "principal.reinstated"]


class KeyRegistered(Body):
    """A key now speaks for a principal; `supersedes` names the one it replaces after the overlap."""

    type: Literal["key.registered"] = "key.registered"
    principal: str
    public_key: Annotated[str, Field(description="base64url, 32 bytes")]
    supersedes: str | None = None
    until: Annotated[Time | None, Field(description="when the superseded key ends")] = None


class KeyRevoked(Body):
    """A key no longer speaks for its principal."""

    type: Literal["key.revoked"] = "key.revoked"
    principal: str


class RoleChanged(Body):
    """A principal got or lost a role in a domain (an organisation, or `exchange`)."""

    type: Literal["role.assigned", "role.revoked"]
    role: str
    domain: str


class SourceRegistered(Body):
    """An owner named a place where its data lives."""

    type: Literal["source.registered"] = "source.registered"
    affects_decisions: ClassVar[bool] = False
    source_kind: Literal["file", "postgresql"]


class SourceImported(Body):
    """A file was read into an immutable snapshot; `content` is the digest of the file as it came."""

    type: Literal["source.imported"] = "source.imported"
    content: Hex
    rows: int
    columns: int


class SourceWithdrawn(Body):
    """A source is no longer read."""

    type: Literal["source.withdrawn"] = "source.withdrawn"


class DatasetDrafted(Body):
    """A dataset was described, or its draft changed; `document` is the salted digest of the description."""

    type: Literal["dataset.drafted"] = "dataset.drafted"
    affects_decisions: ClassVar[bool] = False
    document: Hex


class DatasetPublished(Body):
    """A version of a dataset, with its terms, is offered; `document` is the salted digest of both."""

    type: Literal["dataset.published"] = "dataset.published"
    document: Hex
    level: str
    sharing: Literal["unconditional", "conditional", "not_shared"]
    assessments: Assessments | None = None


class DatasetWithdrawn(Body):
    """A dataset is no longer offered."""

    type: Literal["dataset.withdrawn"] = "dataset.withdrawn"
    reason: Annotated[Hex, Field(description="salted digest of the reason")]


class ApplicationSubmitted(Body):
    """A consumer asked for fields of a dataset; `document` is the salted digest of the application."""

    type: Literal["application.submitted"] = "application.submitted"
    affects_decisions: ClassVar[bool] = False
    basis: Annotated[Hex, Field(description="salted digest of the basis")]
    dataset: str
    document: Hex
    lane: Lane
    purpose: str


class ApplicationChanged(Body):
    """An application was sent back once for more, completed, refused with reasons, or taken back."""

    type: Literal[
        "application.supplement_requested", "application.supplemented", "application.refused", "application.withdrawn"
    ]
    affects_decisions: ClassVar[bool] = False
    dataset: str
    lane: Lane
    statement: Annotated[Hex, Field(description="salted digest of what was said")]


class AgreementConcluded(Body):
    """An owner granted an application, perhaps narrower; `document` is the salted digest of what both sides accepted."""

    type: Literal["agreement.concluded"] = "agreement.concluded"
    application: str
    consumer: str
    dataset: str
    document: Hex
    lane: Lane
    not_after: Time
    purpose: str
    assessments: Assessments | None = None


class AgreementChanged(Body):
    """An agreement was suspended, resumed, terminated, or found to have expired."""

    type: Literal["agreement.suspended", "agreement.resumed", "agreement.terminated", "agreement.expired"]
    consumer: str
    dataset: str
    lane: Lane
    statement: Annotated[Hex | None, Field(description="salted digest of the reason")] = None


class _Delivery(Body):
    affects_decisions: ClassVar[bool] = False
    agreement: str | None = None
    dataset: str | None = None
    lane: Lane | None = None
    purpose: str | None = None
    decision: Decision | None = None
    subjects: Annotated[
        list[Hex] | None, Field(description="pseudonyms of the people whom the question named, at most 100")
    ] = None
    sealed: Annotated[
        list[Hex] | None,
        Field(description="for each of `subjects`, the commitment to what is sealed: how the question named it"),
    ] = None
    named: Annotated[int | None, Field(description="how many people the question named, where over 100")] = None


class DeliveryStarted(_Delivery):
    """A stream was allowed and is about to begin."""

    type: Literal["delivery.started"] = "delivery.started"
    plan: Hex


class DeliveryCompleted(_Delivery):
    """Data left in full: an answer with its decision, or the end of a stream that `started` began."""

    type: Literal["delivery.completed"] = "delivery.completed"
    plan: Hex | None = None
    result: Result
    started: int | None = None


class DeliveryAborted(_Delivery):
    """A stream ended early; `result` is what may have left."""

    type: Literal["delivery.aborted"] = "delivery.aborted"
    cause: Literal["client-left", "source-failed", "permission-ended", "exchange-stopped"]
    result: Result
    started: int


class DeliveryRefused(_Delivery):
    """A request for data was refused; `problem` is the problem type's name."""

    type: Literal["delivery.refused"] = "delivery.refused"
    problem: str


class RequestRefused(Body):
    """A signed request other than for data was refused."""

    type: Literal["request.refused"] = "request.refused"
    affects_decisions: ClassVar[bool] = False
    method: str
    problem: str
    route: str


class AuditRead(Body):
    """Somebody searched the ledger through the exchange, in the scope that its roles give: everything, or what is its
    organisation's. The salt of `query` is in the answer.
    """

    type: Literal["audit.read"] = "audit.read"
    affects_decisions: ClassVar[bool] = False
    query: Annotated[Hex, Field(description="salted digest of the filter")]
    found: Annotated[int, Field(description="how many entries were shown")]
    scope: Annotated[
        Literal["exchange", "organisation"] | None, Field(description="absent in entries before it was told")
    ] = None


class AuditReplayed(Body):
    """Somebody had the decision of an entry, the object, made again from what is kept of it, and was told the verdict. An
    entry of a former incarnation of the ledger is named `<incarnation>/<index>`.
    """

    type: Literal["audit.replayed"] = "audit.replayed"
    affects_decisions: ClassVar[bool] = False
    scope: Literal["exchange", "organisation"]
    verdict: str


class ErasureExecuted(Body):
    """A subject's key and everything sealed under it were destroyed; the object is the subject's pseudonym.

    From here on its entries tell of nobody. Everything about them stays provable but the details.
    """

    type: Literal["erasure.executed"] = "erasure.executed"
    basis: Erasable
    details: Annotated[int, Field(description="how many sealed details there were")]
    key_id: Annotated[str, Field(description="the key that was destroyed")]


class ErasureRefused(Body):
    """A subject's details may not be erased yet."""

    type: Literal["erasure.refused"] = "erasure.refused"
    affects_decisions: ClassVar[bool] = False
    basis: Erasable
    cause: Literal["legal-hold", "retention"]
    until: Annotated[Time | None, Field(description="when the retention ends")] = None


class HoldPlaced(Body):
    """A subject's details have to be kept, whatever asks for their erasure, until the hold is lifted."""

    type: Literal["hold.placed"] = "hold.placed"
    affects_decisions: ClassVar[bool] = False
    basis: Holding
    hold: str
    statement: Annotated[Hex, Field(description="salted digest of the reason")]


class HoldLifted(Body):
    """A hold is over."""

    type: Literal["hold.lifted"] = "hold.lifted"
    affects_decisions: ClassVar[bool] = False
    hold: str
    statement: Annotated[Hex, Field(description="salted digest of the reason")]


class DetailsDisclosed(Body):
    """Somebody read sealed details: those of an entry, or those about a subject; `found` could be opened."""

    type: Literal["details.disclosed"] = "details.disclosed"
    affects_decisions: ClassVar[bool] = False
    found: int


class PolicyExplained(Body):
    """Somebody asked what would be decided about a delivery, and why; nothing was delivered."""

    type: Literal["policy.explained"] = "policy.explained"
    affects_decisions: ClassVar[bool] = False
    principal: Annotated[str, Field(description="whose delivery it would be")]
    purpose: str
    outcome: Literal["allow", "deny"]


class ModuleAccepted(Body):
    """An owner's own module passed its checks and its tests and may be attached to that owner's datasets; the object is the
    digest of its files. Terms that name it are in the digest of a dataset's document.
    """

    type: Literal["module.accepted"] = "module.accepted"
    affects_decisions: ClassVar[bool] = False
    organisation: Annotated[str, Field(description="whose it is")]
    tests: Annotated[int, Field(description="how many tests it brought")]
    checked_by: Annotated[str, Field(description="the engines that compiled it and ran its tests")]


def all_bodies() -> list[type[Body]]:
    """Every entry model, in the order of this page."""
    found: list[type[Body]] = []
    for model in Body.__subclasses__():
        found.extend(model.__subclasses__() if model.__name__.startswith("_") else [model])
    return found


def types_of(model: type[Body]) -> tuple[str, ...]:
    """The values of `type` that a model writes."""
    annotation: Any = model.model_fields["type"].annotation
    return tuple(annotation.__args__)
