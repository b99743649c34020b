"""The gate of the market: what blocks a listing, that all of it is named at once, and that it closes again at the order."""

from dataclasses import replace
from typing import Any

import pytest

from exchange.trading.listings.gate import GATE
from tests.support.exchanges.exchange import assessment
from tests.support.sharing.registering import PROOF, RECORDS, WHY
from tests.support.sharing.trading import LISTINGS, TradingExchange, listing_document, offer_document


async def test_t18_a_listing_with_unopened_public_data_is_blocked(trading: TradingExchange) -> None:
    listing = await trading.draft_listing(is_public_data=True)
    await trading.open_offer(listing)
    refused = await trading.step("owner", listing, "submit")
    assert (refused.status, refused.problem) == (422, "listing-gate-closed")
    [fault] = refused.json["errors"]
    assert (fault["condition"], fault["article"]) == ("public_data_opened", "Shenzhen 67")
    assert "公共数据" in fault["error_zh"]
    operated = {"basis": "authorised_operation", "reference": "3301002026000001"}
    document = listing_document(is_public_data=True, public_data=operated)
    await trading.act_ok("owner", f"{LISTINGS}/{listing['id']}/document", document, method="PUT")
    assert (await trading.step("owner", listing, "submit")).status == 200


async def test_t19_important_data_without_a_risk_assessment_is_blocked(trading: TradingExchange) -> None:
    listing, offer = await trading.list_offer()
    await trading.publish(level="IMPORTANT")
    assert await trading.faults(listing) == ["risk_assessed"]
    draft = await trading.draft_listing()
    await trading.open_offer(draft)
    assert (await trading.step("owner", draft, "submit")).json["errors"][0]["condition"] == "risk_assessed"
    refused = await trading.place(offer)
    assert (refused.problem, refused.json["errors"][0]["article"]) == ("listing-gate-closed", "Decree 790, 31")
    await trading.publish(level="IMPORTANT", assessments={"impact": assessment(), "risk": assessment()})
    assert await trading.faults(listing) == []
    assert (await trading.place(offer)).status == 201
    await trading.publish()


async def test_an_empty_draft_is_told_everything_at_once(trading: TradingExchange) -> None:
    listing = await trading.act_ok("owner", LISTINGS, {"dataset": trading.dataset["id"]})
    faults = await trading.faults(listing)
    assert faults == [
        "described",
        "source_stated",
        "public_data_stated",
        "resale_stated",
        "export_stated",
        "price_valid",
        "contract_attached",
    ]
    assert set(faults) < {condition.name for condition in GATE}


@pytest.mark.parametrize(
    "sample", [[{"name": "x"}], [{"code": "13800138000"}, {"code": "13900139000"}], [{"unknown": 1}]]
)
async def test_a_sample_is_about_nobody(trading: TradingExchange, sample: list[dict[str, Any]]) -> None:
    listing = await trading.draft_listing(sample=sample)
    await trading.open_offer(listing)
    assert await trading.faults(listing) == ["sample_without_people"]


@pytest.mark.parametrize("row", [{"code": 0.5}, {"code": 2**53}, {"code": ["x"]}, {"😀": 1}])
async def test_a_sample_has_values_that_a_digest_can_be_made_of(trading: TradingExchange, row: Any) -> None:
    document = {"dataset": trading.dataset["id"], "document": listing_document(sample=[row])}
    assert (await trading.act("owner", LISTINGS, document)).problem == "request-invalid"
    listing = await trading.draft_listing()
    target = f"{LISTINGS}/{listing['id']}/document"
    assert (await trading.act("owner", target, document["document"], method="PUT")).problem == "request-invalid"


async def test_people_are_traded_with_an_assessment_and_their_consent(trading: TradingExchange) -> None:
    await trading.publish(terms={"basis": None}, assessments={})
    listing = await trading.draft_listing()
    await trading.open_offer(listing, fields=["code", "name"])
    assert await trading.faults(listing) == ["impact_assessed"]
    await trading.publish(terms={"basis": None})
    for who, verb in (("owner", "submit"), ("registrar", "approve"), ("owner", "list")):
        assert (await trading.step(who, listing, verb)).status == 200
    [seen] = await trading.act_ok("other", f"{LISTINGS}?state=listed&after={_before(listing)}", method="GET")
    refused = await trading.place(seen["offers"][0])
    assert [fault["condition"] for fault in refused.json["errors"]] == ["people_consented"]
    await trading.publish()
    assert (await trading.place(seen["offers"][0])).status == 201


