"""Entry bodies: one pydantic model for each entry type, in a file named after the room that writes it.

Every writer writes the same fields, and every reader knows them. No model has a field for personal data: subjects appear
as pseudonyms that die with their keys, filters as digests and as commitments to details sealed beside the entry, and free
text of people (reasons, scenarios) as a salted digest of what the database has. Times are RFC 3339; digests are lower-case
hex SHA-256 unless the field says otherwise. docs/ledger-format.md lists the types from here.
"""

from typing import Any, Final

from ledger.entries.agreements import AgreementChanged, AgreementConcluded, AgreementNarrowed
from ledger.entries.applications import ApplicationChanged, ApplicationDrafted, ApplicationSubmitted
from ledger.entries.audit import AuditRead, AuditReplayed
from ledger.entries.calendar import CalendarEntered, CalendarLoaded, DeadlineOverdue, ParameterSet
from ledger.entries.catalog import (
    DatasetAssessed,
    DatasetChangeExtended,
    DatasetChangeStated,
    DatasetConsented,
    DatasetDraftDiscarded,
    DatasetDrafted,
    DatasetFiled,
    DatasetPublished,
    DatasetReturned,
    DatasetWithdrawn,
    ItemSourceNamed,
)
from ledger.entries.consents import (
    ConsentChanged,
    ConsentNoticeClosed,
    ConsentNoticePublished,
    ConsentsExpired,
    ConsentsLoaded,
    DeletionChanged,
)
from ledger.entries.corrections import CorrectionChanged, CorrectionFiled
from ledger.entries.delivery import DeliveryAborted, DeliveryCompleted, DeliveryRefused, DeliveryStarted
from ledger.entries.jobs import JobDiscarded
from ledger.entries.participants import (
    KeyRegistered,
    KeyRevoked,
    MemberEnrolled,
    OrganisationChanged,
    OrganisationRegistered,
    PrincipalChanged,
    RequestRefused,
    RequestsRefused,
    RoleChanged,
    SystemEnrolled,
)
from ledger.entries.parts import (
    Actor,
    Assessments,
    Body,
    Decision,
    Erasable,
    Hex,
    Holding,
    Lane,
    Object,
    People,
    Reason,
    Request,
    Result,
    Right,
    Scope,
    Session,
    Time,
    moves_fence,
)
from ledger.entries.policy_modules import ModuleAccepted
from ledger.entries.portal import BindingCodeGiven, PersonBound
from ledger.entries.publication import ExchangeInitialised, KeyRotated, LedgerIncarnated, WitnessesDemanded
from ledger.entries.sources import SourceImported, SourceRegistered, SourceSampled, SourceWithdrawn
from ledger.entries.subjects import (
    DetailsDisclosed,
    ErasureExecuted,
    ErasureRefused,
    HoldLifted,
    HoldPlaced,
    PersonRequestChanged,
)
from ledger.entries.whatif import PolicyExplained

_BODIES: Final[tuple[type[Body], ...]] = (
    ExchangeInitialised,
    LedgerIncarnated,
    KeyRotated,
    WitnessesDemanded,
    OrganisationRegistered,
    OrganisationChanged,
    MemberEnrolled,
    SystemEnrolled,
    PrincipalChanged,
    KeyRegistered,
    KeyRevoked,
    RoleChanged,
    SourceRegistered,
    SourceImported,
    SourceSampled,
    SourceWithdrawn,
    DatasetDrafted,
    DatasetDraftDiscarded,
    DatasetAssessed,
    DatasetConsented,
    DatasetFiled,
    DatasetReturned,
    DatasetChangeStated,
    DatasetChangeExtended,
    DatasetPublished,
    DatasetWithdrawn,
    ItemSourceNamed,
    CorrectionFiled,
    CorrectionChanged,
    ApplicationDrafted,
    ApplicationSubmitted,
    ApplicationChanged,
    AgreementConcluded,
    AgreementChanged,
    AgreementNarrowed,
    DeliveryStarted,
    DeliveryCompleted,
    DeliveryAborted,
    DeliveryRefused,
    RequestRefused,
    RequestsRefused,
    AuditRead,
    AuditReplayed,
    ErasureExecuted,
    ErasureRefused,
    HoldPlaced,
    HoldLifted,
    DetailsDisclosed,
    PolicyExplained,
    ModuleAccepted,
    CalendarEntered,
    CalendarLoaded,
    ParameterSet,
    DeadlineOverdue,
    ConsentNoticePublished,
    ConsentNoticeClosed,
    ConsentChanged,
    JobDiscarded,
    ConsentsExpired,
    DeletionChanged,
    ConsentsLoaded,
    PersonRequestChanged,
    PersonBound,
    BindingCodeGiven,
)
"""Every entry model, in the order of docs/ledger-format.md."""

__all__ = [
    "Actor",
    "AgreementChanged",
    "AgreementConcluded",
    "AgreementNarrowed",
    "ApplicationChanged",
    "ApplicationDrafted",
    "ApplicationSubmitted",
    "Assessments",
    "AuditRead",
    "AuditReplayed",
    "BindingCodeGiven",
    "Body",
    "CalendarEntered",
    "CalendarLoaded",
    "ConsentChanged",
    "ConsentNoticeClosed",
    "ConsentNoticePublished",
    "ConsentsExpired",
    "ConsentsLoaded",
    "CorrectionChanged",
    "CorrectionFiled",
    "DatasetAssessed",
    "DatasetChangeExtended",
    "DatasetChangeStated",
    "DatasetConsented",
    "DatasetDraftDiscarded",
    "DatasetDrafted",
    "DatasetFiled",
    "DatasetPublished",
    "DatasetReturned",
    "DatasetWithdrawn",
    "DeadlineOverdue",
    "Decision",
    "DeletionChanged",
    "DeliveryAborted",
    "DeliveryCompleted",
    "DeliveryRefused",
    "DeliveryStarted",
    "DetailsDisclosed",
    "Erasable",
    "ErasureExecuted",
    "ErasureRefused",
    "ExchangeInitialised",
    "Hex",
    "HoldLifted",
    "HoldPlaced",
    "Holding",
    "ItemSourceNamed",
    "JobDiscarded",
    "KeyRegistered",
    "KeyRevoked",
    "KeyRotated",
    "Lane",
    "LedgerIncarnated",
    "MemberEnrolled",
    "ModuleAccepted",
    "Object",
    "OrganisationChanged",
    "OrganisationRegistered",
    "ParameterSet",
    "People",
    "PersonBound",
    "PersonRequestChanged",
    "PolicyExplained",
    "PrincipalChanged",
    "Reason",
    "Request",
    "RequestRefused",
    "RequestsRefused",
    "Result",
    "Right",
    "RoleChanged",
    "Scope",
    "Session",
    "SourceImported",
    "SourceRegistered",
    "SourceSampled",
    "SourceWithdrawn",
    "SystemEnrolled",
    "Time",
    "WitnessesDemanded",
    "all_bodies",
    "moves_fence",
    "types_of",
]


def all_bodies() -> tuple[type[Body], ...]:
    """Every entry model, in the order of docs/ledger-format.md."""
    return _BODIES


def types_of(model: type[Body]) -> tuple[str, ...]:
    """The values of `type` that a model allows."""
    annotation: Any = model.model_fields["type"].annotation
    return tuple(annotation.__args__)
