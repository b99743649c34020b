"""The documents of what a person can show."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from exchange.kernel.schemas import Out


class AnswerOut(Out):
    """An answer that a dataset offers about you."""

    name: str
    title: str
    title_en: str


class WindowOut(Out):
    """An organisation that may redeem a code for some of the answers, for one purpose, under its agreement."""

    recipient: UUID
    name: Annotated[str, Field(description="Its names and handle")]
    purpose: str
    answers: list[str]
    until: Annotated[datetime, Field(description="When its agreement ends")]


class ShowableOut(Out):
    """What one dataset can tell about you by yes or no, and who may be shown it."""

    dataset: UUID
    reference: Annotated[str, Field(description="<organisation>/<dataset>")]
    owner: str
    field: Annotated[str, Field(description="The field by which it identifies you")]
    answers: list[AnswerOut]
    windows: list[WindowOut]
