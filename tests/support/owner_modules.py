"""Owners' modules for the tests: one that denies and narrows in every way, and small ones."""

from policies.owner_rules.modules import OwnerModule

TEXT = """package exchange.owner

deny contains {"code": "office-hours", "message": "Ask between 9 and 17 o'clock."} if not office_hours

office_hours if {
	input.calendar.hour >= 9
	input.calendar.hour < 17
}

drop contains "born" if input.subject.kind != "department"

masks["name"] := {"kind": "partial", "keep_start": 1, "keep_end": 0}

row_filters contains {"field": "city", "op": "eq", "value": "330110"}

row_cap := 7
"""
TESTS = """package exchange.owner_test

import data.exchange.owner

at(hour) := {"calendar": {"hour": hour}, "subject": {"kind": "enterprise"}}

test_closed_in_the_evening if {
	some why in owner.deny with input as at(20)
	why.code == "office-hours"
}

test_open_by_day if count(owner.deny) == 0 with input as at(10)

test_narrows if {
	owner.drop == {"born"} with input as at(10)
	owner.row_cap == 7 with input as at(10)
}
"""
OFFICE = OwnerModule(TEXT, TESTS)


def module_with(body: str, tests: str = "") -> OwnerModule:
    """A module of a body, and tests of another."""
    return OwnerModule(f"package exchange.owner\n\n{body}\n", f"package exchange.owner_test\n\n{tests}\n")


def module_with_cap(rows: int) -> OwnerModule:
    """The smallest module that narrows anything."""
    return module_with(f"row_cap := {rows}", f"test_cap if data.exchange.owner.row_cap == {rows}")
