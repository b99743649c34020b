"""Agreements about data."""

from typing import Annotated, Literal

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


class AgreementChanged(Body):
    """An agreement was suspended, resumed or terminated, or has expired; or a new version of its dataset affected it."""

    type: Literal[
        "agreement.suspended", "agreement.resumed", "agreement.terminated", "agreement.expired", "agreement.affected"
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
