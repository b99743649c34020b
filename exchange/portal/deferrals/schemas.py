"""Requests and answers about deferrals."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from exchange.kernel.schemas import In, Out, Prose, Salt, Text, with_example
from exchange.subjects.schemas import Reference


class NewDeferral(In):
    """A deferral that a second person has to confirm. It covers what follows the confirmation."""

    model_config = with_example(
        {
            "dataset": "demo-civil-affairs/residents",
            "purpose": "investigation",
            "law": "监察法 第十八条",
            "reason": "案件调查期间告知将妨碍调查",
            "visible_from": "2026-03-01T00:00:00+08:00",
        }
    )

    dataset: Reference
    purpose: Annotated[
        str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="The purpose whose uses are deferred")
    ]
    law: Annotated[Text, Field(min_length=2, description="The law that demands it, with its article")]
    reason: Prose
    visible_from: Annotated[AwareDatetime, Field(description="When everything appears, without anybody's act")]
    extends: Annotated[UUID | None, Field(description="The deferral in force that this one makes longer")] = None


class DeferralOut(Out):
    """A deferral, for the organisation that made it and for auditors."""

    id: UUID
    organisation_id: UUID
    dataset_id: UUID
    purpose: str
    law: str
    reason: str
    salt: Salt
    extends_id: UUID | None
    visible_from: datetime
    proposed_by: UUID
    proposed_at: datetime
    confirmed_by: Annotated[UUID | None, Field(description="Null: nothing is deferred by it yet")]
    confirmed_at: datetime | None
    begins_at: Annotated[datetime | None, Field(description="From when uses are covered")]
