"""Datasets: draft → published (versions) → withdrawn; their sharing attribute and level."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, Party, document_for
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.parties import CSV, Offer, check_one_succeeded, count_entries, offer_codes
from tests.support.exchanges.populated import CITATION


@pytest.fixture
async def offer(settings: Settings) -> AsyncIterator[Offer]:
    async with start_filled(settings, offer_codes) as offer:
        yield offer


async def test_a_datasets_life(offer: Offer) -> None:
    exchange, owner, consumer, dataset = offer
    target = f"/api/v1/datasets/{dataset['id']}"
    assert (dataset["state"], dataset["version"], dataset["draft"]) == ("published", 1, None)
    changed = {"zh": "新名", "en": "Renamed"}
    sources = await exchange.call_ok(owner.steward, "GET", "/api/v1/sources")
    draft = {"source": sources[0]["id"], "handle": "codes", "document": dataset["document"] | {"title": changed}}
    redrafted = await exchange.call_ok(owner.steward, "PUT", f"{target}/draft", draft)
    assert (redrafted["version"], redrafted["draft"]["title"]) == (1, changed)
    current = await exchange.call_ok(consumer.steward, "GET", target)
    assert (current["draft"], current["document"]["title"]) == (None, dataset["document"]["title"])
    republished = await exchange.call_ok(owner.steward, "POST", f"{target}/publication")
    assert (republished["version"], republished["document"]["title"]) == (2, changed)
    assert republished["digest"] != dataset["digest"]
    withdrawn = await exchange.call_ok(owner.steward, "POST", f"{target}/withdrawal", {"reason": "合并"})
    assert withdrawn["state"] == "withdrawn"
    assert (await exchange.call(consumer.steward, "GET", target)).problem == "not-found"
    assert (await exchange.call(owner.steward, "PUT", f"{target}/draft", draft)).problem == "conflict"
    assert (await exchange.call(owner.steward, "POST", f"{target}/publication")).problem == "conflict"
    assert (await exchange.call(owner.steward, "POST", f"{target}/withdrawal", {"reason": "x"})).problem == "conflict"


async def test_two_publications_at_once_make_one_version(exchange: Exchange) -> None:
    owner = await exchange.admit("owner")
    source = await exchange.register_file(owner, CSV)
    document = document_for(source["description"]["fields"])
    draft = {"source": source["id"], "handle": "codes", "document": document}
    dataset = await exchange.call_ok(owner.steward, "POST", "/api/v1/datasets", draft)
    target = f"/api/v1/datasets/{dataset['id']}/publication"
    check_one_succeeded(await asyncio.gather(*(exchange.call(owner.steward, "POST", target) for _ in range(4))))
    assert await count_entries(exchange, "dataset.published") == 1
    assert (await exchange.call_ok(owner.steward, "GET", f"/api/v1/datasets/{dataset['id']}"))["version"] == 1


@pytest.mark.parametrize("kind", ["law", "administrative_regulation", "state_council_decision"])
async def test_what_is_not_shared_cites_what_forbids_it(exchange: Exchange, kind: str) -> None:
    owner = await exchange.admit("owner")
    source = await exchange.register_file(owner, CSV)
    sharing = {"attribute": "not_shared", "reason": "法律规定", "citation": CITATION | {"kind": kind}}
    dataset = await exchange.publish_dataset(owner, source, "secret", sharing=sharing)
    assert dataset["document"]["sharing"]["citation"]["kind"] == kind
    [entry] = [entry for entry in await exchange.read_entries() if entry["type"] == "dataset.published"]
    assert entry["sharing"] == "not_shared"


@pytest.mark.parametrize(
    "title", ["浙江省公共数据条例", "《杭州市数据管理办法》", "人社部关于数据管理的通知", "数据分级指南"]
)
async def test_a_local_rule_forbids_no_sharing(exchange: Exchange, title: str) -> None:
    """T5: data that is not shared with a local rule as its citation is refused, whatever the kind claims."""
    owner = await exchange.admit("owner")
    source = await exchange.register_file(owner, CSV)
    for kind, problem in (("law", "dataset-invalid"), ("local_rule", "request-invalid")):
        sharing = {"attribute": "not_shared", "reason": "规定", "citation": CITATION | {"kind": kind, "title": title}}
        document = document_for(source["description"]["fields"], sharing=sharing)
        draft = {"source": source["id"], "handle": "secret", "document": document}
        assert (await exchange.call(owner.steward, "POST", "/api/v1/datasets", draft)).problem == problem


@pytest.mark.parametrize(
    "title",
    [
        "中华人民共和国保守国家秘密法",
        "香港特别行政区基本法",
        "国务院关于数据管理的通知",
        "政务数据共享条例",
        "Statistics Law",
    ],
)
async def test_a_law_forbids_sharing(exchange: Exchange, title: str) -> None:
    owner = await exchange.admit("owner")
    sharing = {"attribute": "not_shared", "reason": "规定", "citation": CITATION | {"title": title}}
    source = await exchange.register_file(owner, CSV)
    dataset = await exchange.publish_dataset(owner, source, "secret", sharing=sharing)
    assert (dataset["state"], dataset["document"]["sharing"]["citation"]["title"]) == ("published", title)
    [entry] = [entry for entry in await exchange.read_entries() if entry["type"] == "dataset.published"]
    assert entry["sharing"] == "not_shared"


async def published(exchange: Exchange, owner: Party, *, level: str) -> dict[str, Any]:
    """A dataset with a field of a level."""
    source = await exchange.register_file(owner, CSV)
    document = document_for(source["description"]["fields"])
    document["fields"][0]["level"] = level
    draft = {"source": source["id"], "handle": "codes", "document": document}
    dataset = await exchange.call_ok(owner.steward, "POST", "/api/v1/datasets", draft)
    dataset_version: dict[str, Any] = await exchange.call_ok(
        owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication"
    )
    return dataset_version


async def test_a_datasets_level_is_that_of_its_highest_field(exchange: Exchange) -> None:
    await published(exchange, await exchange.admit("owner"), level="IMPORTANT")
    [entry] = [entry for entry in await exchange.read_entries() if entry["type"] == "dataset.published"]
    assert entry["level"] == "IMPORTANT"


async def test_core_data_is_not_delivered(exchange: Exchange) -> None:
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer")
    dataset = await published(exchange, owner, level="G2")
    await exchange.conclude_agreement(consumer, owner, dataset)
    draft = {"source": (await exchange.call_ok(owner.steward, "GET", "/api/v1/sources"))[0]["id"], "handle": "codes"}
    core = dataset["document"] | {"level": "CORE"}
    target = f"/api/v1/datasets/{dataset['id']}"
    await exchange.call_ok(owner.steward, "PUT", f"{target}/draft", draft | {"document": core})
    await exchange.call_ok(owner.steward, "POST", f"{target}/publication")
    refused = await exchange.call(consumer.steward, "POST", "/api/v1/applications", exchange.draft_application(dataset))
    assert (refused.problem, refused.json["errors"][0]["at"]) == ("outside-terms", "dataset")
    answer = await exchange.call(
        consumer.system, "POST", "/api/v1/deliveries", {"dataset": "owner/codes"}, purpose="talent-service"
    )
    assert answer.problem == "level-forbidden"
