"""Notices of a stop or change: announced ahead, consulted on, carried out on their day; and stops without one, counted."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from exchange.settings import Settings
from tests.support.exchanges.parties import check_one_succeeded
from tests.support.sharing.departments import REASON, YEAR, DepartmentsExchange, start_departments

CONSULTATION = {"statement": "已协商", "filing": "备案〔2093〕3号"}
DAY = f"{YEAR}-03-06"
"""The first day that is possible: ten working days after the announcement are over with the one before it."""


@pytest.fixture
async def sharing(settings: Settings) -> AsyncIterator[DepartmentsExchange]:
    async with start_departments(settings) as sharing:
        yield sharing


def new(sharing: DepartmentsExchange, **more: Any) -> dict[str, Any]:
    return {"dataset": sharing.conditional["id"], "kind": "stop", "effective_on": DAY, "reason": "系统下线", **more}


async def announce(sharing: DepartmentsExchange, **more: Any) -> str:
    notice = await sharing.act_ok("owner", "/agreement-notices", new(sharing, **more))
    return f"/agreement-notices/{notice['id']}"


async def state_of(sharing: DepartmentsExchange, agreement: dict[str, Any]) -> str:
    read: dict[str, str] = await sharing.read("demander", f"/agreements/{agreement['id']}")
    return read["state"]


async def breaches(sharing: DepartmentsExchange) -> int:
    board = await sharing.read("authority", f"/organisations/{sharing.owner.id}/duties")
    [item] = [item for item in board["liability"] if item["item"] == "stopped_or_changed_unannounced"]
    count: int = item["breaches"]
    return count


async def test_a_stop_is_announced_ahead_and_ends_the_agreements_on_its_day(sharing: DepartmentsExchange) -> None:
    agreement = await sharing.grant()
    early = await sharing.act("owner", "/agreement-notices", new(sharing, effective_on=f"{YEAR}-03-05"))
    assert (early.json["lacking"], early.json["earliest"]) == (["time_ahead"], DAY)
    assert (await sharing.act("demander", "/agreement-notices", new(sharing))).problem == "not-found"
    path = await announce(sharing)
    [message] = await sharing.read("demander", "/messages")
    assert (message["kind"], message["day"]) == ("agreement_notice.announced", DAY)
    for who in ("demander", "authority", "owner"):
        assert (await sharing.read(who, path))["agreements"] == [agreement["id"]]
    assert (await sharing.act("owner", f"{path}/execution", REASON)).problem == "conflict"
    await sharing.act_ok("owner", f"{path}/consultation", CONSULTATION)
    assert (await sharing.act("owner", f"{path}/execution", REASON)).json["lacking"] == ["day_of_the_notice"]
    assert await state_of(sharing, agreement) == "active"
    sharing.move_to(datetime(YEAR, 3, 5, 16, tzinfo=UTC))
    calls = [sharing.act("owner", f"{path}/execution", REASON) for _ in range(3)]
    check_one_succeeded(await asyncio.gather(*calls))
    assert await state_of(sharing, agreement) == "terminated"
    types = [body["type"] for body in await sharing.read_entries() if body["type"].startswith("agreement")]
    assert types[-2:] == ["agreement_notice.carried_out", "agreement.terminated"]
    duties = await sharing.read("demander", f"/organisations/{sharing.demander.id}/duties")
    assert [duty["clock"] for duty in duties["duties"]] == ["dispose"]
    assert await breaches(sharing) == 0
    assert all("系统下线" not in str(body) for body in await sharing.read_entries())


async def test_a_change_keeps_the_agreements_that_it_says(sharing: DepartmentsExchange) -> None:
    agreement, other = await sharing.grant(), await sharing.grant()
    path = await announce(sharing, kind="change", outcome="keep", agreements=[agreement["id"]])
    await sharing.act_ok("owner", f"{path}/consultation", CONSULTATION)
    sharing.move_to(datetime(YEAR, 3, 5, 16, tzinfo=UTC))
    assert (await sharing.act_ok("owner", f"{path}/execution", REASON))["state"] == "carried_out"
    assert await state_of(sharing, agreement) == "active"
    for each, count in ((agreement, 1), (other, 0)):
        assert len(await sharing.read("demander", f"/agreements/{each['id']}/statements")) == count
    refused = await sharing.act("owner", "/agreement-notices", new(sharing, agreements=[sharing.demander.id]))
    assert refused.json["errors"][0]["at"] == "agreements/0"
    assert (await sharing.act("owner", "/agreement-notices", new(sharing, outcome="keep"))).status == 422


async def amend(sharing: DepartmentsExchange, before: dict[str, Any], **approval: Any) -> dict[str, Any]:
    application = await sharing.ask(amends=before["id"])
    granted = await sharing.act_ok("owner", f"/applications/{application['id']}/approval", approval)
    agreement: dict[str, Any] = granted["agreement"]
    return agreement


async def test_a_notice_covers_the_agreements_that_amend_those_it_names(sharing: DepartmentsExchange) -> None:
    first = await sharing.grant()
    path = await announce(sharing, agreements=[first["id"]])
    await sharing.act_ok("owner", f"{path}/consultation", CONSULTATION)
    second = await amend(sharing, first)
    third = await amend(sharing, second, provision="later")
    other = await sharing.grant()
    sharing.move_to(datetime(YEAR, 3, 5, 16, tzinfo=UTC))
    await sharing.act_ok("owner", f"{path}/execution", REASON)
    assert [await state_of(sharing, each) for each in (first, second, third)] == ["terminated"] * 3
    assert await state_of(sharing, other) == "active"


async def test_the_end_of_an_amending_agreement_was_announced_with_the_one_it_amends(
    sharing: DepartmentsExchange,
) -> None:
    first = await sharing.grant()
    await sharing.act_ok("owner", f"{await announce(sharing)}/consultation", CONSULTATION)
    await amend(sharing, first)
    sharing.move_to(datetime(YEAR, 3, 5, 16, tzinfo=UTC))
    await sharing.act_ok("owner", f"/datasets/{sharing.conditional['id']}/withdrawal", REASON)
    assert await breaches(sharing) == 0


async def test_a_withdrawn_notice_changes_nothing(sharing: DepartmentsExchange) -> None:
    agreement = await sharing.grant()
    path = await announce(sharing)
    assert (await sharing.act_ok("owner", f"{path}/withdrawal", REASON))["state"] == "withdrawn"
    assert (await sharing.act("owner", f"{path}/consultation", CONSULTATION)).problem == "conflict"
    assert await state_of(sharing, agreement) == "active"


async def test_nobody_is_told_where_nobody_shares(sharing: DepartmentsExchange) -> None:
    refused = await sharing.act("owner", "/agreement-notices", new(sharing))
    assert refused.problem == "conflict"


@pytest.mark.parametrize("is_announced", [False, True])
async def test_a_withdrawal_without_a_notice_is_on_record(sharing: DepartmentsExchange, *, is_announced: bool) -> None:
    agreement = await sharing.grant()
    if is_announced:
        await sharing.act_ok("owner", f"{await announce(sharing)}/consultation", CONSULTATION)
        sharing.move_to(datetime(YEAR, 3, 5, 16, tzinfo=UTC))
    await sharing.act_ok("owner", f"/datasets/{sharing.conditional['id']}/withdrawal", REASON)
    assert await state_of(sharing, agreement) == "terminated"
    records = await sharing.read("demander", f"/agreements/{agreement['id']}/records")
    assert [row["type"] for row in records] == ([] if is_announced else ["agreement.stopped_unannounced"])
    assert await breaches(sharing) == (0 if is_announced else 1)
