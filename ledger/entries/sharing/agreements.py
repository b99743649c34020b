"""Agreements about data, and disputes between departments."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Assessments, Body, Hex, Lane, Time


class AgreementConcluded(Body):
    """An owner granted an application, in full or in part; `document` is the salted digest of what both sides accepted."""

    type: Literal["agreement.concluded"] = "agreement.concluded"
    application: str
    consumer: str
    dataset: str
    document: Hex
    lane: Lane
    not_after: Time
    purpose: str
    assessments: Assessments | None = None
    amends: Annotated[str | None, Field(description="the agreement that ends when this one becomes active")] = None
    provision: Annotated[
        Literal["later"] | None,
        Field(
            description="the data is provided later, and `agreement.activated` states it; otherwise it is active at once"
        ),
    ] = None
    contract: Annotated[
        Hex | None, Field(description="SHA-256 of the contract that both sides signed, where it comes from an order")
    ] = None
    price: Annotated[
        Hex | None,
        Field(
            description="salted digest of the price document; its deliveries have a place in the agreement's account"
        ),
    ] = None


class AgreementChanged(Body):
    """An agreement was suspended, resumed or terminated, or has expired; the demander stated that a use was rectified; or a new
    version of its dataset affected it. It became active since its data is provided, or ended since another one amends it.
    """

    type: Literal[
        "agreement.activated",
        "agreement.amended",
        "agreement.suspended",
        "agreement.rectified",
        "agreement.resumed",
        "agreement.terminated",
        "agreement.expired",
        "agreement.affected",
    ]
    consumer: str
    dataset: str
    lane: Lane
    statement: Annotated[Hex | None, Field(description="salted digest of the reason")] = None


class AgreementNarrowed(Body):
    """An owner narrowed an agreement; `document` is the salted digest of what was taken away, and why."""

    type: Literal["agreement.narrowed"] = "agreement.narrowed"
    consumer: str
    dataset: str
    document: Hex
    lane: Lane


class AgreementRecorded(Body):
    """A record about an agreement between departments: of the use of the data, of its disposal, of a report that it was passed
    on or misused, or of a wish to pass it on, which is denied. A report and a denied wish propose the suspension. Or the
    agreement ended with its dataset without a notice ahead.
    """

    type: Literal[
        "agreement.usage_recorded",
        "agreement.disposed",
        "agreement.reported",
        "agreement.resharing_denied",
        "agreement.stopped_unannounced",
    ]
    affects_decisions: ClassVar[bool] = False
    consumer: str
    dataset: str
    document: Annotated[Hex, Field(description="salted digest of what was stated")]
    lane: Lane


class AgreementNoticeChanged(Body):
    """A provider announced that it stops or changes the sharing of a dataset from a day on, consulted the demanders and filed
    that with the authority, carried the notice out, or withdrew it (Decree 809, Article 27).
    """

    type: Literal[
        "agreement_notice.announced",
        "agreement_notice.consulted",
        "agreement_notice.carried_out",
        "agreement_notice.withdrawn",
    ]
    affects_decisions: ClassVar[bool] = False
    dataset: str
    change: Annotated[Literal["stop", "change"], Field(description="what the notice is of")]
    outcome: Annotated[
        Literal["terminate", "keep"], Field(description="what becomes of the agreements when it is carried out")
    ]
    effective_on: Annotated[str, Field(description="the first day on which it may be carried out")]
    agreements: Annotated[list[str], Field(description="the agreements that it is about")]
    statement: Annotated[Hex, Field(description="salted digest of what was stated")]


class DisputeChanged(Body):
    """A dispute about an application, an agreement or a correction was opened, or took a step (Decree 809, Article 28)."""

    type: Literal[
        "dispute.opened",
        "dispute.settled",
        "dispute.applied",
        "dispute.coordinated",
        "dispute.agreed",
        "dispute.referred",
        "dispute.decided",
    ]
    affects_decisions: ClassVar[bool] = False
    matter_kind: Literal["application", "agreement", "correction"]
    matter: Annotated[str, Field(description="the id of the application, agreement or correction")]
    consumer: str
    provider: str
    statement: Annotated[Hex, Field(description="salted digest of what was stated")]
