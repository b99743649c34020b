"""Agreements between departments: misuse and its rectification, re-sharing, records of use, disposal, disputes, the board."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from exchange.agreements.tasks import suspend_for
from exchange.settings import Settings
from tests.support.exchanges.parties import check_one_succeeded
from tests.support.sharing.departments import FRIDAY, REASON, YEAR, DepartmentsExchange, start_departments

USAGE = dict.fromkeys(("scenario", "process", "effect", "storage", "destruction"), "核验")
DISPOSAL = {"statement": "已删除", "evidence": "9f" * 32}


@pytest.fixture
async def sharing(settings: Settings) -> AsyncIterator[DepartmentsExchange]:
    async with start_departments(settings) as sharing:
        yield sharing


async def duties(sharing: DepartmentsExchange, who: str, party: str | None = None) -> dict[str, Any]:
    path = f"/organisations/{party}/duties" if party else "/duties"
    board = await sharing.read(who, path)
    return {duty["clock"]: duty for duty in board["duties"]}


async def types_of(sharing: DepartmentsExchange) -> list[str]:
    return [body["type"] for body in await sharing.read_entries()]


async def test_t6_passing_data_on_is_denied_on_record_and_proposes_the_suspension(
    sharing: DepartmentsExchange,
) -> None:
    path = f"/agreements/{(await sharing.grant())['id']}"
    denied = await sharing.act_ok("demander", f"{path}/resharing", {"recipient": "某单位", "reason": "联办"})
    assert (denied["document"]["outcome"], denied["document"]["proposed"]) == ("denied", "suspension")
    assert "agreement.resharing_denied" in await types_of(sharing)
    assert all("某单位" not in str(body) for body in await sharing.read_entries())
    duty = (await duties(sharing, "owner", sharing.owner.id))["report"]
    assert (duty["role"], duty["persons"], duty["state"]) == ("approver", ["steward"], "open")
    await sharing.act_ok("owner", f"{path}/suspension", REASON | {"ground": "third_party"})
    assert "report" not in await duties(sharing, "owner", sharing.owner.id)


async def test_further_reports_do_not_put_off_the_providers_decision(sharing: DepartmentsExchange) -> None:
    path = f"/agreements/{(await sharing.grant())['id']}"
    await sharing.act_ok("authority", f"{path}/reports", {"ground": "out_of_scope", "reason": "x"})
    due = (await duties(sharing, "owner", sharing.owner.id))["report"]["due"]
    sharing.move_to(FRIDAY + timedelta(days=3))
    await sharing.act_ok("demander", f"{path}/reports", {"ground": "out_of_scope", "reason": "y"})
    await sharing.act_ok("demander", f"{path}/resharing", {"recipient": "某单位", "reason": "联办"})
    assert (await duties(sharing, "owner", sharing.owner.id))["report"]["due"] == due
    assert [row["type"] for row in await sharing.read("owner", f"{path}/records")] == [
        "agreement.reported",
        "agreement.reported",
        "agreement.resharing_denied",
    ]


async def test_a_suspension_by_nobody_ends_the_time_to_decide_on_a_report(sharing: DepartmentsExchange) -> None:
    """A recipient that is late with a deletion is suspended so: what was proposed has happened."""
    agreement = await sharing.grant()
    path = f"/agreements/{agreement['id']}"
    await sharing.act_ok("authority", f"{path}/reports", {"ground": "out_of_scope", "reason": "x"})
    dataset, demander = UUID(sharing.conditional["id"]), UUID(sharing.demander.id)
    async with sharing.runtime.database.sessions() as session:
        await suspend_for(session, consumer=demander, dataset=dataset, reason="x", now=sharing.now)
        await session.commit()
    assert (await sharing.read("owner", path))["state"] == "suspended"
    assert "report" not in await duties(sharing, "owner", sharing.owner.id)
    assert "rectify" not in await duties(sharing, "demander", sharing.demander.id), "no rectification was ordered"


async def test_anybody_reports_and_the_demander_rectifies_in_time(sharing: DepartmentsExchange) -> None:
    path = f"/agreements/{(await sharing.grant())['id']}"
    await sharing.act_ok("authority", f"{path}/reports", {"ground": "out_of_scope", "reason": "x"})
    early = await sharing.act("owner", f"{path}/termination", REASON)
    assert (early.json["lacking"], early.json["article"]) == (["consultation_recorded"], "809/27")
    await sharing.act_ok("owner", f"{path}/suspension", REASON | {"ground": "out_of_scope"})
    assert (await duties(sharing, "demander", sharing.demander.id))["rectify"]["due"] == "2093-03-05"
    early = await sharing.act("owner", f"{path}/termination", REASON)
    assert early.json["lacking"] == ["time_to_rectify_over"]
    await sharing.act_ok("demander", f"{path}/rectification", REASON)
    assert (await sharing.act("demander", f"{path}/rectification", REASON)).json["lacking"] == ["rectification_ordered"]
    assert (await sharing.act_ok("owner", f"{path}/resumption", REASON))["state"] == "active"
    statements = [row["type"] for row in await sharing.read("demander", f"{path}/statements")]
    assert statements == ["agreement.suspended", "agreement.rectified", "agreement.resumed"]


async def test_who_does_not_rectify_is_terminated_and_disposes(sharing: DepartmentsExchange) -> None:
    path = f"/agreements/{(await sharing.grant())['id']}"
    await sharing.act_ok("owner", f"{path}/suspension", REASON | {"ground": "out_of_scope"})
    sharing.move_to(datetime(YEAR, 3, 5, 16, tzinfo=UTC))
    assert (await sharing.act("demander", f"{path}/disposal", DISPOSAL)).problem == "conflict"
    assert (await sharing.act_ok("owner", f"{path}/termination", REASON))["state"] == "terminated"
    own = await duties(sharing, "demander", sharing.demander.id)
    assert set(own) == {"dispose"}
    calls = [sharing.act("demander", f"{path}/disposal", DISPOSAL) for _ in range(3)]
    check_one_succeeded(await asyncio.gather(*calls))
    assert await duties(sharing, "demander", sharing.demander.id) == {}
    records = await sharing.read("owner", f"{path}/records")
    assert [row["type"] for row in records] == ["agreement.disposed"]
    assert (await types_of(sharing)).count("agreement.disposed") == 1


async def test_records_of_use_are_asked_for_and_read_by_provider_and_authority(sharing: DepartmentsExchange) -> None:
    path = f"/agreements/{(await sharing.grant())['id']}"
    assert (await duties(sharing, "demander", sharing.demander.id))["usage"]["state"] == "provisional"
    await sharing.act_ok("demander", f"{path}/usage", USAGE)
    for who in ("owner", "authority", "demander"):
        [record] = await sharing.read(who, f"{path}/records")
        assert record["document"] == USAGE
    assert (await sharing.act("owner", f"{path}/usage", USAGE)).problem == "role-missing"


async def test_the_providers_stop_needs_a_consultation(sharing: DepartmentsExchange) -> None:
    path = f"/agreements/{(await sharing.grant())['id']}"
    stopped = await sharing.act_ok("owner", f"{path}/termination", REASON | {"consultation": "已协商并备案"})
    assert stopped["state"] == "terminated"
    other = f"/agreements/{(await sharing.grant())['id']}"
    assert (await sharing.act_ok("demander", f"{other}/termination", REASON))["state"] == "terminated"


async def test_an_overdue_duty_names_article_person_and_day(sharing: DepartmentsExchange) -> None:
    await sharing.ask(sharing.unconditional)
    sharing.move_to(FRIDAY + timedelta(days=3))
    await sharing.sweep()
    duty = (await duties(sharing, "authority"))["reply"]
    assert (duty["state"], duty["due"], duty["days_late"]) == ("overdue", "2093-02-14", 2)
    assert (duty["persons"], duty["organisation"]) == (["steward"], sharing.owner.id)
    assert duty["article"] == "政务数据共享条例 Art. 21"
    board = await sharing.read("owner", f"/organisations/{sharing.owner.id}/duties")
    assert [(row["clock"], row["open"], row["overdue"]) for row in board["counters"]] == [("reply", 1, 1)]
    denied = await sharing.call(sharing.owner.steward, "GET", f"/api/v1/organisations/{sharing.demander.id}/duties")
    assert denied.problem == "role-missing"


async def test_a_dispute_goes_to_the_authority(sharing: DepartmentsExchange) -> None:
    agreement = await sharing.grant()
    new = {"kind": "agreement", "matter": agreement["id"], "statement": "范围有异议"}
    dispute = await sharing.act_ok("demander", "/disputes", new)
    path = f"/disputes/{dispute['id']}/steps"
    early = await sharing.act("authority", path, {"verb": "coordinate", "statement": "x"})
    assert (early.problem, early.json["state"]) == ("conflict", "negotiating")
    steps = (
        ("owner", "apply", "applied_to_authority"),
        ("authority", "coordinate", "coordinating"),
        ("authority", "refer", "referred"),
        ("authority", "decide", "decided"),
    )
    for who, verb, state in steps:
        assert (await sharing.act_ok(who, path, {"verb": verb, "statement": "x"}))["state"] == state
    assert (await sharing.act("owner", path, {"verb": "settle", "statement": "x"})).problem == "conflict"
    own = await sharing.act("owner", path, {"verb": "agree", "statement": "x"})
    assert own.problem == "role-missing"
    read = await sharing.read("owner", f"/disputes/{dispute['id']}")
    assert len(read["statements"]) == 5
    assert [kind for kind in await types_of(sharing) if kind.startswith("dispute.")][-1] == "dispute.decided"
