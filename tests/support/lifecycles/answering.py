"""What organisations and people tell each other, as walks see it: notices, objections to records, people's requests."""
# ruff: noqa: ARG002 - every room answers the same questions, and seldom needs all of a question

import itertools
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import UUID

import httpx2
from sqlalchemy.exc import DBAPIError

from exchange.agreements.notices.lifecycle import NOTICE
from exchange.calendar.counting import day_of
from exchange.kernel.problems import Problem
from exchange.kernel.work import Caller, Principal, Work
from exchange.participants.door.evidence import Founding
from exchange.rights.lifecycle import REMEDIES, RIGHTS_RECORD
from exchange.rights.objections.lifecycle import FACTS, RECORD_OBJECTION
from exchange.rights.tasks import lapse_due
from exchange.subjects import numbers
from exchange.subjects.identity import Identity
from exchange.subjects.requests import lifecycle, service
from exchange.subjects.requests.lifecycle import REQUEST
from exchange.subjects.requests.schemas import NewPersonRequest
from groundwork.lifecycle import Machine, Step
from tests.support.exchanges.exchange import Answer
from tests.support.lifecycles.model import Act, Past, Running
from tests.support.lifecycles.people import PeopleRoom
from tests.support.lifecycles.registering import Registrations
from tests.support.lifecycles.rooms import Room
from tests.support.sharing.registering import PROOF, WHY

REASON = {"reason": "核查"}
TERM = timedelta(days=60)
_NUMBERS = itertools.count(1)


class OpenedRoom(Room):
    """A room whose table has the step that makes a thing."""

    @property
    def verbs(self) -> tuple[str, ...]:
        return tuple(verb for verb in super().verbs if self.opening is None or verb != self.opening.verb)


class Notices(OpenedRoom):
    """Notices of a change, each about an agreement of its own, which goes on."""

    machine = NOTICE
    kind = "agreement_notice"
    opening: ClassVar = Act("announce", "owner")
    by: ClassVar = {"provider": frozenset({"owner"})}
    documents: ClassVar[dict[str, tuple[str, dict[str, Any]]]] = {
        "consult": ("consultation", {"statement": "已协商", "filing": "备案3号"}),
        "carry_out": ("execution", REASON),
        "withdraw": ("withdrawal", REASON),
    }

    def begun(self) -> Past:
        past = super().begun()
        last = Running("", "stop_notice", day_of(past.now)).due
        return past if last is None else past.with_mark("first", last + timedelta(days=1))

    async def begin(self) -> Answer:
        application = await self.exchange.ask(not_after=(self.exchange.now + timedelta(days=900)).isoformat())
        path = f"/applications/{application['id']}/approval"
        agreement = (await self.exchange.act_ok("owner", path, {}))["agreement"]
        new = {"dataset": self.exchange.conditional["id"], "kind": "change", "outcome": "keep", **REASON}
        new |= {"agreements": [agreement["id"]]}
        return await self.post("owner", "/agreement-notices", new | {"effective_on": str(self.begun().mark("first"))})

    def facts(self, past: Past, act: Act) -> set[str]:
        first = past.mark("first")
        has_come = isinstance(first, date) and day_of(past.now) >= first
        return {"time_ahead", *(["day_of_the_notice"] if has_come else [])}

    async def send(self, thing: str, act: Act) -> Answer:
        verb, document = self.documents[act.verb]
        return await self.post(act.who, f"/agreement-notices/{thing}/{verb}", document)

    async def read(self, thing: str) -> str:
        return str((await self.exchange.read("demander", f"/agreement-notices/{thing}"))["state"])


