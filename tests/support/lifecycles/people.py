"""Consents and deletions, as walks see them: a person decides, an owner records it, a recipient deletes."""
# ruff: noqa: ARG002 - every room answers the same questions, and seldom needs all of a question

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from exchange.consents import lifecycle
from exchange.consents.deletions.lifecycle import CLOCK, DELETION, EVIDENCE
from exchange.consents.lifecycle import CONSENT, UNKNOWN, VALID
from exchange.consents.tasks import EXPIRY
from exchange.kernel.loops import Loops
from groundwork.lifecycle import Step
from tests.support.exchanges.exchange import Answer, Party
from tests.support.lifecycles.model import Act, Past
from tests.support.lifecycles.rooms import Room
from tests.support.people.consenting import PROOF, decide_ok, notice_for

TERM = timedelta(days=60)
ASK_AGAIN = timedelta(days=90)
GUARDIAN = {"name": "陈", "relation": "parent", "verified_by": "户口簿"}
CSV = "person_id,name,score\n" + "".join(f"P{n:05d},陈{n},{n}\n" for n in range(1, 4))
DECISIONS = {"give": "given", "renew": "given", "refuse": "refused", "defer": "deferred", "withdraw": "withdrawn"}
_NUMBERS = itertools.count(1)


class PeopleRoom(Room):
    """A room on an exchange where a hospital shares data about people with an enterprise."""

    parties: ClassVar[tuple[str, ...]] = ("hospital", "recipient", "stranger")
    hospital: Party
    recipient: Party
    notice: dict[str, Any]
    about: ClassVar[dict[str, Any]] = {}

    async def prepare(self) -> None:
        exchange, name = self.exchange, f"hospital-{type(self).__name__.lower()}"
        self.hospital = await exchange.admit(name, kind="institution", level="none")
        self.recipient = await exchange.admit(f"user-of-{name}", kind="enterprise", level="none")
        source = await exchange.register_file(self.hospital, CSV.encode())
        dataset = await exchange.publish_dataset(self.hospital, source, "people", terms={"consent": True})
        await exchange.conclude_agreement(self.recipient, self.hospital, dataset)
        since = (exchange.now - timedelta(days=1)).isoformat()
        changes = {"term_days": TERM.days, "in_use_since": since} | self.about
        document = notice_for(f"{name}/people", f"user-of-{name}", **changes)
        self.notice = await exchange.call_ok(self.hospital.steward, "POST", "/api/v1/consent-notices", document)

    async def post(self, who: str, path: str, document: Any = None) -> Answer:
        party = {"hospital": self.hospital, "recipient": self.recipient, "stranger": self.exchange.stranger}[who]
        return await self.exchange.call(party.steward, "POST", f"/api/v1{path}", document)

    async def pass_time(self) -> None:
        await self.exchange.runtime[Loops][EXPIRY].tick()


