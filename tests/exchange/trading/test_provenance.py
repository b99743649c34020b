"""The gate and what a dataset is derived from: inputs that may not be passed on, or are disputed, block it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.sharing.registering import ALL, PROOF, WHY
from tests.support.sharing.trading import LISTINGS, ORDERS, TradingExchange

CSV = b"code,name\n1,a\n2,b\n"
TERMS = {"resharing": True, "purposes": ["talent-service"]}


@pytest.fixture
async def derived(trading: TradingExchange) -> AsyncIterator[tuple[dict[str, Any], str]]:
    """The owner's dataset is derived from one of `other`: that one, and the agreement."""
    handle = f"input-{len(await trading.read_entries())}"
    table = await trading.register_file(trading.other, CSV)
    source = await trading.publish_dataset(trading.other, table, handle, terms=TERMS)
    agreement = (await trading.conclude_agreement(trading.owner, trading.other, source))["id"]
    await trading.publish(
        terms={"purposes": ["talent-service"]}, derived_from=[{"dataset": source["id"], "agreement": agreement}]
    )
    yield source, agreement
    await trading.publish()


async def test_what_may_not_be_passed_on_is_not_traded(
    trading: TradingExchange, derived: tuple[dict[str, Any], str]
) -> None:
    listing, offer = await trading.list_offer()
    order = (await trading.place(offer, "department")).json
    await trading.go_ok("owner", order, "draft")
    await trading.sign_order("owner", order)
    await trading.act_ok("other", f"/agreements/{derived[1]}/termination", {"reason": "不再提供"})
    checked = await trading.act_ok("owner", f"{LISTINGS}/{listing['id']}/checks")
    [fault] = checked["faults"]
    assert (fault["condition"], fault["at"]) == ("inputs_permit", "dataset/derived_from/0/agreement")
    assert "terminated" in fault["error"]
    contract = await trading.act_ok("department", f"{ORDERS}/{order['id']}/contract", method="GET")
    unsigned = await trading.act("department", f"{ORDERS}/{order['id']}/signature", {"digest": contract["digest"]})
    for refused in (unsigned, await trading.place(offer, "bureau")):
        [told] = refused.json["errors"]
        assert (refused.problem, told["condition"]) == ("listing-gate-closed", "inputs_permit")
        assert (told["at"], "terminated" in told["error"]) == (
            "dataset/derived_from",
            False,
        )  # not the buyer's business


async def test_disputed_inputs_block_what_is_derived_from_them(
    trading: TradingExchange, derived: tuple[dict[str, Any], str]
) -> None:
    listing, offer = await trading.list_offer()
    record = await replace(trading, dataset=derived[0]).register("other", holders={"other": ALL})
    objection = {"record": record["code"], "statement": "该数据由我单位采集", "evidence": [PROOF]}
    objection = await trading.act_ok("department", "/rights/objections", objection)
    assert await trading.faults(listing) == []
    steps = f"/rights/objections/{objection['id']}/steps"
    await trading.act_ok("registrar", steps, {"verb": "tell_holder", **WHY})
    assert await trading.faults(listing) == ["inputs_undisputed"]
    await trading.act_ok("registrar", steps, {"verb": "dismiss", **WHY})
    assert (await trading.place(offer, "department")).status == 201
