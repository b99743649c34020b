"""Lifecycles as tables: the states of a thing, the steps between them, and what each step needs, starts and stops.

A lifecycle is one value. The verbs of a room, the diagram and the table in the documentation, and the tests of every state
with every verb are made from it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

LAW: Final = "law"
"""The role of a step that no one takes: time alone takes it, where a law says so."""


class Refused(Exception):
    """A step that may not be taken: `lacking` names every fact that it needs and does not have.

    Where `lacking` is empty, the verb does not lead out of the state; `verbs` are those that do. `article` is the source
    of the rule, and empty where no step has the verb in this state.
    """

    def __init__(
        self, verb: str, state: str, *, verbs: tuple[str, ...] = (), lacking: tuple[str, ...] = (), article: str = ""
    ) -> None:
        because = f"it lacks {', '.join(lacking)} ({article})" if lacking else f"the state is {state}"
        super().__init__(f"{verb} is not possible: {because}")
        self.verb = verb
        self.state = state
        self.verbs = verbs
        self.lacking = lacking
        self.article = article


@dataclass(frozen=True, slots=True)
class Clock:
    """A time limit that a step starts. `parameter` names its length, which the calendar's parameters have with its unit."""

    name: str
    parameter: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a verb that leads from any of `sources` to `target`.

    `role` is who takes it, `article` the rule that it follows from. `needs` are the facts that have to hold, in the words
    of refusals. `starts` are the clocks that begin with it, `stops` the names of those that end. `entry` is the type of the
    ledger's entry.
    """

    verb: str
    sources: frozenset[str]
    target: str
    role: str
    article: str
    needs: frozenset[str] = frozenset()
    starts: tuple[Clock, ...] = ()
    stops: frozenset[str] = frozenset()
    entry: str = ""


class Case(NamedTuple):
    """One cell of a lifecycle's matrix: a verb in a state with these facts, and the state that follows; None if refused."""

    state: str
    verb: str
    facts: frozenset[str]
    target: str | None


@dataclass(frozen=True, slots=True)
class Machine:
    """A lifecycle: its name, its first state, and its steps.

    Raises ValueError where a verb leaves a state twice, and where a state cannot be reached.
    """

    name: str
    start: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        leaving = [(step.verb, source) for step in self.steps for source in step.sources]
        if len(set(leaving)) < len(leaving):
            raise ValueError(f"{self.name}: a verb leaves a state twice")
        reached = {self.start}
        while new := {step.target for step in self.steps if step.sources & reached} - reached:
            reached |= new
        if unreached := set(self.states) - reached:
            raise ValueError(f"{self.name}: {', '.join(sorted(unreached))} cannot be reached")

    @property
    def states(self) -> tuple[str, ...]:
        """All states, the first one first, in the order of the steps."""
        named = [self.start]
        for step in self.steps:
            named += [*sorted(step.sources), step.target]
        return tuple(dict.fromkeys(named))

    @property
    def ends(self) -> frozenset[str]:
        """The states that no step leaves."""
        return frozenset(self.states) - {source for step in self.steps for source in step.sources}

    def verbs(self, state: str) -> tuple[str, ...]:
        """The verbs that lead out of a state, in the order of the steps."""
        return tuple(step.verb for step in self.steps if state in step.sources)

    def step(self, state: str, verb: str, facts: Collection[str] = ()) -> Step:
        """The step that a verb takes from a state, where these facts hold. Raises Refused."""
        for step in self.steps:
            if step.verb == verb and state in step.sources:
                if lacking := step.needs - set(facts):
                    raise Refused(verb, state, lacking=tuple(sorted(lacking)), article=step.article)
                return step
        raise Refused(verb, state, verbs=self.verbs(state))

    def cases(self) -> Iterator[Case]:
        """The whole matrix: every state with every verb, once with all facts that it needs and once for each lacking."""
        by_verb: dict[str, list[Step]] = {}
        for step in self.steps:
            by_verb.setdefault(step.verb, []).append(step)
        for state in self.states:
            for verb, steps in by_verb.items():
                taken = next((step for step in steps if state in step.sources), None)
                needs = frozenset[str]().union(*(step.needs for step in steps))
                yield Case(state, verb, needs, taken.target if taken else None)
                for lacking in sorted(needs):
                    is_refused = taken is None or lacking in taken.needs
                    yield Case(state, verb, needs - {lacking}, None if is_refused or taken is None else taken.target)

    def mermaid(self) -> str:
        """The lifecycle as a Mermaid state diagram; an end state leads to the end mark."""
        edges = [f"  {source} --> {step.target}: {step.verb}" for step in self.steps for source in sorted(step.sources)]
        ends = [f"  {state} --> [*]" for state in self.states if state in self.ends]
        return "\n".join(["stateDiagram-v2", f"  [*] --> {self.start}", *edges, *ends])

    def table(self) -> str:
        """The steps as a Markdown table: verb, from, to, who, rule, what it needs, clocks, entry."""
        head = "| Verb | From | To | Who | Rule | Needs | Clocks | Entry |\n|---|---|---|---|---|---|---|---|"
        return "\n".join([head, *map(_row, self.steps)])


def _row(step: Step) -> str:
    clocks = [f"starts {clock.name} ({clock.parameter})" for clock in step.starts]
    clocks += [f"ends {name}" for name in sorted(step.stops)]
    cells = [
        step.verb,
        ", ".join(sorted(step.sources)),
        step.target,
        step.role,
        step.article,
        ", ".join(sorted(step.needs)),
        "; ".join(clocks),
        f"`{step.entry}`" if step.entry else "",
    ]
    return f"| {' | '.join(cells)} |"
