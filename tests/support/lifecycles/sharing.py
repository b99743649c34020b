"""Between departments: applications, agreements, disputes and corrections, as walks see them."""
# ruff: noqa: ARG002 - every room answers the same questions, and seldom needs all of a question

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

from exchange.agreements.lifecycle import RUNNING, SHARING
from exchange.agreements.tasks import expire_overdue
from exchange.applications.lifecycle import SHARE_REQUEST
from exchange.corrections.lifecycle import CONTENT, CORRECTION, DISPUTE_OVER, GRANTED, NO_DISPUTE, REASON
from exchange.disputes.lifecycle import DISPUTE
from groundwork.lifecycle import Clock, Step
from tests.support.exchanges.exchange import Answer
from tests.support.lifecycles.model import Act, Past
from tests.support.lifecycles.rooms import Room

TERM = timedelta(days=60)
WHY = {"reason": "核查"}
STATED = {"statement": "按档案"}
REPORT = {"ground": "out_of_scope", "reason": "x"}
DISPOSAL = {"statement": "已删除", "evidence": "9f" * 32}


class Requests(Room):
    """Share requests between departments (Decree 809, Articles 20 and 21)."""

    machine = SHARE_REQUEST
    kind = "application"
    by: ClassVar = {
        "demander's approver": frozenset({"demander"}),
        "demander": frozenset({"demander"}),
        "provider's approver": frozenset({"owner"}),
        "authority": frozenset({"authority"}),
    }
    variants: ClassVar = {
        "consent": ("another_person",),
        "request_supplement": ("conditions_of_catalogue",),
        "approve": ("conditions_of_catalogue",),
        "refuse": ("not_for_incomplete_materials",),
        "extend": ("authority_consent",),
    }
    paths: ClassVar = {
        "consent": "consent",
        "discard": "withdrawal",
        "withdraw": "withdrawal",
        "request_supplement": "supplement-request",
        "supplement": "supplement",
        "consent_to_extension": "extension-consent",
        "extend": "extension",
        "approve": "approval",
        "refuse": "refusal",
    }

    attribute: ClassVar = "conditional"

    async def begin(self) -> Answer:
        dataset = getattr(self.exchange, self.attribute)
        until = {"not_after": (self.exchange.now + timedelta(days=900)).isoformat()}
        return await self.post("demander", "/applications", self.exchange.draft_application(dataset) | until)

    def sees(self, past: Past, who: str) -> bool:
        return who == "demander" or (super().sees(past, who) and past.mark("submitted") is not None)

    def means(self, past: Past, act: Act) -> Act:
        # Withdrawing a draft discards it: both have one address.
        if act.verb not in ("discard", "withdraw"):
            return act
        return act._replace(verb="discard" if past.state == "drafted" else "withdraw")

    def facts(self, past: Past, act: Act) -> set[str]:
        due = past.mark("supplement_due")
        holds = {
            "another_person": True,
            "first_supplement": due is None,
            "conditions_of_catalogue": True,
            "reply_not_overdue": past.clock("reply") is not None and not past.is_over("reply"),
            "authority_consent": past.mark("consent") is not None,
            "not_for_incomplete_materials": True,
            "supplement_time_over": isinstance(due, datetime) and past.now >= due,
        }
        if act.variant == "not_for_incomplete_materials":
            holds[act.variant] = due is not None
        elif act.variant:
            holds[act.variant] = False
        return {fact for fact, does_hold in holds.items() if does_hold}

    def starts(self, past: Past, step: Step, act: Act) -> tuple[Clock, ...]:
        return tuple(clock for clock in step.starts if clock.parameter == f"reply_{self.attribute}")

    def after(self, past: Past, step: Step, act: Act) -> Past:
        if step.verb == "request_supplement":
            return past.with_mark("supplement_due", past.now + timedelta(days=5)).with_mark("consent", None)
        if step.verb == "consent":
            return past.with_mark("submitted", "yes")
        if step.verb == "consent_to_extension":
            return past.with_mark("consent", "given")
        if step.verb == "extend":
            return past.extend("reply", 3)
        return past

    async def send(self, thing: str, act: Act) -> Answer:
        documents: dict[str, dict[str, Any]] = {
            "request_supplement": {"missing": "依据", "days": 5},
            "supplement": {"supplement": "第十二条"},
            "consent_to_extension": {"days": 3, "reason": "会商"},
            "extend": {"days": 3, "reason": "会商", "consent": await self._consent(thing, act)},
            "approve": {},
            "refuse": {"reason": "不符"},
        }
        document = documents.get(act.verb)
        if act.variant == "conditions_of_catalogue":
            document = {**(document or {}), "conditions": ["目录之外的条件"]}
        elif act.variant == "not_for_incomplete_materials":
            document = {**(document or {}), "incomplete_materials": True}
        path = f"/applications/{thing}/{self.paths[act.verb]}"
        if act.variant != "another_person":
            return await self.post(act.who, path, document)
        await self._separate_duties(does=True)
        try:
            return await self.post(act.who, path, document)
        finally:
            await self._separate_duties(does=False)

    async def _separate_duties(self, *, does: bool) -> None:
        async with self.exchange.runtime.database.pool.acquire() as connection:
            statement = "UPDATE organisations SET separates_duties = $1 WHERE id = $2::uuid"
            await connection.execute(statement, does, self.exchange.demander.id)

    async def _consent(self, thing: str, act: Act) -> str | None:
        if act.verb != "extend" or act.variant:
            return None if act.variant else str(uuid4())
        consent = (await self.exchange.read("demander", f"/applications/{thing}"))["extension_consent"]
        return None if consent is None else str(consent)

    async def read(self, thing: str) -> str:
        return str((await self.exchange.read("demander", f"/applications/{thing}"))["state"])

    def is_about(self, thing: str, body: dict[str, Any]) -> bool:
        return super().is_about(thing, body) or body.get("application") == thing


