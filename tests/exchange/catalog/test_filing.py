"""Filing: a department's version is assessed, consented to, filed and reviewed before it is published (Decree 809, 13 to 17)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from exchange.kernel.clock import SettableClock
from exchange.settings import Settings
from tests.support.catalogue.departments import CLASS, CSV, Department, appoint, draft
from tests.support.exchanges.exchange import Exchange, assessment
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.parties import admit_separated
from tests.support.exchanges.starting import start_exchange


@pytest.fixture
async def department(settings: Settings) -> AsyncIterator[Department]:
    async with start_filled(settings, draft) as department:
        yield department


async def test_a_version_passes_every_step(department: Department) -> None:
    refused = await department.act("publication")
    assert (refused.status, refused.problem) == (409, "review-needed")
    filing = await department.file()
    assert (filing["state"], filing["verbs"][:2]) == ("filed", ["return", "publish"])
    assert filing["review"]["clock"] == "catalog_review"
    [listed] = await department.exchange.call_ok(department.authority, "GET", "/api/v1/filings?state=filed")
    assert listed["document"]["classification"]["path"] == CLASS["path"]
    published = await department.review(filing, "publication")
    assert (published.json["state"], published.json["version"]) == ("published", 1), published.content
    types = await department.types()
    assert [type_ for type_ in types if type_.startswith("dataset.")] == [
        *("dataset.drafted", "dataset.assessed", "dataset.consented", "dataset.filed", "dataset.published")
    ]
    [entry] = [body for body in await department.exchange.read_entries() if body["type"] == "dataset.published"]
    assert entry["filing"] == "reviewed"
    assert (await department.review(filing, "publication")).problem == "conflict"
    deadlines = await department.exchange.runtime.database.pool.fetch("SELECT outcome FROM deadlines")
    assert [row["outcome"] for row in deadlines] == ["published"]


async def test_steps_come_in_order_and_by_their_roles(department: Department) -> None:
    assert (await department.act("consent")).problem == "conflict"
    assert (await department.act("filing")).problem == "conflict"
    await department.act_ok("assessment", {"secrecy": assessment()})
    assert (await department.act("assessment", {"secrecy": assessment()})).problem == "conflict"
    assert (await department.act("filing")).problem == "conflict"
    filing = await department.act_ok("consent")
    assert (await department.review(filing, "publication")).problem == "conflict"
    filing = await department.act_ok("filing")
    for verb, document in (("publication", None), ("return", {"reason": "x"})):
        own = await department.exchange.call(
            department.owner.steward, "POST", f"/api/v1/filings/{filing['id']}/{verb}", document
        )
        assert own.problem == "role-missing"
    assert "dataset.published" not in await department.types()


async def test_personal_data_without_an_impact_assessment_is_blocked(department: Department) -> None:
    """T14: a share of personal information without an impact assessment is blocked."""
    await department.redraft(assessments={}, classification=None)
    answer = await department.act("assessment", {"secrecy": assessment()})
    assert (answer.status, answer.problem) == (422, "filing-incomplete")
    assert [error["at"] for error in answer.json["errors"]] == [
        *("document/classification", "document/assessments/impact")
    ]
    assert "PIPL 55" in answer.json["errors"][1]["error"]
    late = await department.act("assessment", {"secrecy": assessment(concluded_on="2999-01-01")})
    assert late.problem == "filing-incomplete"


async def test_what_is_returned_is_assessed_again_or_replaced(department: Department) -> None:
    filing = await department.file()
    returned = await department.review(filing, "return", {"reason": "使用条件不明确"})
    assert (returned.json["state"], returned.json["reason"]) == ("returned", "使用条件不明确")
    entry = (await department.exchange.read_entries())[-1]
    assert (entry["type"], "使用条件" in str(entry)) == ("dataset.returned", False)
    again = await department.file()
    assert again["id"] == filing["id"]
    assert (await department.redraft()).status == 200
    assert (await department.review(filing, "publication")).problem == "conflict", "what was filed is replaced"
    assert (await department.act("consent")).problem == "conflict"
    last = await department.file()
    assert last["id"] != filing["id"]
    assert (await department.review(last, "publication")).json["version"] == 1


async def test_two_persons_where_duties_are_separated(exchange: Exchange) -> None:
    owner, keys = await admit_separated(exchange)
    authority = await appoint(exchange, await exchange.admit("bureau"))
    source = await exchange.register_file(owner, CSV)
    department = Department(exchange, owner, authority, source, "")
    body = {"source": source["id"], "handle": "degrees", "document": department.document()}
    department.dataset = (await exchange.call_ok(keys["steward"], "POST", "/api/v1/datasets", body))["id"]
    assessed = await department.act("assessment", {"secrecy": assessment()}, key=keys["steward"])
    assert assessed.status == 200, assessed.content
    assert (await department.act("consent", key=keys["steward"])).problem == "role-missing"
    assert (await department.act("consent", key=keys["approver"])).status == 200


async def test_without_an_authority_filing_publishes(exchange: Exchange) -> None:
    department = await draft(exchange, has_authority=False)
    filing = await department.file()
    assert (filing["state"], filing["version"]) == ("published", 1)
    by_type = {body["type"]: body for body in await exchange.read_entries()}
    assert by_type["dataset.filed"]["review"] == "none"
    assert by_type["dataset.published"]["filing"] == "no-authority"


async def test_reviews_at_once_publish_once(department: Department) -> None:
    filing = await department.file()
    answers = await asyncio.gather(
        *(department.review(filing, "publication") for _ in range(3)),
        department.review(filing, "return", {"reason": "x"}),
        department.redraft(),
    )
    assert sum(answer.status == 200 for answer in answers[:4]) <= 1
    types = await department.types()
    assert types.count("dataset.published") + types.count("dataset.returned") <= 1


async def test_a_review_beyond_the_loaded_calendar_is_provisional(settings: Settings) -> None:
    """T20: of 2032 no calendar is loaded, so no working day after 2031-12-30 is guessed."""
    clock = SettableClock(datetime(2031, 12, 30, 2, 0, tzinfo=UTC))
    async with start_exchange(settings, clock=clock) as exchange:
        filing = await (await draft(exchange)).file()
        assert (filing["review"]["due"], filing["review"]["is_provisional"]) == (None, True)
