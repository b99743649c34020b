"""Owners' own policy modules."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body


class ModuleAccepted(Body):
    """An owner's own policy module passed its checks and tests, and may be attached to that owner's datasets. The object is
    the digest of its files. Terms that name it are in the digest of a dataset's document.
    """

    type: Literal["module.accepted"] = "module.accepted"
    affects_decisions: ClassVar[bool] = False
    organisation: Annotated[str, Field(description="whose it is")]
    tests: Annotated[int, Field(description="how many tests it has")]
    checked_by: Annotated[str, Field(description="the engines that compiled it and ran its tests")]
