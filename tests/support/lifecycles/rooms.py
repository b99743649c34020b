"""A room as walks see it: how a thing begins, how an act is sent, and what the table leaves to the room."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from groundwork.lifecycle import LAW, Clock, Machine, Step
from tests.support.exchanges.exchange import Answer
from tests.support.lifecycles.model import Act, Past, roles_of, step_of
from tests.support.sharing.departments import DepartmentsExchange

WAIT = "wait"
WAITS: dict[str, timedelta] = {
    "hours": timedelta(hours=13),
    "a day": timedelta(days=1),
    "days": timedelta(days=4),
    "long": timedelta(days=40),
}


class Room(ABC):
    """A lifecycle's room.

    `by` has for each role of the table the parties that act in it; `parties` are all that try. `variants` has for each verb
    the other ways to ask for it, such as without a fact. `kind` is the kind of the thing, in entries and deadlines.
    """

    machine: ClassVar[Machine]
    kind: ClassVar[str]
    by: ClassVar[Mapping[str, frozenset[str]]]
    parties: ClassVar[tuple[str, ...]] = ("owner", "demander", "authority", "stranger")
    variants: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    opening: ClassVar[Act | None] = None
    """The act that makes a thing, where the table has it."""

    def __init__(self, exchange: DepartmentsExchange) -> None:
        self.exchange = exchange

    @property
    def matter(self) -> str:
        """The kind of the matter that deadlines are about."""
        return self.kind

    def is_about(self, thing: str, body: dict[str, Any]) -> bool:
        """Whether an entry states a step of a thing."""
        types = {step.entry for step in self.machine.steps}
        return body["type"] in types and body.get("object") == {"kind": self.kind, "id": thing}

    @property
    def verbs(self) -> tuple[str, ...]:
        """The verbs of the table that somebody takes."""
        return tuple(dict.fromkeys(step.verb for step in self.machine.steps if step.role != LAW))

    def acts(self) -> Iterator[Act]:
        """Every act: each verb by each party, in each variant by those who may, and each wait."""
        for verb in self.verbs:
            for who in self.parties_of(verb):
                yield Act(verb, who)
                if who in self.may(verb):
                    yield from (Act(verb, who, variant) for variant in self.variants.get(verb, ()))
        yield from (Act(WAIT, span) for span in WAITS)

    def parties_of(self, verb: str) -> tuple[str, ...]:
        """The parties that try a verb."""
        del verb
        return self.parties

    def may(self, verb: str) -> frozenset[str]:
        """The parties that may take a verb."""
        return frozenset[str]().union(*(self.by[role] for role in roles_of(self.machine, verb)))

    async def post(self, who: str, path: str, document: Any = None) -> Answer:
        """Post a document as a party."""
        return await self.exchange.act(who, path, document)

    async def prepare(self) -> None:  # noqa: B027 - most rooms need nothing more
        """Make what all things of the room need."""

    @abstractmethod
    async def begin(self) -> Answer:
        """Make a thing: the answer that has its id."""

    def nothing(self) -> Past:
        """What is so before anything happened."""
        return Past(self.machine.start, self.exchange.now)

    def begun(self) -> Past:
        """What is so of a thing that was made just now."""
        if self.opening is None:
            return self.nothing()
        predicted = self.predict(self.machine, self.nothing(), self.opening)
        assert predicted is not None
        return predicted[0]

    @abstractmethod
    def facts(self, past: Past, act: Act) -> set[str]:
        """The facts that hold of an act."""

    def name(self, answer: Answer) -> str:
        """The id of the thing that was made."""
        return str(answer.json["id"])

    @abstractmethod
    async def send(self, thing: str, act: Act) -> Answer:
        """Send an act."""

    @abstractmethod
    async def read(self, thing: str) -> str:
        """The thing's state."""

    def is_due(self, past: Past, step: Step) -> bool:
        """Whether time takes a step now."""
        del past, step
        return False

    async def pass_time(self) -> None:  # noqa: B027 - most rooms have none
        """Do the room's recurring work, as its loops do."""

    def starts(self, past: Past, step: Step, act: Act) -> tuple[Clock, ...]:
        """The clocks that begin with a step."""
        del past, act
        return step.starts

    def after(self, past: Past, step: Step, act: Act) -> Past:
        """What a step leaves behind besides its state, its starts and its stops."""
        del step, act
        return past

    def sees(self, past: Past, who: str) -> bool:
        """Whether a party may know of the thing."""
        del past
        return who != "stranger"

    def is_hidden(self, past: Past, act: Act) -> bool:
        """Whether an act meets nothing that its party knows of."""
        return not self.sees(past, act.who)

    def standing(self, past: Past, act: Act) -> Past:
        """What an act meets: the past, unless it begins a new thing in place of one that ended."""
        del act
        return past

    def means(self, past: Past, act: Act) -> Act:
        """The act that the table has for an address that serves two verbs."""
        del past
        return act

    def names_lack(self, answer: Answer, lacking: set[str]) -> bool:
        """Whether a refusal says what lacks."""
        return bool(answer.json.get("lacking") == sorted(lacking))

    def tried(self, past: Past, act: Act) -> Past:
        """What an act leaves behind even where it is refused."""
        del act
        return past

    def predict(self, machine: Machine, past: Past, act: Act) -> tuple[Past, Step] | None:
        """What follows from an act by a table; None where it is refused."""
        act, past = self.means(past, act), self.standing(past, act)
        if act.who not in self.may(act.verb) or self.is_hidden(past, act):
            return None
        past = self.tried(past, act)
        step = step_of(machine, past, act.verb, self.facts(past, act))
        return None if step is None else (self._follow(past, act, step), step)

    def predict_wait(self, machine: Machine, past: Past, span: timedelta) -> tuple[Past, list[Step]]:
        """What follows from time alone."""
        past = replace(past, now=past.now + span)
        steps = []
        for step in machine.steps:
            if step.role == LAW and past.state in step.sources and self.is_due(past, step):
                past = self._follow(past, Act(step.verb, LAW), step)
                steps.append(step)
        return past, steps

    def _follow(self, past: Past, act: Act, step: Step) -> Past:
        past = past.without(step.stops)
        for clock in self.starts(past, step, act):
            past = past.start(clock.name, clock.parameter)
        return replace(self.after(past, step, act), state=step.target)
