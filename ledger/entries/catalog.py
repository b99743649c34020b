"""Datasets: drafts, published versions, withdrawal."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Assessments, Body, Hex


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


class DatasetDraftDiscarded(Body):
    """A draft was discarded, and with it the dataset, if no version was published."""

    type: Literal["dataset.draft_discarded"] = "dataset.draft_discarded"
    affects_decisions: ClassVar[bool] = False
    document: Annotated[Hex, Field(description="salted digest of the draft")]


class DatasetWithdrawn(Body):
    """A dataset was withdrawn; it is no longer offered."""

    type: Literal["dataset.withdrawn"] = "dataset.withdrawn"
    reason: Annotated[Hex, Field(description="salted digest of the reason")]
