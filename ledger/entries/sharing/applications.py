"""Applications for data."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex, Lane, Time


class ApplicationDrafted(Body):
    """A department drafted an application, which its approver has to consent to, or discarded the draft.

    The owner of the data does not see it, so the entry names no dataset.
    """

    type: Literal["application.drafted", "application.discarded"]
    affects_decisions: ClassVar[bool] = False
    consumer: str
    document: Annotated[Hex, Field(description="salted digest of the application")]
    lane: Lane


class ApplicationSubmitted(Body):
    """A consumer applied for fields of a dataset; `document` is the salted digest of the application. Between departments the
    actor is the approver who consented to the draft (Decree 809, Article 20), and the time of the reply begins.
    """

    type: Literal["application.submitted"] = "application.submitted"
    affects_decisions: ClassVar[bool] = False
    basis: Annotated[Hex, Field(description="salted digest of the basis")]
    dataset: str
    document: Hex
    lane: Lane
    purpose: str
    attribute: Annotated[
        Literal["unconditional", "conditional"] | None,
        Field(description="by which the reply is due, between departments"),
    ] = None
    return_flow: Annotated[Literal[True] | None, Field(description="data returns to the region it came from")] = None
    amends: Annotated[str | None, Field(description="the agreement whose scope it asks to change")] = None


class ApplicationChanged(Body):
    """An application was returned for a supplement (once), supplemented, refused with reasons, or withdrawn; or the sharing
    authority consented to a longer time of the reply, or the owner extended it with this consent.
    """

    type: Literal[
        "application.supplement_requested",
        "application.supplemented",
        "application.extension_consented",
        "application.extended",
        "application.refused",
        "application.withdrawn",
    ]
    affects_decisions: ClassVar[bool] = False
    dataset: str
    lane: Lane
    statement: Annotated[Hex, Field(description="salted digest of the text")]
    due: Annotated[
        Time | None, Field(description="of a requested supplement: only afterwards may the owner refuse")
    ] = None
    consent: Annotated[str | None, Field(description="of an extension: the id of the authority's consent")] = None
    working_days: Annotated[int | None, Field(description="of an extension")] = None
