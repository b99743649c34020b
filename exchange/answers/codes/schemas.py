"""The documents of codes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from adapters.kind import FieldName
from exchange.catalog.terms.schemas import AnswerName, Purpose
from exchange.kernel.schemas import PRINTABLE, In, Out, with_example


class NewCode(In):
    """A code that a person asks for: which answers about themselves, for whom and for what."""

    dataset: Annotated[str, Field(min_length=1, max_length=130, pattern=PRINTABLE)]
    field: Annotated[
        FieldName | None, Field(description="The field that identifies the person, where there are several")
    ] = None
    recipient: Annotated[UUID, Field(description="The organisation that may redeem the code")]
    purpose: Purpose
    answers: Annotated[list[AnswerName], Field(min_length=1, max_length=10, description="Exactly what the code shows")]


class CodeOut(Out):
    """A code as it is issued; only this answer has its text."""

    id: UUID
    code: Annotated[
        str, Field(description="The text of the QR code: 26 characters of RFC 4648 base32, 128 random bits")
    ]
    expires_at: datetime


class Redemption(In):
    """A code to redeem, for the purpose in the header `Exchange-Purpose`."""

    model_config = with_example({"code": "MFRGGZDFMZTWQ2LKNNWG23TPOA"})

    code: Annotated[str, Field(pattern="^[A-Z2-7]{26}$")]
