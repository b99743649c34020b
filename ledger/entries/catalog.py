"""Datasets: drafts, published versions, withdrawal."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Assessments, Body, Derivation, Hex


class DatasetDrafted(Body):
    """A dataset was described, or its draft changed; `document` is the salted digest of the description."""

    type: Literal["dataset.drafted"] = "dataset.drafted"
    affects_decisions: ClassVar[bool] = False
    document: Hex


class DatasetPublished(Body):
    """A version of a dataset was published with its terms; `document` is the salted digest of both."""

    type: Literal["dataset.published"] = "dataset.published"
    document: Hex
    level: str
    sharing: Literal["unconditional", "conditional", "not_shared"]
    assessments: Assessments | None = None
    filing: Annotated[
        Literal["reviewed", "no-authority"] | None,
        Field(description="of a department's: whether the sharing authority reviewed it, or this exchange had none"),
    ] = None
    derived_from: Annotated[
        list[Derivation] | None, Field(description="the datasets that the version is derived from")
    ] = None


class DatasetDraftDiscarded(Body):
    """A draft was discarded, and with it the dataset, if no version was published."""

    type: Literal["dataset.draft_discarded"] = "dataset.draft_discarded"
    affects_decisions: ClassVar[bool] = False
    document: Annotated[Hex, Field(description="salted digest of the draft")]


class DatasetAssessed(Body):
    """The assessments of a draft were put on file; `document` is the salted digest of the draft."""

    type: Literal["dataset.assessed"] = "dataset.assessed"
    affects_decisions: ClassVar[bool] = False
    filing: str
    document: Hex
    secrecy: Annotated[Hex, Field(description="salted digest of the assessment of secrecy risks")]
    impact: Annotated[Hex | None, Field(description="salted digest of the impact assessment")] = None


class DatasetConsented(Body):
    """The head of the department's sharing office consented to a draft."""

    type: Literal["dataset.consented"] = "dataset.consented"
    affects_decisions: ClassVar[bool] = False
    filing: str
    document: Hex


class DatasetFiled(Body):
    """A draft was filed for the catalogue; `review` states whether the exchange had a sharing authority to review it."""

    type: Literal["dataset.filed"] = "dataset.filed"
    affects_decisions: ClassVar[bool] = False
    filing: str
    document: Hex
    review: Literal["authority", "none"]


class DatasetReturned(Body):
    """The sharing authority returned a filed draft to its department."""

    type: Literal["dataset.returned"] = "dataset.returned"
    affects_decisions: ClassVar[bool] = False
    filing: str
    document: Hex
    reason: Annotated[Hex, Field(description="salted digest of the reason")]


class DatasetChangeStated(Body):
    """A department stated a change of law or of its duty, which makes an update of the dataset's entry due."""

    type: Literal["dataset.change_stated"] = "dataset.change_stated"
    affects_decisions: ClassVar[bool] = False
    change: str
    cause: Literal["law", "administrative_regulation", "state_council_decision", "duty"]
    changed_on: Annotated[str, Field(description="the day of the change, YYYY-MM-DD")]
    statement: Annotated[Hex, Field(description="salted digest of the document's title and the reason")]


class DatasetChangeExtended(Body):
    """The sharing authority consented to a later update."""

    type: Literal["dataset.change_extended"] = "dataset.change_extended"
    affects_decisions: ClassVar[bool] = False
    change: str
    days: Annotated[int, Field(description="more working days")]
    last_day: Annotated[str | None, Field(description="the new last day; absent where its year is not loaded")] = None
    consent: Annotated[Hex, Field(description="salted digest of the reference of the consent")]


class ItemSourceNamed(Body):
    """The sharing authority named the source department of an item, which is the object."""

    type: Literal["item_source.named"] = "item_source.named"
    affects_decisions: ClassVar[bool] = False
    item: Annotated[str, Field(description="the item's name in the catalogue")]
    reason: Annotated[Hex, Field(description="salted digest of the reason")]


class DatasetWithdrawn(Body):
    """A dataset was withdrawn; it is no longer offered."""

    type: Literal["dataset.withdrawn"] = "dataset.withdrawn"
    reason: Annotated[Hex, Field(description="salted digest of the reason")]