class UnconditionalRequests(Requests):
    """Share requests for what is shared without conditions."""

    attribute: ClassVar = "unconditional"


class UnprovidedAgreements(Room):
    """Agreements between departments whose data is provided later (Decree 809, Articles 22, 25 and 27)."""

    machine = SHARING
    kind = "agreement"
    by: ClassVar = {"provider": frozenset({"owner"}), "demander": frozenset({"demander"})}
    variants: ClassVar = {"suspend": ("without_ground",), "terminate": ("consultation_recorded",)}
    paths: ClassVar = {
        "activate": "activation",
        "suspend": "suspension",
        "rectify": "rectification",
        "resume": "resumption",
        "terminate": "termination",
        "end": "termination",
        "dispose": "disposal",
    }

    approval: ClassVar[dict[str, str]] = {"provision": "later"}

    async def begin(self) -> Answer:
        application = await self.exchange.ask(not_after=(self.exchange.now + TERM).isoformat())
        return await self.post("owner", f"/applications/{application['id']}/approval", self.approval)

    def name(self, answer: Answer) -> str:
        return str(answer.json["agreement"]["id"])

    def begun(self) -> Past:
        past = super().begun()
        return self.concluded(past.with_mark("not_after", past.now + TERM))

    def concluded(self, past: Past) -> Past:
        """What is so of an agreement that was concluded just now."""
        return past.start("provide", "provide")

    def is_hidden(self, past: Past, act: Act) -> bool:
        # An application amends only an agreement that runs: of another one, it is not even drafted.
        return super().is_hidden(past, act) or (act.verb == "amend" and past.state not in RUNNING)

    def parties_of(self, verb: str) -> tuple[str, ...]:
        # Both sides end an agreement at the same address, by different steps.
        other = {"terminate": "demander", "end": "owner"}.get(verb)
        return tuple(who for who in self.parties if who != other)

    def facts(self, past: Past, act: Act) -> set[str]:
        is_recorded = act.verb == "terminate" and not act.variant
        holds = {
            "rectification_ordered": past.clock("rectify") is not None,
            "consultation_recorded": is_recorded,
            "time_to_rectify_over": is_recorded or past.is_over("rectify"),
            "not_disposed": past.mark("disposed") is None,
            "no_report_undecided": past.clock("report") is None,
        }
        return {fact for fact, does_hold in holds.items() if does_hold}

    def is_due(self, past: Past, step: Step) -> bool:
        not_after = past.mark("not_after")
        return isinstance(not_after, datetime) and past.now >= not_after

    def starts(self, past: Past, step: Step, act: Act) -> tuple[Clock, ...]:
        # No rectification is ordered by a suspension for another reason than a use outside the agreement.
        return () if act.variant == "without_ground" else step.starts

    def after(self, past: Past, step: Step, act: Act) -> Past:
        return past.with_mark("disposed", "yes") if step.verb == "dispose" else past

    async def pass_time(self) -> None:
        async with self.exchange.runtime.database.sessions() as session:
            await expire_overdue(session, self.exchange.now)

    async def send(self, thing: str, act: Act) -> Answer:
        document: dict[str, Any] = dict(WHY)
        if act.verb == "amend":
            return await self._amend(thing, act)
        if act.verb == "dispose":
            document = DISPOSAL
        elif act.verb == "suspend" and not act.variant:
            document["ground"] = "out_of_scope"
        elif act.verb == "terminate" and not act.variant:
            document["consultation"] = "已协商并备案"
        return await self.post(act.who, f"/agreements/{thing}/{self.paths[act.verb]}", document)

    async def _amend(self, thing: str, act: Act) -> Answer:
        """Approve an application that amends the agreement, whose data is provided at once."""
        draft = self.exchange.draft_application(self.exchange.conditional) | {"amends": thing}
        drafted = await self.post("demander", "/applications", draft)
        if drafted.status >= 400:
            return drafted
        path = f"/applications/{drafted.json['id']}"
        await self.exchange.act_ok("demander", f"{path}/consent")
        return await self.post(act.who, f"{path}/approval", {})

    async def read(self, thing: str) -> str:
        return str((await self.exchange.read("demander", f"/agreements/{thing}"))["state"])


