"""Lifecycles: a step is taken from its states with all facts that it needs, and from no other; the table says the same."""

import dataclasses

import pytest

from groundwork.lifecycle import Case, Clock, Machine, Refused, Step

LOAN = Machine(
    "loan of a book",
    "asked",
    (
        Step("lend", frozenset({"asked"}), "lent", "library", "rule 1", frozenset({"card", "copy"}), (Clock("back", "loan"),)),
        Step("renew", frozenset({"lent"}), "lent", "reader", "rule 2", frozenset({"card"}), (Clock("back", "loan"),)),
        Step("miss", frozenset({"lent"}), "overdue", "law", "rule 3"),
        Step(
            "return", frozenset({"lent", "overdue"}), "back", "reader", "rule 4",
            stops=frozenset({"back"}), entry="book.returned",
        ),
    ),
)  # fmt: skip


def test_a_step_is_taken_with_its_facts():
    step = LOAN.step("asked", "lend", {"card", "copy", "another"})
    assert (step.target, step.starts) == ("lent", (Clock("back", "loan"),))


def test_a_refusal_names_every_fact_that_lacks_with_the_rule():
    with pytest.raises(Refused) as refused:
        LOAN.step("asked", "lend")
    assert (refused.value.lacking, refused.value.article) == (("card", "copy"), "rule 1")


def test_a_refusal_in_another_state_names_the_verbs_that_are_possible():
    with pytest.raises(Refused) as refused:
        LOAN.step("lent", "lend", {"card", "copy"})
    assert (refused.value.lacking, refused.value.verbs) == ((), ("renew", "miss", "return"))


def test_states_begin_with_the_first_and_ends_lead_nowhere():
    assert LOAN.states == ("asked", "lent", "overdue", "back")
    assert LOAN.ends == {"back"}


def test_a_verb_leaves_a_state_once():
    with pytest.raises(ValueError, match="twice"):
        Machine("double", "open", (LOAN.steps[0], LOAN.steps[0]))


def test_a_state_that_cannot_be_reached_is_refused():
    with pytest.raises(ValueError, match="cannot be reached"):
        Machine("cut", "asked", LOAN.steps[2:])


def outcome(machine: Machine, case: Case) -> str | None:
    """The state that follows a case in a machine; None where it refuses."""
    try:
        return machine.step(case.state, case.verb, case.facts).target
    except Refused:
        return None


def mutants(machine: Machine) -> list[Machine]:
    """The machine with one thing changed: a need dropped, a source added or removed, another target."""
    changed = []
    for number, step in enumerate(machine.steps):
        variants = [dataclasses.replace(step, needs=step.needs - {need}) for need in step.needs]
        variants += [dataclasses.replace(step, sources=step.sources ^ {state}) for state in machine.states]
        variants += [dataclasses.replace(step, target=state) for state in machine.states if state != step.target]
        for variant in variants:
            steps = (*machine.steps[:number], variant, *machine.steps[number + 1 :])
            try:
                changed.append(Machine(machine.name, machine.start, steps))
            except ValueError:
                continue
    return changed


def test_the_matrix_holds_for_the_table_and_for_no_changed_table():
    cases = list(LOAN.cases())
    assert all(outcome(LOAN, case) == case.target for case in cases)
    assert all(any(outcome(mutant, case) != case.target for case in cases) for mutant in mutants(LOAN))
    assert len(mutants(LOAN)) > 10


def test_the_diagram_and_the_table_show_every_step():
    assert "  asked --> lent: lend" in LOAN.mermaid()
    assert "  back --> [*]" in LOAN.mermaid()
    assert "| return | lent, overdue | back | reader | rule 4 |  | ends back | `book.returned` |" in LOAN.table()