class RecordObjections(OpenedRoom):
    """Objections of the demander to a record of the owner."""

    machine = RECORD_OBJECTION
    kind = "record_objection"
    opening: ClassVar = Act("file", "demander")
    by: ClassVar = {
        "any organisation's steward": frozenset({"demander"}),
        "objector's steward": frozenset({"demander"}),
        "holder's steward": frozenset({"owner"}),
        "registrar": frozenset({"authority"}),
    }

    async def prepare(self) -> None:
        """Register a record."""
        registrations = Registrations(self.exchange)
        await registrations.prepare()
        self.record = await registrations.register()

    async def begin(self) -> Answer:
        new = {"record": self.record, "statement": "由我单位采集", "evidence": [PROOF]}
        return await self.post("demander", "/rights/objections", new)

    def facts(self, past: Past, act: Act) -> set[str]:
        return set(FACTS)

    def sees(self, past: Past, who: str) -> bool:
        # The holder hears of nothing that it was not told.
        return who in ("demander", "authority") or (who == "owner" and past.mark("told") is not None)

    def after(self, past: Past, step: Step, act: Act) -> Past:
        return past.with_mark("told", "yes") if step.verb == "tell_holder" else past

    async def send(self, thing: str, act: Act) -> Answer:
        return await self.post(act.who, f"/rights/objections/{thing}/steps", {"verb": act.verb, "statement": "经核查"})

    async def read(self, thing: str) -> str:
        rows = await self.exchange.read("demander", "/rights/objections?limit=500")
        return str(next(row["state"] for row in rows if row["id"] == thing))


_OWN = frozenset({"withdraw", "lift"})
"""The verbs of people."""


class PersonRequests(PeopleRoom, OpenedRoom):
    """Requests of people to a hospital that their data be restricted. A person acts through the portal's verbs."""

    machine = REQUEST
    kind = "person_request"
    opening: ClassVar = Act("send", "person")
    parties: ClassVar = ("hospital", "recipient", "stranger", "person")
    by: ClassVar = {"steward": frozenset({"hospital"}), "person": frozenset({"person"})}
    variants: ClassVar = {
        "grant": (lifecycle.EVIDENCE,),
        "refuse": (lifecycle.REASONS, lifecycle.COMPLAINT),
        "restrict": (lifecycle.REASONS, lifecycle.LAW),
    }
    documents: ClassVar[dict[str, tuple[str, dict[str, tuple[str, str]]]]] = {
        "grant": ("grant", {lifecycle.EVIDENCE: ("statement", "已限制处理")}),
        "refuse": (
            "refusal",
            {lifecycle.REASONS: ("reasons", "属实"), lifecycle.COMPLAINT: ("complaint", "省数据局")},
        ),
        "restrict": ("restriction", {lifecycle.REASONS: ("reasons", "须保存"), lifecycle.LAW: ("law", "档案法")}),
    }

    def parties_of(self, verb: str) -> tuple[str, ...]:
        # People have no way to the verbs of organisations, nor organisations to those of people.
        return ("person",) if verb in _OWN else tuple(who for who in self.parties if who != "person")

    def means(self, past: Past, act: Act) -> Act:
        # One address withdraws a request that waits, and lifts a restriction.
        if act.verb not in _OWN:
            return act
        return act._replace(verb="withdraw" if past.state == "received" else "lift")

    def sees(self, past: Past, who: str) -> bool:
        return who in ("hospital", "person")

    def facts(self, past: Past, act: Act) -> set[str]:
        every = {lifecycle.EVIDENCE, lifecycle.REASONS, lifecycle.COMPLAINT, lifecycle.LAW, lifecycle.RESTRICTABLE}
        every.add(lifecycle.RESTRICTION)
        return every - {act.variant}

    def names_lack(self, answer: Answer, lacking: set[str]) -> bool:
        return answer.problem == "answer-incomplete" and super().names_lack(answer, lacking)

    async def begin(self) -> Answer:
        identity = Identity(f"{self.hospital.id}/person_id", f"P{next(_NUMBERS):05d}")
        runtime = self.exchange.runtime
        async with runtime.database.pool.acquire() as connection:
            [self.number] = await numbers.ensure(connection, [identity.lookup(runtime.seal)])
        new = NewPersonRequest(kind="restrict", text="请限制处理", dataset=f"{self.hospital.handle}/people")

        async def send(work: Work) -> Any:
            [sent] = await service.send(work, {identity: self.number}, new)
            return sent

        return await self._as_person(send)

    async def _as_person(self, act: Callable[[Work], Awaitable[Any]]) -> Answer:
        """Act as the portal does for a person: the answer that the portal would give."""
        nobody = Principal(UUID(int=0), "person", "", UUID(int=0), "", "", ())
        runtime = self.exchange.runtime
        try:
            async with runtime.database.sessions() as session:
                work = Work(session, Caller(nobody, Founding()), runtime)
                out = await act(work)
                await work.commit()
        except Problem as problem:
            document = {"type": f"/problems/{problem.slug}", **problem.members}
            headers = httpx2.Headers({"content-type": "application/problem+json"})
            return Answer(problem.status, headers, json.dumps(document).encode())
        except (
            DBAPIError
        ):  # a changed table may name a state that the database refuses: the portal's answer is an error
            return Answer(500, httpx2.Headers(), b"{}")
        return Answer(200, httpx2.Headers(), out.model_dump_json().encode())

    async def send(self, thing: str, act: Act) -> Answer:
        if act.verb in _OWN:
            return await self._as_person(lambda work: service.withdraw(work, [self.number], UUID(thing)))
        path, members = self.documents[act.verb]
        document = dict(member for fact, member in members.items() if fact != act.variant)
        return await self.post(act.who, f"/person-requests/{thing}/{path}", document)

    async def read(self, thing: str) -> str:
        rows = await self.exchange.call_ok(self.hospital.steward, "GET", "/api/v1/person-requests?limit=500")
        return str(next(row["state"] for row in rows if row["id"] == thing))


