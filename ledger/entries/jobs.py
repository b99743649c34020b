"""Background jobs that an operator gave up."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Hex


class JobDiscarded(Body):
    """An operator discarded a background job that had failed: what it was to do is not done. The object is its number."""

    type: Literal["job.discarded"] = "job.discarded"
    affects_decisions: ClassVar[bool] = False
    job_kind: Annotated[str, Field(description="what the job was to do, such as `reminder`")]
    statement: Annotated[Hex, Field(description="salted digest of the reason")]
    salt: Annotated[str, Field(description="of the statement, in hex; the reason itself is the operator's to keep")]
