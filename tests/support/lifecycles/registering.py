"""Applications for the registration of rights, as walks see them: a department's, for a product of authorised operation."""
# ruff: noqa: ARG002 - every room answers the same questions, and seldom needs all of a question

from datetime import date, timedelta
from typing import Any, ClassVar

from exchange.calendar.counting import day_of, end_of
from exchange.rights.lifecycle import (
    ACCEPT,
    ANOTHER,
    EXTENDABLE,
    FIRST_LIST,
    PUBLICITY_OVER,
    REMEDIES,
    REVIEW,
    RIGHTS_APPLICATION,
)
from exchange.rights.tasks import resume_reviews
from groundwork.lifecycle import Machine, Step
from tests.support.exchanges.exchange import Answer
from tests.support.lifecycles.model import Act, Past, Running
from tests.support.lifecycles.rooms import Room
from tests.support.sharing.registering import PROOF, WHY, complete_form

_GIVEN = {**WHY, "evidence": [PROOF]}


class Registrations(Room):
    """Applications for a first registration, from their draft to the deposit."""

    machine = RIGHTS_APPLICATION
    kind = "rights_application"
    by: ClassVar = {
        "applicant's steward": frozenset({"owner"}),
        "registrar": frozenset({"authority"}),
        "any organisation's steward": frozenset({"demander", "stranger", "authority"}),
    }
    paths: ClassVar = {
        "file": "filing",
        "return": "return",
        "supplement": "supplement",
        "accept": "acceptance",
        "ask_evidence": "evidence-request",
        "give_evidence": "evidence",
        "extend": "extension",
        "publicise": "publicity",
        "waive_publicity": "publicity-waiver",
        "object": "objections",
        "refuse": "refusal",
        "terminate": "termination",
        "discard": "withdrawal",
        "withdraw": "withdrawal",
        "deposit": "deposit",
    }
    documents: ClassVar[dict[str, Any]] = {
        **dict.fromkeys(("file", "supplement", "accept", "publicise", "deposit")),
        **dict.fromkeys(("give_evidence", "object"), _GIVEN),
        "return": {"missing": ["数据样例"]},
        "extend": {"days": 3, **WHY},
        "refuse": {"reasons": ["harm"], **WHY},
    }

    @property
    def verbs(self) -> tuple[str, ...]:
        return tuple(
            verb for verb in super().verbs if verb != "dismiss_last"
        )  # one address: the room takes the one that fits

    async def prepare(self) -> None:
        """Let the authority's member be a registrar too."""
        principal = await self.exchange.find_principal(self.exchange.authority)
        role = {"role": "registrar", "domain": "exchange"}
        target = f"/api/v1/principals/{principal}/roles"
        await self.exchange.call(self.exchange.keys["security"], "POST", target, role)

    async def begin(self) -> Answer:
        return await self.draft()

    async def draft(self, **changes: Any) -> Answer:
        """Draft an application for the registration of the owner's dataset."""
        organisations = await self.exchange.read("owner", "/organisations")
        [code] = [each["code"] for each in organisations if each["handle"] == "owner"]
        form = complete_form({"owner": code}, {"owner": ("USE",)})
        form |= {"data_class": "authorised_product", "public_registration": "3301002026000001"} | changes
        contact = {"name": "x", "phone": "x", "address": "x"}
        document = {"dataset": self.exchange.conditional["id"], "form": form, "contact": contact}
        return await self.post("owner", "/rights/applications", document)

    async def register(self, **changes: Any) -> str:
        """Register rights: the number of the record."""
        target = f"/rights/applications/{self.name(await self.draft(**changes))}"
        await self.exchange.act_ok("owner", f"{target}/filing")
        await self.exchange.act_ok("authority", f"{target}/acceptance")
        await self.exchange.act_ok("authority", f"{target}/publicity-waiver", WHY)
        [code] = (await self.exchange.act_ok("authority", f"{target}/deposit"))["records"]
        return str(code)

    def sees(self, past: Past, who: str) -> bool:
        return who == "owner" or (who == "authority" and past.state not in ("draft", "discarded"))

    def is_hidden(self, past: Past, act: Act) -> bool:
        if act.verb == "object":
            return past.state not in ("in_publicity", "objected")
        return super().is_hidden(past, act)

    def means(self, past: Past, act: Act) -> Act:
        if act.verb == "dismiss" and past.mark("open") == 1:
            return act._replace(verb="dismiss_last")
        if act.verb in ("discard", "withdraw"):
            return act._replace(verb="discard" if past.state == "draft" else "withdraw")
        return act

    def facts(self, past: Past, act: Act) -> set[str]:
        review = past.clock(REVIEW.name)
        lacking = {
            ANOTHER: past.mark("registrar objects") is not None,
            FIRST_LIST: past.mark("listed") is not None,
            EXTENDABLE: review is None or past.mark("extended") is not None or past.is_over(REVIEW.name),
            PUBLICITY_OVER: not self._is_over(past),
        }
        return set(REMEDIES) - {fact for fact, does_lack in lacking.items() if does_lack}

    def _is_over(self, past: Past) -> bool:
        until = past.mark("publicity until")
        return not isinstance(until, date) or past.now >= end_of(until)

    def predict(self, machine: Machine, past: Past, act: Act) -> tuple[Past, Step] | None:
        if act.verb == "object" and self._is_over(past):
            return None
        return super().predict(machine, past, act)

    def after(self, past: Past, step: Step, act: Act) -> Past:
        return self._clocks(self._marks(past, step, act), step)

    def _marks(self, past: Past, step: Step, act: Act) -> Past:
        """What later steps depend on."""
        number = past.mark("open")
        is_open = number if isinstance(number, int) else 0
        clock = past.clock(ACCEPT.name)
        marks: dict[str, dict[str, object]] = {
            "file": {"accept until": clock and clock.due},
            "supplement": {"accept until": clock and clock.due},
            "return": {"listed": "yes"},
            "extend": {"extended": "yes"},
            "dismiss": {"open": is_open - 1},
            "dismiss_last": {"open": 0},
            "object": {"open": is_open + 1, **({"registrar objects": "yes"} if act.who == "authority" else {})},
            "publicise": {"publicity until": Running("", "prop_publicity", day_of(past.now)).due},
        }
        for name, value in marks.get(step.verb, {}).items():
            past = past.with_mark(name, value)
        return past

    def _clocks(self, past: Past, step: Step) -> Past:
        """What becomes of the review's clock, which stands still while evidence is awaited and from the publicity on."""
        today, review, until = day_of(past.now), past.clock(REVIEW.name), past.mark("accept until")
        if review is None:
            return past
        if step.verb == "deem_accepted" and isinstance(until, date):
            return past.with_clock(Running(REVIEW.name, REVIEW.parameter, until, extra=1))
        if step.verb == "extend":
            return past.extend(REVIEW.name, 3)
        if step.verb in ("publicise", "ask_evidence") and not review.is_over(past.now):
            return past.with_clock(review.pause(today))
        is_going_on = step.verb == "give_evidence" or (step.verb == "dismiss_last" and self._is_over(past))
        return past.with_clock(review.resume(today)) if is_going_on and review.since else past

    def predict_wait(self, machine: Machine, past: Past, span: timedelta) -> tuple[Past, list[Step]]:
        past, steps = super().predict_wait(machine, past, span)
        review, until = past.clock(REVIEW.name), past.mark("publicity until")
        is_going_on = past.state == "in_publicity" and self._is_over(past)
        if is_going_on and review is not None and review.since and isinstance(until, date):
            past = past.with_clock(review.resume(until))
        return past, steps

    def is_due(self, past: Past, step: Step) -> bool:
        return past.is_over(ACCEPT.name if step.verb == "deem_accepted" else "rights_supplement")

    async def pass_time(self) -> None:
        async with self.exchange.runtime.database.sessions() as session:
            await resume_reviews(session, self.exchange.clock.now())

    async def send(self, thing: str, act: Act) -> Answer:
        target = f"/rights/applications/{thing}"
        if act.verb not in ("dismiss", "uphold"):
            return await self.post(act.who, f"{target}/{self.paths[act.verb]}", self.documents.get(act.verb, WHY))
        shown = await self.exchange.call(self.exchange.authority, "GET", f"/api/v1{target}")
        objections = shown.json["objections"] if shown.status == 200 else []
        number = next((each["id"] for each in objections if each["state"] == "open"), thing)
        decision = "upholding" if act.verb == "uphold" else "dismissal"
        return await self.post(act.who, f"{target}/objections/{number}/{decision}", WHY)

    async def read(self, thing: str) -> str:
        return str((await self.exchange.read("owner", f"/rights/applications/{thing}"))["state"])
