"""What has to be on file before data leaves: where it is recorded, what the ledger says of it, what is refused without."""

from typing import Any

import asyncpg
import pytest

from exchange.kernel.commitments import commitment
from tests.support.world import Answer, Party, World, assessment, document_for

CSV = b"name,city\n\xe9\x99\x88,330100\n"
ON_FILE = {"impact": assessment()}


@pytest.fixture
async def owner(world: World) -> Party:
    return await world.party("owner")


@pytest.fixture
async def platform(world: World) -> Party:
    return await world.party("platform", kind="institution", level="none")


async def people(world: World, owner: Party, **more: Any) -> dict[str, Any]:
    return await world.dataset(owner, await world.file_source(owner, CSV), "people", **more)


async def approve(world: World, owner: Party, application: dict[str, Any], **approval: Any) -> Answer:
    return await world.call(owner.steward, "POST", f"/api/v1/applications/{application['id']}/approval", approval)


async def ask(world: World, party: Party) -> Answer:
    return await world.call(
        party.system, "POST", "/api/v1/deliveries", {"dataset": "owner/people"}, purpose="talent-service"
    )


async def republish(world: World, owner: Party, dataset: dict[str, Any], **more: Any) -> dict[str, Any]:
    source = (await world.done(owner.steward, "GET", "/api/v1/sources"))[0]["id"]
    draft = {"source": source, "handle": "people", "document": dataset["document"] | more}
    await world.done(owner.steward, "PUT", f"/api/v1/datasets/{dataset['id']}/draft", draft)
    published: dict[str, Any] = await world.done(owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")
    return published


async def test_personal_data_is_not_agreed_on_without_an_impact_assessment(
    world: World, owner: Party, platform: Party
) -> None:
    dataset = await people(world, owner, assessments={})
    application = await world.apply(platform, dataset)
    refused = await approve(world, owner, application)
    assert (refused.problem, [one["at"] for one in refused.json["errors"]]) == ("outside-terms", ["assessments/impact"])
    assert (await approve(world, owner, application, fields=["city"])).status == 201
    city = 330100 if dataset["document"]["fields"][1]["type"] == "integer" else "330100"
    assert (await ask(world, platform)).json["rows"] == [{"city": city}]


async def test_an_assessment_may_be_on_file_with_the_agreement(world: World, owner: Party, platform: Party) -> None:
    application = await world.apply(platform, await people(world, owner, assessments={}))
    agreed = await approve(world, owner, application, assessments=ON_FILE)
    agreement = agreed.json["agreement"]
    assert agreement["assessments"] == {"impact": assessment()}
    [entry] = [entry for entry in await world.entries() if entry["type"] == "agreement.concluded"]
    assert entry["assessments"] == {"impact": commitment(assessment(), salt=agreement["salt"])}
    assert (await ask(world, platform)).status == 200


async def test_what_is_taken_off_file_stops_deliveries(world: World, owner: Party, platform: Party) -> None:
    dataset = await people(world, owner)
    await world.agreement(platform, owner, dataset)
    assert (await ask(world, platform)).status == 200
    [entry] = [entry for entry in await world.entries() if entry["type"] == "dataset.published"]
    seen = await world.done(owner.steward, "GET", f"/api/v1/datasets/{dataset['id']}")
    assert entry["assessments"] == {"impact": commitment(assessment(), salt=seen["salt"])}
    await republish(world, owner, dataset, assessments={})
    answer = await ask(world, platform)
    assert (answer.status, answer.problem) == (403, "impact-assessment-missing")
    assert "owner" in answer.json["reasons"][0]["remedy"]


async def test_departments_share_personal_data_without(world: World, owner: Party) -> None:
    other = await world.party("other")
    await world.agreement(other, owner, await people(world, owner, assessments={}))
    assert (await ask(world, other)).status == 200


@pytest.mark.parametrize("kind", ["department", "institution"])
async def test_important_data_needs_a_risk_assessment(world: World, owner: Party, kind: str) -> None:
    other = await world.party("other", kind=kind)
    dataset = await people(world, owner, level="IMPORTANT")
    application = await world.apply(other, dataset)
    refused = await approve(world, owner, application)
    assert [one["at"] for one in refused.json["errors"]] == ["assessments/risk"]
    assert (await approve(world, owner, application, assessments={"risk": assessment()})).status == 201
    assert (await ask(world, other)).status == 200


async def test_data_that_becomes_important_stops_until_it_is_assessed(world: World, owner: Party) -> None:
    other = await world.party("other")
    dataset = await people(world, owner)
    await world.agreement(other, owner, dataset)
    important = await republish(world, owner, dataset, level="IMPORTANT")
    assert (await ask(world, other)).problem == "risk-assessment-missing"
    await republish(world, owner, important, assessments=ON_FILE | {"risk": assessment()})
    assert (await ask(world, other)).status == 200


NOT_ON_FILE = [
    {"concluded_on": "2100-01-01"},
    {"concluded_on": "0000-01-01"},
    {"digest": "AB" * 32},
    {"digest": "ab" * 31},
    {"reference": ""},
    {"reference": "a\u202eb"},
    {"report": "text"},
]


async def test_what_is_not_on_file_is_refused(world: World, owner: Party, subtests: pytest.Subtests) -> None:
    source = await world.file_source(owner, CSV)
    for wrong in NOT_ON_FILE:
        document = document_for(source["description"]["fields"], assessments={"impact": assessment(**wrong)})
        draft = {"source": source["id"], "handle": "people", "document": document}
        answer = await world.call(owner.steward, "POST", "/api/v1/datasets", draft)
        with subtests.test(ascii(wrong)):
            assert answer.status == 422
            assert answer.problem in {"dataset-invalid", "request-invalid"}


async def test_the_lane_of_an_application_stays(world: World, owner: Party, platform: Party) -> None:
    application = await world.apply(platform, await people(world, owner))
    agreement = (await approve(world, owner, application)).json["agreement"]
    assert application["lane"] == agreement["lane"] == "operation"
    async with world.app.state.runtime.database.pool.acquire() as connection:
        for table in ("applications", "agreements"):
            with pytest.raises(asyncpg.PostgresError, match=r"lane|state|permission"):
                await connection.execute(f"UPDATE {table} SET lane = 'government'")
