"""Applications for data."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex, Lane, Time


class ApplicationSubmitted(Body):
    """A consumer applied for fields of a dataset; `document` is the salted digest of the application."""

    type: Literal["application.submitted"] = "application.submitted"
    affects_decisions: ClassVar[bool] = False
    basis: Annotated[Hex, Field(description="salted digest of the basis")]
    dataset: str
    document: Hex
    lane: Lane
    purpose: str


class ApplicationChanged(Body):
    """An application was returned for a supplement (once), supplemented, refused with reasons, or withdrawn."""

    type: Literal[
        "application.supplement_requested", "application.supplemented", "application.refused", "application.withdrawn"
    ]
    affects_decisions: ClassVar[bool] = False
    dataset: str
    lane: Lane
    statement: Annotated[Hex, Field(description="salted digest of the text")]
    due: Annotated[
        Time | None, Field(description="of a requested supplement: only afterwards may the owner refuse")
    ] = None
