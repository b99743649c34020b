"""Answers about loads."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from exchange.kernel.schemas import Out


class BadRowOut(Out):
    """A row that was not taken, by its number, and why. It never has the row's values."""

    row: int
    reason: str


class LoadOut(Out):
    """A load of decisions: what the file had, and what merging its rows into the records has done so far."""

    id: UUID
    notice_id: UUID
    state: Literal["receiving", "received", "merged"]
    digest: Annotated[str | None, Field(description="SHA-256 of the file, as in the entry")]
    root: Annotated[str | None, Field(description="Root of the Merkle tree over its valid rows, as in the entry")]
    rows: Annotated[int, Field(description="Rows of the file, without its header")]
    staged: Annotated[int, Field(description="Rows that are valid")]
    bad: Annotated[int, Field(description="Rows that are not")]
    bad_rows: Annotated[list[BadRowOut], Field(description="The first 1000 of them; `/rejects` has all")]
    merged_to: Annotated[int, Field(description="Rows up to this number are merged")]
    given: Annotated[int, Field(description="New consents")]
    renewed: Annotated[int, Field(description="Consents that held and were given again")]
    refused: int
    repeated: Annotated[int, Field(description="Decisions that were recorded already, or twice in the file")]
    outdated: Annotated[int, Field(description="Decisions older than the person's newest one")]
    conflicting: Annotated[int, Field(description="Refusals by people whose consent holds: load a withdrawal")]
    withdrawn: Annotated[int, Field(description="Withdrawals, with those by people who had no consent that holds")]
    started_at: datetime
    received_at: datetime | None
    merged_at: datetime | None