class Consents(PeopleRoom):
    """Consents of a person under a notice for children, in the written form.

    Each thing is another person's newest record. An ended one is followed by a new one, which begins unknown.
    """

    machine = CONSENT
    kind = "consent"
    about: ClassVar = {
        "children_rules": "监护人可随时撤回",
        "written": True,
        "necessity_and_impact": "为儿童提供服务所必需",
    }
    by: ClassVar = dict.fromkeys(("steward", "person", "owner"), frozenset({"hospital"}))
    variants: ClassVar = dict.fromkeys(("give", "renew"), (lifecycle.PROVEN, lifecycle.GUARDED, lifecycle.WRITTEN))

    async def begin(self) -> Answer:
        self.person = f"P{next(_NUMBERS):05d}"
        return await self.post("hospital", "/consents/search", {"notice": self.notice["id"], "value": self.person})

    def name(self, answer: Answer) -> str:
        return self.person

    def standing(self, past: Past, act: Act) -> Past:
        is_new = past.state in self.machine.ends and act.verb not in ("revoke", "invalidate")
        return replace(past, state=UNKNOWN) if is_new else past

    def means(self, past: Past, act: Act) -> Act:
        # One decision is the first one or renews the one that holds.
        if act.verb not in ("give", "renew"):
            return act
        return act._replace(verb="renew" if past.state in VALID else "give")

    def facts(self, past: Past, act: Act) -> set[str]:
        refused = past.mark("refused")
        is_refused = isinstance(refused, datetime) and past.now < refused + ASK_AGAIN
        lacks = {act.variant, lifecycle.UNREFUSED if is_refused else ""}
        if act.variant == lifecycle.PROVEN:
            lacks.add(lifecycle.WRITTEN)
        return lifecycle.ARTICLES.keys() - lacks

    def names_lack(self, answer: Answer, lacking: set[str]) -> bool:
        if lifecycle.UNREFUSED in lacking:
            return answer.problem == "consent-asked-too-soon"
        return answer.problem == "consent-invalid" and len(answer.json["errors"]) == len(lacking)

    def sees(self, past: Past, who: str) -> bool:
        return who == "hospital"

    def is_hidden(self, past: Past, act: Act) -> bool:
        has_none = past.state == UNKNOWN and act.verb in ("revoke", "invalidate")
        return has_none or super().is_hidden(past, act)

    def is_due(self, past: Past, step: Step) -> bool:
        until = past.mark("until")
        return isinstance(until, datetime) and past.now >= until

    def after(self, past: Past, step: Step, act: Act) -> Past:
        if step.target in ("refused", "withdrawn"):
            return past.with_mark("refused", past.now)
        return past.with_mark("until", past.now + TERM) if step.target in VALID else past

    async def _record(self, thing: str) -> dict[str, Any] | None:
        document = {"notice": self.notice["id"], "value": thing}
        rows = (await self.post("hospital", "/consents/search", document)).json
        return max(rows, key=lambda row: max(row["asked_at"] or "", row["decided_at"] or ""), default=None)

    async def send(self, thing: str, act: Act) -> Answer:
        self.exchange.clock.move(timedelta(seconds=1))  # each decision is newer than the last one
        person: dict[str, Any] = {"notice": self.notice["id"], "value": thing}
        if act.verb == "ask":
            return await self.post(act.who, "/consents/requests", person)
        if act.verb in ("revoke", "invalidate"):
            record = await self._record(thing)
            path = f"/consents/{record['id'] if record else self.notice['id']}"
            ending = {"revoke": "revocation", "invalidate": "invalidation"}[act.verb]
            return await self.post(act.who, f"{path}/{ending}", {"reason": "核查"})
        document = person | {"decision": DECISIONS[act.verb]}
        if act.verb in ("give", "renew"):
            document |= {"method": "paper-signature", "proof": PROOF, "guardian": GUARDIAN}
        if act.variant == lifecycle.PROVEN:
            del document["proof"], document["method"]
        elif act.variant == lifecycle.GUARDED:
            del document["guardian"]
        elif act.variant == lifecycle.WRITTEN:
            document["method"] = "window"
        return await self.post(act.who, "/consents/decisions", document)

    async def read(self, thing: str) -> str:
        record = await self._record(thing)
        return UNKNOWN if record is None else str(record["state"])

    def is_about(self, thing: str, body: dict[str, Any]) -> bool:
        of_one = body["type"] in {step.entry for step in self.machine.steps} and body.get("notice") == self.notice["id"]
        return of_one or body.get("object") == {"kind": "consent_notice", "id": self.notice["id"]}


class Deletions(PeopleRoom):
    """Deletions that withdrawals order. A late one suspends the recipient's agreement, which is its own lifecycle."""

    machine = DELETION
    kind = "deletion"
    by: ClassVar = {"recipient": frozenset({"recipient"})}

    async def begin(self) -> Answer:
        person = f"P{next(_NUMBERS):05d}"
        self.exchange.clock.move(timedelta(seconds=1))
        await decide_ok(self.exchange, self.hospital, self.notice, person)
        self.exchange.clock.move(timedelta(seconds=1))
        await decide_ok(self.exchange, self.hospital, self.notice, person, "withdrawn")
        listed = "/api/v1/deletions?limit=500"
        rows = await self.exchange.call(self.recipient.steward, "GET", listed)
        return replace(rows, content=rows.content.strip())

    def name(self, answer: Answer) -> str:
        return str(answer.json[-1]["id"])

    def begun(self) -> Past:
        return self.nothing().start(CLOCK.name, CLOCK.parameter)

    def sees(self, past: Past, who: str) -> bool:
        return who == "recipient"

    def facts(self, past: Past, act: Act) -> set[str]:
        return {EVIDENCE}

    def is_due(self, past: Past, step: Step) -> bool:
        return past.is_over(CLOCK.name)

    async def send(self, thing: str, act: Act) -> Answer:
        evidence = {"method": "覆盖删除", "deleted_at": self.exchange.now.isoformat()}
        return await self.post(act.who, f"/deletions/{thing}/evidence", evidence)

    async def read(self, thing: str) -> str:
        target = f"/api/v1/deletions/{thing}"
        return str((await self.exchange.call_ok(self.recipient.steward, "GET", target))["state"])
