"""The documents of codes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from adapters.kind import FieldName
from exchange.catalog.terms.schemas import AnswerName, Purpose
from exchange.kernel.schemas import PRINTABLE, In, Out, with_example

Form = Literal["qr", "digits"]


class NewCode(In):
    """A code that a person asks for: which answers about themselves, for whom and for what."""

    model_config = with_example(
        {
            "dataset": "education/degrees",
            "recipient": "01a0c2b4-7d9e-7c3a-8f21-3b5d6e7f8091",
            "purpose": "talent-service",
            "answers": ["masters-or-higher"],
        }
    )

    dataset: Annotated[str, Field(min_length=1, max_length=130, pattern=PRINTABLE)]
    field: Annotated[
        FieldName | None, Field(description="The field that identifies the person, where there are several")
    ] = None
    recipient: Annotated[UUID, Field(description="The organisation that may redeem the code")]
    purpose: Purpose
    answers: Annotated[list[AnswerName], Field(min_length=1, max_length=10, description="Exactly what the code shows")]
    form: Annotated[Form, Field(description="`qr`: 26 characters to scan; `digits`: 8 digits to type")] = "qr"


class CodeOut(Out):
    """A code as it is issued; only this answer has its text."""

    id: UUID
    code: Annotated[
        str,
        Field(
            description="`qr`: the text of the QR code, 26 characters of RFC 4648 base32, 128 random bits; `digits`: 8 digits"
        ),
    ]
    expires_at: datetime


class CodeOfMineOut(Out):
    """A code that you issued, without its text."""

    id: UUID
    dataset: UUID
    recipient: UUID
    purpose: str
    answers: list[str]
    form: Form
    state: Annotated[
        Literal["issued", "redeemed", "revoked", "expired", "void"],
        Field(description="`void`: the recipient tried too many wrong short codes while this one could be guessed"),
    ]
    issued_at: datetime
    expires_at: datetime


class Redemption(In):
    """A code to redeem, for the purpose in the header `Exchange-Purpose`."""

    model_config = with_example({"code": "MFRGGZDFMZTWQ2LKNNWG23TPOA"})

    code: Annotated[
        str, Field(pattern="^(?:[A-Z2-7]{26}|[0-9]{8})$", description="26 characters that were scanned, or 8 digits")
    ]
