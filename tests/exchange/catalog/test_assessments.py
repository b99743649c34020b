"""Assessments have to be on file before data leaves: they are recorded, on the ledger, and demanded."""

from typing import Any

import asyncpg
import pytest

from exchange.kernel.commitments import commitment
from tests.support.exchanges.exchange import Answer, Exchange, Party, assessment, document_for

CSV = b"name,city\n\xe9\x99\x88,330100\n"
ON_FILE = {"impact": assessment()}


@pytest.fixture
async def owner(exchange: Exchange) -> Party:
    return await exchange.admit("owner")


@pytest.fixture
async def platform(exchange: Exchange) -> Party:
    return await exchange.admit("platform", kind="institution", level="none")


async def people(exchange: Exchange, owner: Party, **more: Any) -> dict[str, Any]:
    return await exchange.publish_dataset(owner, await exchange.register_file(owner, CSV), "people", **more)


async def approve(exchange: Exchange, owner: Party, application: dict[str, Any], **approval: Any) -> Answer:
    return await exchange.call(owner.steward, "POST", f"/api/v1/applications/{application['id']}/approval", approval)


async def ask(exchange: Exchange, party: Party) -> Answer:
    return await exchange.call(
        party.system, "POST", "/api/v1/deliveries", {"dataset": "owner/people"}, purpose="talent-service"
    )


async def republish(exchange: Exchange, owner: Party, dataset: dict[str, Any], **more: Any) -> dict[str, Any]:
    source = (await exchange.call_ok(owner.steward, "GET", "/api/v1/sources"))[0]["id"]
    draft = {"source": source, "handle": "people", "document": dataset["document"] | more}
    await exchange.call_ok(owner.steward, "PUT", f"/api/v1/datasets/{dataset['id']}/draft", draft)
    published: dict[str, Any] = await exchange.call_ok(
        owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication"
    )
    return published


async def test_personal_data_is_not_agreed_on_without_an_impact_assessment(
    exchange: Exchange, owner: Party, platform: Party
) -> None:
    dataset = await people(exchange, owner, assessments={})
    application = await exchange.apply(platform, dataset)
    refused = await approve(exchange, owner, application)
    assert (refused.problem, [error["at"] for error in refused.json["errors"]]) == (
        "outside-terms",
        ["assessments/impact"],
    )
    assert (await approve(exchange, owner, application, fields=["city"])).status == 201
    city = 330100 if dataset["document"]["fields"][1]["type"] == "integer" else "330100"
    assert (await ask(exchange, platform)).json["rows"] == [{"city": city}]


async def test_an_assessment_may_be_on_file_with_the_agreement(
    exchange: Exchange, owner: Party, platform: Party
) -> None:
    application = await exchange.apply(platform, await people(exchange, owner, assessments={}))
    agreed = await approve(exchange, owner, application, assessments=ON_FILE)
    agreement = agreed.json["agreement"]
    assert agreement["assessments"] == {"impact": assessment()}
    [entry] = [entry for entry in await exchange.read_entries() if entry["type"] == "agreement.concluded"]
    assert entry["assessments"] == {"impact": commitment(assessment(), salt=agreement["salt"])}
    assert (await ask(exchange, platform)).status == 200


async def test_what_is_taken_off_file_stops_deliveries(exchange: Exchange, owner: Party, platform: Party) -> None:
    dataset = await people(exchange, owner)
    await exchange.conclude_agreement(platform, owner, dataset)
    assert (await ask(exchange, platform)).status == 200
    [entry] = [entry for entry in await exchange.read_entries() if entry["type"] == "dataset.published"]
    current = await exchange.call_ok(owner.steward, "GET", f"/api/v1/datasets/{dataset['id']}")
    assert entry["assessments"] == {"impact": commitment(assessment(), salt=current["salt"])}
    await republish(exchange, owner, dataset, assessments={})
    answer = await ask(exchange, platform)
    assert (answer.status, answer.problem) == (403, "impact-assessment-missing")
    assert "owner" in answer.json["reasons"][0]["remedy"]


async def test_departments_share_personal_data_without(exchange: Exchange, owner: Party) -> None:
    other = await exchange.admit("other")
    await exchange.conclude_agreement(other, owner, await people(exchange, owner, assessments={}))
    assert (await ask(exchange, other)).status == 200


@pytest.mark.parametrize("kind", ["department", "institution"])
async def test_important_data_needs_a_risk_assessment(exchange: Exchange, owner: Party, kind: str) -> None:
    other = await exchange.admit("other", kind=kind)
    dataset = await people(exchange, owner, level="IMPORTANT")
    application = await exchange.apply(other, dataset)
    refused = await approve(exchange, owner, application)
    assert [error["at"] for error in refused.json["errors"]] == ["assessments/risk"]
    assert (await approve(exchange, owner, application, assessments={"risk": assessment()})).status == 201
    assert (await ask(exchange, other)).status == 200


async def test_data_that_becomes_important_stops_until_it_is_assessed(exchange: Exchange, owner: Party) -> None:
    other = await exchange.admit("other")
    dataset = await people(exchange, owner)
    await exchange.conclude_agreement(other, owner, dataset)
    important = await republish(exchange, owner, dataset, level="IMPORTANT")
    assert (await ask(exchange, other)).problem == "risk-assessment-missing"
    await republish(exchange, owner, important, assessments=ON_FILE | {"risk": assessment()})
    assert (await ask(exchange, other)).status == 200


NOT_ON_FILE = [
    {"concluded_on": "2100-01-01"},
    {"concluded_on": "0000-01-01"},
    {"digest": "AB" * 32},
    {"digest": "ab" * 31},
    {"reference": ""},
    {"reference": "a\u202eb"},
    {"report": "text"},
]


async def test_what_is_not_on_file_is_refused(exchange: Exchange, owner: Party, subtests: pytest.Subtests) -> None:
    source = await exchange.register_file(owner, CSV)
    for wrong in NOT_ON_FILE:
        document = document_for(source["description"]["fields"], assessments={"impact": assessment(**wrong)})
        draft = {"source": source["id"], "handle": "people", "document": document}
        answer = await exchange.call(owner.steward, "POST", "/api/v1/datasets", draft)
        with subtests.test(ascii(wrong)):
            assert answer.status == 422
            assert answer.problem in {"dataset-invalid", "request-invalid"}


async def test_the_lane_of_an_application_stays(exchange: Exchange, owner: Party, platform: Party) -> None:
    application = await exchange.apply(platform, await people(exchange, owner))
    agreement = (await approve(exchange, owner, application)).json["agreement"]
    assert application["lane"] == agreement["lane"] == "operation"
    async with exchange.runtime.database.pool.acquire() as connection:
        for table in ("applications", "agreements"):
            with pytest.raises(asyncpg.PostgresError, match=r"lane|state|permission"):
                await connection.execute(f"UPDATE {table} SET lane = 'government'")
