"""Answers about the lineage of datasets."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from exchange.catalog.schemas import Bilingual, Level
from exchange.kernel.schemas import Out


class LineageNode(Out):
    """A dataset of the graph; of one that you may not see, the id alone."""

    id: UUID
    name: Annotated[str | None, Field(description="`<organisation>/<dataset>`, by handles")] = None
    title: Bilingual | None = None
    version: int | None = None
    level: Level | None = None


class LineageEdge(Out):
    """A step from an input to the dataset that is derived from it, as the version of that dataset states it."""

    input: UUID
    input_version: Annotated[int, Field(description="The version of the input that was published then")]
    dataset: UUID
    version: int
    agreement: Annotated[
        UUID | None, Field(description="The agreement under which the input was received; null within one organisation")
    ]


class LineageOut(Out):
    """The datasets that a dataset is derived from, and those that are derived from it, over several steps."""

    nodes: list[LineageNode]
    edges: list[LineageEdge]
    is_cut: Annotated[bool, Field(description="There is more beyond 200 datasets or 10 steps in a direction")]
