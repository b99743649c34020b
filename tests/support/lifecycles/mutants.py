"""Changed tables: each has one thing of one step otherwise than the lifecycle that a room goes by."""

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from groundwork.lifecycle import Machine, Step


def changes(machine: Machine, step: Step) -> Iterator[tuple[str, Step]]:
    """Every change of a step, with its name: a need dropped, a source more or less, another target, a clock, the entry."""
    for need in sorted(step.needs):
        yield f"without {need}", dataclasses.replace(step, needs=step.needs - {need})
    for state in machine.states:
        if step.sources != {state}:
            sign = "-" if state in step.sources else "+"
            yield f"sources {sign}{state}", dataclasses.replace(step, sources=step.sources ^ {state})
        if state != step.target:
            yield f"target {state}", dataclasses.replace(step, target=state)
    for clock in step.starts:
        others = tuple(other for other in step.starts if other != clock)
        yield f"does not start {clock.name} ({clock.parameter})", dataclasses.replace(step, starts=others)
    names = {name for each in machine.steps for name in each.stops} - step.stops
    for name in sorted(step.stops):
        yield f"does not stop {name}", dataclasses.replace(step, stops=step.stops - {name})
    for name in sorted(names):
        yield f"stops {name}", dataclasses.replace(step, stops=step.stops | {name})
    entry = next((each.entry for each in machine.steps if each.entry != step.entry), "")
    yield f"entry {entry or 'none'}", dataclasses.replace(step, entry=entry)


def mutants(machine: Machine) -> Iterator[tuple[str, Machine]]:
    """Every machine that differs in one thing, with the name of the change. Those that no machine may be are left out."""
    for number, step in enumerate(machine.steps):
        for name, changed in changes(machine, step):
            steps = (*machine.steps[:number], changed, *machine.steps[number + 1 :])
            try:
                mutant = Machine(machine.name, machine.start, steps)
            except ValueError:
                continue
            yield f"{step.verb} from {', '.join(sorted(step.sources))}: {name}", mutant


@contextmanager
def installed(machine: Machine, mutant: Machine) -> Iterator[None]:
    """Let the rooms go by a changed table until the end of the block."""
    places = [
        (module, name)
        for title, module in list(sys.modules.items())
        if title.startswith("exchange.")
        for name, value in list(vars(module).items())
        if value is machine
    ]
    assert places, machine.name
    for module, name in places:
        setattr(module, name, mutant)
    try:
        yield
    finally:
        for module, name in places:
            setattr(module, name, machine)