class Agreements(UnprovidedAgreements):
    """Agreements between departments whose data is provided at once, and about which a report waits for its decision."""

    approval: ClassVar = {}

    async def begin(self) -> Answer:
        answer = await super().begin()
        await self.exchange.act_ok("authority", f"/agreements/{self.name(answer)}/reports", REPORT)
        return answer

    def concluded(self, past: Past) -> Past:
        active = replace(past, state="active")
        return active.start("usage", "usage_record").start("report", "report_decision")


class Disputes(Room):
    """Disputes between departments (Decree 809, Article 28)."""

    machine = DISPUTE
    kind = "dispute"
    by: ClassVar = {"either side": frozenset({"owner", "demander"}), "authority": frozenset({"authority"})}

    async def begin(self) -> Answer:
        application = await self.exchange.ask()
        new = {"kind": "application", "matter": application["id"], "statement": "范围有异议"}
        return await self.post("demander", "/disputes", new)

    def facts(self, past: Past, act: Act) -> set[str]:
        return set()

    async def send(self, thing: str, act: Act) -> Answer:
        return await self.post(act.who, f"/disputes/{thing}/steps", {"verb": act.verb, "statement": "x"})

    async def read(self, thing: str) -> str:
        return str((await self.exchange.read("demander", f"/disputes/{thing}"))["state"])


class Corrections(Room):
    """Corrections (Decree 809, Articles 26 and 28), from their filing on."""

    machine = CORRECTION
    kind = "correction"
    by: ClassVar = {
        "consumer": frozenset({"demander"}),
        "provider": frozenset({"owner"}),
        "either side or authority": frozenset(
            {"owner", "demander"}
        ),  # the authority ends only what it was applied to for
    }
    variants: ClassVar = {"correct": (CONTENT,)}
    paths: ClassVar = {
        "correct": "correction",
        "confirm": "confirmation",
        "withdraw": "withdrawal",
        "settle": "settlement",
        "dispute": "dispute",
    }
    _uploads = 0

    opening: ClassVar = Act("file", "demander")

    @property
    def verbs(self) -> tuple[str, ...]:
        return tuple(verb for verb in super().verbs if verb != "file")

    async def begin(self) -> Answer:
        agreement = await self.exchange.grant()
        filed = {"agreement": agreement["id"], "fault": "inaccurate", "fields": ["name"], "statement": "x"}
        return await self.post("demander", "/corrections", filed)

    def names_lack(self, answer: Answer, lacking: set[str]) -> bool:
        return answer.problem == "correction-invalid" and len(answer.json["errors"]) == len(lacking)

    def facts(self, past: Past, act: Act) -> set[str]:
        is_newer = act.variant != CONTENT or past.mark("newer") is not None
        is_undisputed = past.mark("disputed") is None
        return {
            *(REASON, GRANTED, DISPUTE_OVER),
            *({CONTENT} if is_newer else set()),
            *({NO_DISPUTE} if is_undisputed else set()),
        }

    def is_hidden(self, past: Past, act: Act) -> bool:
        # A correction that is not disputed has no dispute that could end.
        return super().is_hidden(past, act) or (act.verb == "resolve" and past.mark("disputed") is None)

    def after(self, past: Past, step: Step, act: Act) -> Past:
        return past.with_mark("disputed", "yes") if step.verb == "dispute" else past

    def tried(self, past: Past, act: Act) -> Past:
        # The content is newer from the first upload on, whatever becomes of the act that came with it.
        return past.with_mark("newer", "yes") if act.verb == "correct" and not act.variant else past

    async def send(self, thing: str, act: Act) -> Answer:
        if act.verb == "correct" and not act.variant:
            Corrections._uploads += 1
            content = f"code,name\n1,a\n2,b{self._uploads}\n".encode()
            source = self.exchange.conditional["source"]
            target = f"/api/v1/sources/{source}/content?filename=data.csv"
            await self.exchange.call_ok(self.exchange.owner.steward, "PUT", target, content)
        if act.verb == "resolve":
            dispute = (await self.exchange.read("demander", f"/corrections/{thing}"))["dispute"] or uuid4()
            return await self.post(act.who, f"/disputes/{dispute}/steps", {"verb": "settle"} | STATED)
        return await self.post(act.who, f"/corrections/{thing}/{self.paths[act.verb]}", STATED)

    async def read(self, thing: str) -> str:
        return str((await self.exchange.read("demander", f"/corrections/{thing}"))["state"])
