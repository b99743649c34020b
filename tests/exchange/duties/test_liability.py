"""The items of liability of the decree on the compliance board: what is late, what happened, what the exchange prevents."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from exchange.duties.liability import ITEMS
from exchange.settings import Settings
from tests.support.sharing.departments import FRIDAY, REASON, YEAR, DepartmentsExchange, start_departments

USAGE = dict.fromkeys(("scenario", "process", "effect", "storage", "destruction"), "核验")


@pytest.fixture
async def sharing(settings: Settings) -> AsyncIterator[DepartmentsExchange]:
    async with start_departments(settings) as sharing:
        yield sharing


async def counted(sharing: DepartmentsExchange, who: str, party: str | None = None) -> dict[str, tuple[int, int]]:
    """The items that were met, as how many are overdue now and how often they happened."""
    board = await sharing.read(who, f"/organisations/{party}/duties" if party else "/duties")
    rows: list[dict[str, Any]] = board["liability"]
    assert all(row["breaches"] == 0 for row in rows if row["seen"] != "counted")
    return {row["item"]: (row["overdue"], row["breaches"]) for row in rows if row["breaches"]}


async def test_what_is_late_is_counted_until_and_after_it_is_done(sharing: DepartmentsExchange) -> None:
    application = await sharing.ask(sharing.unconditional)
    assert await counted(sharing, "owner", sharing.owner.id) == {}
    sharing.move_to(FRIDAY + timedelta(days=3))
    assert await counted(sharing, "owner", sharing.owner.id) == {"reply_late": (1, 1)}
    await sharing.act_ok("owner", f"/applications/{application['id']}/approval", {"provision": "later"})
    assert await counted(sharing, "owner", sharing.owner.id) == {"reply_late": (0, 1)}
    sharing.move_to(datetime(YEAR, 4, 1, tzinfo=UTC))
    assert await counted(sharing, "owner", sharing.owner.id) == {"reply_late": (0, 1), "provision_late": (1, 1)}
    assert await counted(sharing, "demander", sharing.demander.id) == {}


async def test_misuse_is_counted_by_its_ground_for_the_demander(sharing: DepartmentsExchange) -> None:
    path = f"/agreements/{(await sharing.grant())['id']}"
    for ground in ("other", "out_of_scope", "third_party"):
        await sharing.act_ok("owner", f"{path}/suspension", REASON | {"ground": ground})
        await sharing.act_ok("owner", f"{path}/resumption", REASON)
    expected = {"used_outside_the_agreement": (0, 1), "given_to_third_party": (0, 1)}
    assert await counted(sharing, "demander", sharing.demander.id) == expected
    assert await counted(sharing, "owner", sharing.owner.id) == {}
    grounds = [row["ground"] for row in await sharing.read("demander", f"{path}/statements")]
    assert grounds == ["other", None, "out_of_scope", None, "third_party", None]


async def test_the_authoritys_items_are_on_the_board_of_all(sharing: DepartmentsExchange) -> None:
    before = (await counted(sharing, "authority"))["source_department_not_named"]
    agreement = await sharing.grant()
    dispute = {"kind": "agreement", "matter": agreement["id"], "statement": "x"}
    path = f"/disputes/{(await sharing.act_ok('demander', '/disputes', dispute))['id']}/steps"
    assert "dispute_not_handled" not in await counted(sharing, "authority")
    await sharing.act_ok("demander", path, {"verb": "apply", "statement": "x"})
    item = {"item": "code", "organisation": sharing.owner.id, "reason": "x"}
    put = await sharing.call(sharing.authority, "PUT", "/api/v1/catalogue/item-sources", item)
    assert put.status == 200
    after = await counted(sharing, "authority")
    assert after["dispute_not_handled"] == (0, 1)
    assert after["source_department_not_named"][1] == before[1] - 1


async def test_every_item_has_an_article_and_a_source(sharing: DepartmentsExchange) -> None:
    board = await sharing.read("authority", "/duties")
    assert [row["item"] for row in board["liability"]] == [item.name for item in ITEMS]
    assert {row["article"] for row in board["liability"]} == {"809/39", "809/40", "809/41"}
    assert all(bool(item.clocks) != bool(item.fact) for item in ITEMS if item.seen == "counted")


async def test_records_of_use_outlast_every_attempt_to_remove_them(sharing: DepartmentsExchange) -> None:
    path = f"/agreements/{(await sharing.grant())['id']}"
    await sharing.act_ok("demander", f"{path}/usage", USAGE)
    await sharing.act_ok("demander", f"{path}/termination", REASON)
    async with sharing.runtime.database.pool.acquire() as connection:
        for statement in ("DELETE FROM agreement_records", "UPDATE agreement_records SET document = '{}'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    sharing.move_to(datetime(YEAR, 12, 31, tzinfo=UTC))
    await sharing.sweep()
    records = await sharing.read("owner", f"{path}/records")
    assert [row["document"] for row in records] == [USAGE]
