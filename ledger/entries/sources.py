"""Sources and the files imported from them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex


class SourceRegistered(Body):
    """An owner registered a source, where its data lives."""

    type: Literal["source.registered"] = "source.registered"
    affects_decisions: ClassVar[bool] = False
    source_kind: Annotated[
        str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$", description="the kind of source, such as `file` or `postgresql`")
    ]


class SourceImported(Body):
    """A file was read into an immutable snapshot; `content` is the digest of the uploaded file."""

    type: Literal["source.imported"] = "source.imported"
    content: Hex
    rows: int
    columns: int


class SourceSampled(Body):
    """The owner was shown values of a source, beside what masks leave of them, before publishing."""

    type: Literal["source.sampled"] = "source.sampled"
    affects_decisions: ClassVar[bool] = False
    rows: Annotated[int, Field(ge=0, description="the number of rows that were looked at")]
    columns: int


class SourceWithdrawn(Body):
    """A source was withdrawn; it is no longer read."""

    type: Literal["source.withdrawn"] = "source.withdrawn"
