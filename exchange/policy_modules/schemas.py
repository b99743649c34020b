"""The JSON of owners' modules: what the API takes and returns."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from exchange.kernel.schemas import In, Out
from policies.owner_rules.form import MODULE, TESTS

Source = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]*$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

_EXAMPLE = """package exchange.owner

deny contains {"code": "office-hours", "message": "Ask between 9 and 17 o'clock."} if not office_hours

office_hours if {
	input.calendar.weekday <= 5
	input.calendar.hour >= 9
	input.calendar.hour < 17
}
"""
_EXAMPLE_TESTS = """package exchange.owner_test

import data.exchange.owner

test_closed_in_the_evening if {
	some why in owner.deny with input as {"calendar": {"weekday": 1, "hour": 20}}
	why.code == "office-hours"
}

test_open_by_day if count(owner.deny) == 0 with input as {"calendar": {"weekday": 1, "hour": 10}}
"""


class NewModule(In):
    """A module and its tests, both Rego; they are stored byte for byte."""

    model_config = ConfigDict(
        str_strip_whitespace=False,
        json_schema_extra={
            "examples": [
                {
                    "organisation": "01930b2e-6f1a-7000-8000-000000000001",
                    "module": _EXAMPLE,
                    "tests": _EXAMPLE_TESTS,
                }
            ]
        },
    )

    organisation: UUID
    module: Annotated[Source, Field(description=f"`{MODULE}`, in the package `exchange.owner`")]
    tests: Annotated[Source, Field(description=f"`{TESTS}`, in the package `exchange.owner_test`")]


class ModuleOut(Out):
    """A module, without its text."""

    digest: Annotated[
        str,
        Field(
            description=f"The name of the module: SHA-256 of what `sha256sum {MODULE} {TESTS}` prints for its two files"
        ),
    ]
    organisation_id: UUID
    tests: Annotated[int, Field(description="The number of its tests, all of which passed")]
    checked_by: Annotated[str, Field(description="The engines that compiled it and ran its tests")]
    accepted_at: datetime


class ModuleTextOut(ModuleOut):
    """A module with its files."""

    files: Annotated[dict[str, str], Field(description="The texts by file name")]
