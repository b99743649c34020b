"""Requests and answers about filings."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from exchange.catalog.changes.schemas import Due
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.terms.schemas import Assessment
from exchange.kernel.schemas import In, Out, Prose, Salt, with_example

State = Literal["assessed", "consented", "filed", "returned", "published", "replaced", "discarded", "withdrawn"]


class SecrecyAssessment(In):
    """The assessment of secrecy risks (保密风险评估) of a draft. The impact assessment is a member of the document."""

    model_config = with_example(
        {
            "secrecy": {
                "reference": "浙教保〔2026〕3号",
                "digest": "5f0c9a3f6c1f1a0f7b3ad0de3b1f5a6e2c0b7e6d4c8b9a1f2e3d4c5b6a798081",
                "concluded_on": "2026-03-31",
            }
        }
    )

    secrecy: Assessment


class Return(In):
    """The reason for a return, for the department. The exchange keeps it; the ledger holds its salted digest."""

    model_config = with_example({"reason": "使用条件不明确"})

    reason: Prose


class FilingOut(Out):
    """One draft's way to the catalogue."""

    id: UUID
    dataset: UUID
    organisation: UUID
    state: State
    verbs: Annotated[list[str], Field(description="What can happen next")]
    digest: Annotated[str, Field(description="The salted digest of the draft, as on the ledger")]
    secrecy: dict[str, Any]
    salt: Salt
    assessed_by: UUID
    assessed_at: datetime
    consented_by: UUID | None
    consented_at: datetime | None
    filed_by: UUID | None
    filed_at: datetime | None
    reason: Annotated[str | None, Field(description="Why the authority returned it")]
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    version: Annotated[int | None, Field(description="The version that it became")]
    document: Annotated[DatasetDocument | None, Field(description="The draft, while the filing is open")]
    review: Annotated[Due | None, Field(description="The authority's clock, while it runs")]
