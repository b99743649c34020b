"""Provision of shared data within its time, and the amendment of an agreement without a gap."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer
from tests.support.exchanges.parties import check_one_succeeded
from tests.support.sharing.departments import REASON, YEAR, DepartmentsExchange, start_departments

LATER = {"provision": "later"}


@pytest.fixture
async def sharing(settings: Settings) -> AsyncIterator[DepartmentsExchange]:
    async with start_departments(settings) as sharing:
        yield sharing


async def deliver(sharing: DepartmentsExchange) -> Answer:
    return await sharing.call(
        sharing.demander.system, "POST", "/api/v1/deliveries", {"dataset": "owner/codes"}, purpose="talent-service"
    )


async def clocks(sharing: DepartmentsExchange, who: str, party: str) -> dict[str, Any]:
    board = await sharing.read(who, f"/organisations/{party}/duties")
    return {duty["clock"]: duty for duty in board["duties"]}


async def states(sharing: DepartmentsExchange) -> dict[str, str]:
    return {row["id"]: row["state"] for row in await sharing.read("owner", "/agreements")}


async def amend(sharing: DepartmentsExchange, before: str, **approval: Any) -> Answer:
    application = await sharing.ask(amends=before)
    return await sharing.act("owner", f"/applications/{application['id']}/approval", approval)


async def test_data_that_is_provided_later_is_due_in_20_working_days_and_delivered_from_then_on(
    sharing: DepartmentsExchange,
) -> None:
    agreement = await sharing.grant(**LATER)
    assert agreement["state"] == "provisioning"
    duty = (await clocks(sharing, "owner", sharing.owner.id))["provide"]
    assert (duty["due"], duty["article"]) == (f"{YEAR}-03-19", "政务数据共享条例 Art. 22")
    denied = await deliver(sharing)
    assert (denied.status, denied.problem) == (403, "agreement-not-yet-valid")
    path = f"/agreements/{agreement['id']}/activation"
    assert (await sharing.act("demander", path, REASON)).problem == "role-missing"
    calls = [sharing.act("owner", path, REASON) for _ in range(3)]
    check_one_succeeded(await asyncio.gather(*calls))
    assert (await deliver(sharing)).status == 200
    assert await clocks(sharing, "owner", sharing.owner.id) == {}
    assert "usage" in await clocks(sharing, "demander", sharing.demander.id)
    types = [body["type"] for body in await sharing.read_entries() if body["type"].startswith("agreement.")]
    assert types == ["agreement.concluded", "agreement.activated"]


async def test_a_late_provision_is_marked_and_stays_due(sharing: DepartmentsExchange) -> None:
    agreement = await sharing.grant(**LATER)
    sharing.move_to(datetime(YEAR, 3, 19, 16, tzinfo=UTC))
    await sharing.sweep()
    duty = (await clocks(sharing, "authority", sharing.owner.id))["provide"]
    assert (duty["state"], duty["days_late"]) == ("overdue", 1)
    assert await states(sharing) == {agreement["id"]: "provisioning"}
    assert (await sharing.act_ok("owner", f"/agreements/{agreement['id']}/activation", REASON))["state"] == "active"


async def test_what_was_never_provided_ends_without_a_disposal(sharing: DepartmentsExchange) -> None:
    first, second = [f"/agreements/{(await sharing.grant(**LATER))['id']}" for _ in range(2)]
    assert (await sharing.act("owner", f"{first}/suspension", REASON)).problem == "conflict"
    assert (await sharing.act("owner", f"{first}/termination", REASON)).json["lacking"] == ["consultation_recorded"]
    await sharing.act_ok("owner", f"{first}/termination", REASON | {"consultation": "已协商并备案"})
    assert (await sharing.act_ok("demander", f"{second}/termination", REASON))["state"] == "terminated"
    assert await clocks(sharing, "demander", sharing.demander.id) == {}
    assert await clocks(sharing, "owner", sharing.owner.id) == {}


async def test_an_amendment_ends_the_old_agreement_in_the_same_transaction(sharing: DepartmentsExchange) -> None:
    old = (await sharing.grant())["id"]
    answer = await amend(sharing, old)
    new = answer.json["agreement"]
    assert (new["state"], new["amends"]) == ("active", old)
    assert await states(sharing) == {old: "terminated", new["id"]: "active"}
    bodies = [body for body in await sharing.read_entries() if body["type"].startswith("agreement.")]
    assert [(body["type"], body["object"]["id"]) for body in bodies[1:]] == [
        ("agreement.concluded", new["id"]),
        ("agreement.amended", old),
    ]
    assert bodies[1]["amends"] == old
    assert set(await clocks(sharing, "demander", sharing.demander.id)) == {"usage"}
    assert (await deliver(sharing)).status == 200


async def test_the_old_agreement_holds_until_the_data_of_the_new_one_is_provided(sharing: DepartmentsExchange) -> None:
    old = (await sharing.grant())["id"]
    new = (await amend(sharing, old, **LATER)).json["agreement"]["id"]
    assert await states(sharing) == {old: "active", new: "provisioning"}
    assert (await deliver(sharing)).status == 200
    await sharing.act_ok("owner", f"/agreements/{new}/activation", REASON)
    assert await states(sharing) == {old: "terminated", new: "active"}


async def test_of_two_applications_that_amend_one_agreement_one_is_granted(sharing: DepartmentsExchange) -> None:
    old = (await sharing.grant())["id"]
    paths = [f"/applications/{(await sharing.ask(amends=old))['id']}" for _ in range(2)]
    answers = await asyncio.gather(*(sharing.act("owner", f"{path}/approval", {}) for path in paths))
    check_one_succeeded(answers)
    [refused] = [answer for answer in answers if answer.status == 409]
    assert (refused.json["state"], refused.json["amends"]) == ("terminated", old)
    assert sorted((await states(sharing)).values()) == ["active", "terminated"]
    [path] = [path for path in paths if (await sharing.read("owner", path))["state"] == "submitted"]
    assert (await sharing.act_ok("owner", f"{path}/refusal", REASON))["state"] == "refused"


async def test_an_agreement_is_amended_once_while_the_data_of_the_amendment_is_awaited(
    sharing: DepartmentsExchange,
) -> None:
    old = (await sharing.grant())["id"]
    waiting = (await amend(sharing, old, **LATER)).json["agreement"]["id"]
    refused = await amend(sharing, old)
    assert (refused.problem, refused.json["successor"]) == ("conflict", waiting)
    await sharing.act_ok("demander", f"/agreements/{waiting}/termination", REASON)
    assert (await amend(sharing, old)).json["agreement"]["state"] == "active"
    assert sorted((await states(sharing)).values()) == ["active", "terminated", "terminated"]


async def test_no_amendment_puts_a_report_or_a_suspension_aside(sharing: DepartmentsExchange) -> None:
    old = (await sharing.grant())["id"]
    await sharing.act_ok("authority", f"/agreements/{old}/reports", {"ground": "out_of_scope", "reason": "x"})
    assert (await amend(sharing, old)).json["lacking"] == ["no_report_undecided"]
    await sharing.act_ok("owner", f"/agreements/{old}/suspension", REASON | {"ground": "out_of_scope"})
    assert (await amend(sharing, old)).json["state"] == "suspended"
    assert await states(sharing) == {old: "suspended"}


async def test_of_two_agreements_the_older_is_locked_first_as_everywhere(sharing: DepartmentsExchange) -> None:
    """The end of a dataset locks its agreements in the order of their ids: in another order, each could wait for the other."""
    old = (await sharing.grant())["id"]
    new = (await amend(sharing, old, **LATER)).json["agreement"]["id"]
    async with sharing.runtime.database.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT id FROM agreements WHERE id = $1::uuid FOR UPDATE", old)
        activation = asyncio.ensure_future(sharing.act("owner", f"/agreements/{new}/activation", REASON))
        async with asyncio.timeout(30):
            while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - PostgreSQL has no event for it
                await asyncio.sleep(0.01)
        free = await connection.fetch("SELECT id FROM agreements WHERE id = $1::uuid FOR UPDATE SKIP LOCKED", new)
        assert len(free) == 1
    assert (await activation).json["state"] == "active"
    assert await states(sharing) == {old: "terminated", new: "active"}