def _before(listing: dict[str, Any]) -> str:
    """An id just before that of a listing."""
    head, _, tail = listing["id"].rpartition("-")
    return f"{head}-{int(tail, 16) - 1:012x}"


async def test_resale_and_export_stay_within_the_terms(trading: TradingExchange) -> None:
    listing = await trading.draft_listing(resale=True, export=True)
    await trading.open_offer(listing, fields=["name"])
    assert await trading.faults(listing) == ["resale_stated", "export_stated"]


async def test_resale_and_export_stay_within_the_registered_right(trading: TradingExchange) -> None:
    await trading.publish(terms={"resharing": True})
    listing = await trading.draft_listing(resale=True, export=True)
    await trading.open_offer(listing)
    assert await trading.faults(listing) == ["resale_stated", "export_stated"]  # the form of the record excludes both
    table = await trading.register_file(trading.owner, b"code\n1\n")
    free = await trading.publish_dataset(trading.owner, table, "free", terms={"resharing": True})
    allowed = replace(trading, dataset=free)
    restrictions = allowed.form()["restrictions"] | {"resale": True, "export": True}
    await allowed.register(restrictions=restrictions)
    listing = await allowed.draft_listing(resale=True, export=True)
    await trading.open_offer(listing)
    assert await trading.faults(listing) == []
    await trading.publish()


async def test_an_offer_stays_within_the_terms(trading: TradingExchange) -> None:
    listing = await trading.draft_listing()
    target = f"{LISTINGS}/{listing['id']}/offers"
    for change, at in (
        ({"fields": ["secret"]}, "fields/0"),
        ({"purposes": ["advertising"]}, "purposes/0"),
        ({"row_cap": 10_000_000}, "row_cap"),
        ({"price": {"model": {"kind": "per_record", "unit_price": 0.5}}}, "body/price"),
        ({"price": {"model": {"kind": "trial"}}}, "body/price"),
    ):
        refused = await trading.act("owner", target, offer_document(**change))
        assert (refused.problem, refused.json["errors"][0]["at"]) == ("request-invalid", at)


async def test_a_market_operator_decides_about_others_only(trading: TradingExchange) -> None:
    listing = await trading.draft_listing()
    await trading.open_offer(listing)
    assert (await trading.step("registrar", listing, "approve")).problem == "not-found"  # a draft
    assert (await trading.step("owner", listing, "submit")).status == 200
    assert (await trading.step("owner", listing, "approve")).problem == "role-missing"
    rejected = await trading.step("registrar", listing, "reject")
    assert (rejected.json["state"], rejected.json["statements"][-1]["statement"]) == ("rejected", "经核查")
    await trading.act_ok("owner", f"{LISTINGS}/{listing['id']}/document", listing_document(), method="PUT")
    principal = await trading.find_principal(trading.owner.steward)
    role = {"role": "market_operator", "domain": "exchange"}
    await trading.call_ok(trading.keys["security"], "POST", f"/api/v1/principals/{principal}/roles", role)
    assert (await trading.step("owner", listing, "submit")).status == 200
    own = await trading.step("owner", listing, "approve")
    assert own.json["lacking"] == ["a market operator of another organisation"]


async def test_without_the_right_operate_nothing_is_traded(trading: TradingExchange) -> None:
    listing, offer = await trading.list_offer()
    record = (await trading.act_ok("owner", RECORDS, method="GET"))[0]
    seized = {"statement": "（2093）浙01执12号", "evidence": [PROOF]}
    await trading.act_ok("registrar", f"{RECORDS}/{record['id']}/restriction", seized)
    assert (await trading.place(offer)).json["errors"][0]["condition"] == "operate_right"
    await trading.act_ok("registrar", f"{RECORDS}/{record['id']}/release", seized)
    objection = {"record": record["code"], "statement": "该数据由我单位采集", "evidence": [PROOF]}
    objection = await trading.act_ok("other", "/rights/objections", objection)
    assert await trading.faults(listing) == []
    steps = f"/rights/objections/{objection['id']}/steps"
    await trading.act_ok("registrar", steps, {"verb": "tell_holder", **WHY})
    assert await trading.faults(listing) == ["undisputed"]
    await trading.act_ok("registrar", steps, {"verb": "dismiss", **WHY})
    assert (await trading.place(offer)).status == 201
