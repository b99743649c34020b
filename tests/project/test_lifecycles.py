"""Lifecycles: every step of every table does what the table says, and nothing else; time alone decides only by a law."""

import pytest

from groundwork.lifecycle import LAW, Case, Machine, Refused
from ledger import entries
from tests.support.pages import machines

MACHINES = machines()
BY_TIME_ALONE = {
    ("agreement", "expire"),
    ("agreement between departments", "expire"),
    ("consent", "expire"),
    ("deletion", "run_late"),
    ("order", "deem_accepted"),
    ("order", "lapse"),
    ("rights application", "abandon"),
    ("rights application", "deem_accepted"),
    ("rights record", "lapse"),
}
"""The steps that time alone takes, each with its law or agreement behind it: a new one is a decision."""


def outcome(machine: Machine, case: Case) -> str | None:
    """The state that follows a case; None where it is refused."""
    try:
        return machine.step(case.state, case.verb, case.facts).target
    except Refused:
        return None


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_verb_in_every_state_with_every_fact_lacking(machine: Machine) -> None:
    for case in machine.cases():
        assert outcome(machine, case) == case.target, case


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_step_has_a_rule_and_an_entry_that_exists(machine: Machine) -> None:
    types = {name for model in entries.all_bodies() for name in entries.types_of(model)}
    for step in machine.steps:
        assert step.article, step
        assert step.entry in types, step


def test_time_alone_decides_only_where_a_law_says_so() -> None:
    steps = {(machine.name, step.verb) for machine in MACHINES for step in machine.steps if step.role == LAW}
    assert steps == BY_TIME_ALONE