class Records(Registrations):
    """Records of rights, which a registrar restricts, releases or cancels by an order, and which end with their last day."""

    machine = RIGHTS_RECORD
    kind = "rights_record"
    by: ClassVar = {"registrar": frozenset({"authority"})}
    paths: ClassVar = {"restrict": "restriction", "release": "release", "cancel_by_order": "cancellation-order"}

    @property
    def verbs(self) -> tuple[str, ...]:
        return tuple(self.paths)  # the other ones follow from the deposit of an application

    def begun(self) -> Past:
        past = Room.begun(self)
        return past.with_mark("last day", day_of(past.now) + TERM)

    async def begin(self) -> Answer:
        code = await self.register(valid_until=str(day_of(self.exchange.now) + TERM))
        answer = await self.exchange.call(self.exchange.owner.steward, "GET", "/api/v1/rights/records?limit=500")
        [record] = [record for record in answer.json if record["code"] == code]
        return replace(answer, content=json.dumps(record).encode())

    def sees(self, past: Past, who: str) -> bool:
        return who in ("owner", "authority")

    def is_hidden(self, past: Past, act: Act) -> bool:
        return not self.sees(past, act.who)

    def means(self, past: Past, act: Act) -> Act:
        return act

    def facts(self, past: Past, act: Act) -> set[str]:
        return set(REMEDIES)

    def predict(self, machine: Machine, past: Past, act: Act) -> tuple[Past, Step] | None:
        return Room.predict(self, machine, past, act)

    def predict_wait(self, machine: Machine, past: Past, span: timedelta) -> tuple[Past, list[Step]]:
        return Room.predict_wait(self, machine, past, span)

    def after(self, past: Past, step: Step, act: Act) -> Past:
        return past

    def is_due(self, past: Past, step: Step) -> bool:
        last = past.mark("last day")
        return isinstance(last, date) and day_of(past.now) > last

    async def pass_time(self) -> None:
        async with self.exchange.runtime.database.sessions() as session:
            await lapse_due(session, self.exchange.clock.now())

    async def send(self, thing: str, act: Act) -> Answer:
        return await self.post(act.who, f"/rights/records/{thing}/{self.paths[act.verb]}", {**WHY, "evidence": [PROOF]})

    async def read(self, thing: str) -> str:
        return str((await self.exchange.read("owner", f"/rights/records/{thing}"))["state"])
