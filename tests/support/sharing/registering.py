"""An exchange with a registrar, and enterprises that apply for the registration of rights; its clock is moved by tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from exchange.calendar.hooks import DeadlineDependents
from exchange.calendar.tasks import sweep
from exchange.kernel.clock import SettableClock
from exchange.rights.tasks import lapse_due, resume_reviews
from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange, Key, Party
from tests.support.exchanges.filled import start_filled
from tests.support.sharing.departments import CSV, FRIDAY, YEAR, load_year

APPLICATIONS = "/rights/applications"
RECORDS = "/rights/records"
PROOF = {"title": "证明", "digest": "ab" * 32}
WHY = {"statement": "经核查"}
ALL = ("HOLD", "USE", "OPERATE")
MONDAY = datetime(YEAR, 3, 2, 2, tzinfo=UTC)
"""Ten o'clock in China on a Monday with ordinary weeks before and behind it."""


def complete_form(codes: dict[str, str], holders: dict[str, tuple[str, ...]], **changes: Any) -> dict[str, Any]:
    """A complete form; `holders` are parties by name with their rights."""
    document = {
        "data_class": "enterprise",
        "situation": "own_operation",
        "source_type": "collected",
        "name": {
            "time": "2025年",
            "region": "浙江",
            "industry": "人力资源",
            "content": "岗位需求",
            "kind": "数据集",
        },
        "summary": "企业招聘中形成的岗位需求",
        "industry": "L72",
        "applicant_type": "legal_person",
        "business": "人力资源服务",
        "scope": "province",
        "since": "2025-01-01",
        "to": "2025-12-31",
        "frequency": "month",
        "rows": 120_000,
        "medium": "table",
        "structure": "structured",
        "restrictions": {
            **dict.fromkeys(("recipients", "qualification", "environment", "region"), "无"),
            "resale": False,
            "export": False,
        },
        "holders": [
            {
                "name": who,
                "code": codes[who],
                "rights": [{"right": right} for right in rights],
                "proof": PROOF,
            }
            for who, rights in holders.items()
        ],
        "attachments": dict.fromkeys(("identity", "acquisition", "sample", "description", "lawfulness"), PROOF),
    }
    return {name: value for name, value in (document | changes).items() if value is not ...}


@dataclass(kw_only=True)
class RegisteringExchange(Exchange):
    """Two enterprises, a department, a registrar of a bureau; `dataset` is the owner's, `duty_data` the department's."""

    clock: SettableClock
    owner: Party
    other: Party
    department: Party
    bureau: Party
    codes: dict[str, str]
    dataset: dict[str, Any]
    duty_data: dict[str, Any]

    def key_of(self, who: str) -> Key:
        """The key of a party's steward, or of an administrator; the registrar is the bureau's."""
        if who in self.keys:
            return self.keys[who]
        party: Party = self.bureau if who == "registrar" else getattr(self, who)
        return party.steward

    async def act(self, who: str, path: str, document: Any = None, *, method: str = "POST") -> Answer:
        """Call as a party."""
        return await self.call(self.key_of(who), method, f"/api/v1{path}", document)

    async def act_ok(self, who: str, path: str, document: Any = None, *, method: str = "POST") -> Any:
        """Call as a party, which has to succeed."""
        answer = await self.act(who, path, document, method=method)
        assert answer.status < 300, answer.content.decode()
        return answer.json if answer.content else None

    async def pass_days(self, days: int) -> None:
        """Let days pass, and do what time alone does."""
        self.clock.move(timedelta(days=days))
        await self.sweep()

    async def sweep(self) -> None:
        """Mark the deadlines that are over, and lapse the records whose last day is."""
        async with self.runtime.database.sessions() as session:
            await sweep(session, self.runtime[DeadlineDependents], self.clock.now())
        async with self.runtime.database.sessions() as session:
            await lapse_due(session, self.clock.now())
            await resume_reviews(session, self.clock.now())

    def form(self, holders: dict[str, tuple[str, ...]] | None = None, **changes: Any) -> dict[str, Any]:
        """A complete form; `holders` are parties by name with their rights."""
        return complete_form(self.codes, holders or {"owner": ALL}, **changes)

    async def draft(self, who: str = "owner", **form: Any) -> Any:
        """Draft an application with a complete form and a contact."""
        contact = {"name": "联系人甲", "phone": "057100000000", "address": "杭州"}
        document = {"dataset": self.dataset["id"], "form": self.form(**form), "contact": contact}
        return await self.act_ok(who, APPLICATIONS, document)

    async def file(self, who: str = "owner", **form: Any) -> Any:
        """File an application; the further holders confirm it."""
        application = await self.draft(who, **form)
        return await self.go_on(application, who)

    async def go_on(self, application: dict[str, Any], who: str = "owner") -> Any:
        """Let the other parties of a draft confirm it, and file it."""
        target = f"{APPLICATIONS}/{application['id']}"
        for party in application["parties"]:
            name = next(
                name for name in ("owner", "other", "department") if getattr(self, name).id == party["organisation"]
            )
            await self.act_ok(name, f"{target}/confirmation")
        return await self.act_ok(who, f"{target}/filing")

    async def review(self, application: dict[str, Any]) -> Any:
        """Accept an application, waive its publicity and deposit it."""
        target = f"{APPLICATIONS}/{application['id']}"
        await self.act_ok("registrar", f"{target}/acceptance")
        await self.act_ok("registrar", f"{target}/publicity-waiver", WHY)
        return await self.act_ok("registrar", f"{target}/deposit")

    async def register(self, who: str = "owner", **form: Any) -> Any:
        """Register rights: the applicant's own record."""
        application = await self.review(await self.file(who, **form))
        return (await self.records(who, application["records"][0]))[0]

    async def records(self, who: str, code: str | None = None) -> list[dict[str, Any]]:
        """The records that a party reads, perhaps those with a code."""
        records = await self.act_ok(who, RECORDS, method="GET")
        return [record for record in records if code in (None, record["code"])]


@asynccontextmanager
async def start_registering(settings: Settings, *, at: datetime = FRIDAY) -> AsyncIterator[RegisteringExchange]:
    """Start an exchange with a registrar on an empty database at a time."""
    async with start_filled(settings, _fill, clock=SettableClock(at)) as exchange:
        yield exchange


async def _fill(exchange: Exchange) -> RegisteringExchange:
    await load_year(exchange)
    kind: dict[str, Any] = {"kind": "enterprise", "level": "none"}
    owner, other = [await exchange.admit(name, **kind) for name in ("owner", "other")]
    department, bureau = [await exchange.admit(name) for name in ("department", "bureau")]
    principal = await exchange.find_principal(bureau.steward)
    role = {"role": "registrar", "domain": "exchange"}
    await exchange.call_ok(exchange.keys["security"], "POST", f"/api/v1/principals/{principal}/roles", role)
    datasets = [
        await exchange.publish_dataset(party, await exchange.register_file(party, CSV), "codes")
        for party in (owner, department)
    ]
    listed = await exchange.call_ok(owner.steward, "GET", "/api/v1/organisations")
    return RegisteringExchange(
        exchange.app,
        exchange.client,
        exchange.keys,
        url=exchange.url,
        clock=exchange.settable_clock,
        owner=owner,
        other=other,
        department=department,
        bureau=bureau,
        codes={each["handle"]: each["code"] for each in listed},
        dataset=datasets[0],
        duty_data=datasets[1],
    )
