"""Corrections (校核). No entry names a person: who a correction is about is sealed in the database."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex


class CorrectionFiled(Body):
    """A consumer stated that data it has under an agreement is inaccurate or incomplete."""

    type: Literal["correction.filed"] = "correction.filed"
    affects_decisions: ClassVar[bool] = False
    agreement: str
    consumer: str
    dataset: str
    statement: Annotated[Hex, Field(description="salted digest of the fields and the statement")]


class CorrectionChanged(Body):
    """The owner corrected the data or confirmed that it is accurate, or the consumer settled, disputed or withdrew the matter."""

    type: Literal[
        "correction.corrected",
        "correction.confirmed",
        "correction.settled",
        "correction.disputed",
        "correction.withdrawn",
    ]
    affects_decisions: ClassVar[bool] = False
    consumer: str
    dataset: str
    statement: Annotated[Hex, Field(description="salted digest of what the side stated")]
    content_version: Annotated[int | None, Field(description="of a file: the content that is corrected")] = None
    told: Annotated[
        int | None, Field(description="of a correction: how many organisations with the fields were told")
    ] = None
