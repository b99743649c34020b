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


class AgreementChanged(Body):
    """An agreement became active since its data is provided, or ended since another one amends it; it was suspended, resumed or terminated, or has expired; the demander stated that a use was rectified; or a new
    version of its dataset affected it.
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
    on or misused, or of a wish to pass it on, which is denied. A report and a denied wish propose the suspension.
    """

    type: Literal["agreement.usage_recorded", "agreement.disposed", "agreement.reported", "agreement.resharing_denied"]
    affects_decisions: ClassVar[bool] = False
    consumer: str
    dataset: str
    document: Annotated[Hex, Field(description="salted digest of what was stated")]
    lane: Lane


class DisputeChanged(Body):
    """A dispute about an application or an agreement was opened, or took a step (Decree 809, Article 28)."""

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
    matter_kind: Literal["application", "agreement"]
    matter: Annotated[str, Field(description="the id of the application or agreement")]
    consumer: str
    provider: str
    statement: Annotated[Hex, Field(description="salted digest of what was stated")]
