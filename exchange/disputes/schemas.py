"""Requests and answers about disputes."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from exchange.kernel.schemas import In, Out, Prose, Salt, with_example

MatterKind = Literal["application", "agreement", "correction"]


class NewDispute(In):
    """A dispute about an application or an agreement between departments. A correction is disputed at its own address."""

    model_config = with_example(
        {"kind": "agreement", "matter": "01930b2e-6f1a-7000-8000-000000000006", "statement": "对共享范围有异议"}
    )

    kind: Literal["application", "agreement"]
    matter: UUID
    statement: Prose


class DisputeStep(In):
    """A step of a dispute, with what was negotiated, applied for, coordinated or decided."""

    model_config = with_example({"verb": "settle", "statement": "双方协商一致"})

    verb: Literal["settle", "apply", "coordinate", "agree", "refer", "decide"]
    statement: Prose


class DisputeStatementOut(Out):
    """A statement in a dispute."""

    type: str
    organisation_id: UUID
    statement: str
    salt: Salt
    stated_at: datetime


class DisputeOut(Out):
    """A dispute, as both sides and the authority see it."""

    id: UUID
    matter_kind: MatterKind
    matter_id: UUID
    provider_id: UUID
    demander_id: UUID
    state: str
    opened_at: datetime
    statements: list[DisputeStatementOut]
