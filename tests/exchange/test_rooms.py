"""What each room owns: its states, what leads from one to another, and that two who act at once cannot both win."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from exchange.agreements.tasks import expire_overdue
from exchange.participants.uscc import check_character
from tests.support.scene import CITATION
from tests.support.world import Answer, Key, Party, World, document_for

CSV = b"code,name\n1,a\n2,b\n"


@pytest.fixture
async def sides(world: World) -> tuple[Party, Party, dict[str, Any]]:
    """An owner, a consumer, and a dataset between them."""
    owner = await world.party("owner")
    consumer = await world.party("consumer", kind="institution", level="none")
    dataset = await world.dataset(owner, await world.file_source(owner, CSV), "codes")
    return owner, consumer, dataset


def only_one_won(answers: Sequence[Answer]) -> Answer:
    won = [answer for answer in answers if answer.status < 300]
    assert len(won) == 1, [answer.content.decode() for answer in answers]
    assert {answer.problem for answer in answers if answer is not won[0]} == {"conflict"}
    return won[0]


async def count(world: World, type_: str) -> int:
    return sum(entry["type"] == type_ for entry in await world.entries())


# Organisations: registered → admitted ⇄ suspended, and departed for good.


async def test_an_organisations_life(world: World) -> None:
    party = await world.party("education")
    operator = world.keys["operator"]
    target = f"/api/v1/organisations/{party.id}"
    steps = {"admission": "admitted", "suspension": "suspended", "reinstatement": "admitted", "departure": "departed"}
    allowed = {
        "admitted": {"suspension", "departure"},
        "suspended": {"reinstatement", "departure"},
        "departed": set(),
    }
    for path in (("suspension", "reinstatement"), ("suspension", "departure")):
        for step in path:
            state = (await world.done(operator, "GET", target))["state"]
            for wrong in sorted(steps.keys() - allowed[state]):
                answer = await world.call(operator, "POST", f"{target}/{wrong}")
                assert (answer.problem, answer.json["state"]) == ("conflict", state)
            assert (await world.done(operator, "POST", f"{target}/{step}"))["state"] == steps[step]
    for wrong in steps:
        assert (await world.call(operator, "POST", f"{target}/{wrong}")).problem == "conflict"
    assert (await world.call(party.steward, "GET", "/api/v1/me")).problem == "organisation-not-admitted"


async def test_one_handle_is_one_organisation_whoever_registers_it_at_once(world: World) -> None:
    documents = []
    for number in range(4):
        first = {"kind": "member", "handle": "first", "title": "First", "public_key": Key().public}
        documents.append(
            {
                "handle": "same",
                "kind": "enterprise",
                "code": _code(number),
                "level": "none",
                "name_zh": "同名",
                "name_en": "Same",
                "first_member": first,
            }
        )
    calls = (world.call(world.keys["operator"], "POST", "/api/v1/organisations", document) for document in documents)
    only_one_won(await asyncio.gather(*calls))
    assert [entry["handle"] for entry in await world.entries() if entry["type"] == "organisation.registered"].count(
        "same"
    ) == 1


def _code(number: int) -> str:
    from_nine = f"91330000MA{number:07d}"
    return from_nine + check_character(from_nine)


# Keys: rotation with an overlap, and revocation for good.


async def test_a_key_is_rotated_with_an_overlap(world: World) -> None:
    party = await world.party("education")
    fresh = Key()
    target = f"/api/v1/principals/{party.system_id}/keys"
    new = {"public_key": fresh.public, "supersedes": party.system.keyid, "overlap_seconds": 0}
    await world.done(party.system, "POST", target, new)
    assert (await world.call(party.system, "GET", "/api/v1/me")).problem == "key-not-valid"
    assert (await world.done(fresh, "GET", "/api/v1/me"))["principal"]["id"] == party.system_id
    states = {key["id"]: key["state"] for key in await world.done(party.steward, "GET", target)}
    assert states == {party.system.keyid: "ended", fresh.keyid: "active"}

    fresher = Key()
    overlapping = {"public_key": fresher.public, "supersedes": fresh.keyid, "overlap_seconds": 3600}
    await world.done(fresh, "POST", target, overlapping)
    assert (await world.done(fresh, "GET", "/api/v1/me"))["key"] == fresh.keyid
    assert (await world.done(fresher, "GET", "/api/v1/me"))["key"] == fresher.keyid


async def test_a_revoked_key_does_not_come_back(world: World) -> None:
    party = await world.party("education")
    target = f"/api/v1/principals/{party.system_id}/keys"
    await world.done(party.steward, "POST", f"{target}/{party.system.keyid}/revocation")
    assert (await world.call(party.system, "GET", "/api/v1/me")).problem == "key-revoked"
    again = await world.call(party.steward, "POST", target, {"public_key": party.system.public})
    assert again.problem == "conflict"


# Datasets: draft → published (versions) → withdrawn; the attribute of sharing; levels.


async def test_a_datasets_life(world: World, sides: tuple[Party, Party, Any]) -> None:
    owner, consumer, dataset = sides
    target = f"/api/v1/datasets/{dataset['id']}"
    assert (dataset["state"], dataset["version"], dataset["draft"]) == ("published", 1, None)
    changed = {"zh": "新名", "en": "Renamed"}
    sources = await world.done(owner.steward, "GET", "/api/v1/sources")
    draft = {"source": sources[0]["id"], "handle": "codes", "document": dataset["document"] | {"title": changed}}
    redrafted = await world.done(owner.steward, "PUT", f"{target}/draft", draft)
    assert (redrafted["version"], redrafted["draft"]["title"]) == (1, changed)
    seen = await world.done(consumer.steward, "GET", target)
    assert (seen["draft"], seen["document"]["title"]) == (None, dataset["document"]["title"])
    again = await world.done(owner.steward, "POST", f"{target}/publication")
    assert (again["version"], again["document"]["title"]) == (2, changed)
    assert again["digest"] != dataset["digest"]
    withdrawn = await world.done(owner.steward, "POST", f"{target}/withdrawal", {"reason": "合并"})
    assert withdrawn["state"] == "withdrawn"
    assert (await world.call(consumer.steward, "GET", target)).problem == "not-found"
    assert (await world.call(owner.steward, "PUT", f"{target}/draft", draft)).problem == "conflict"
    assert (await world.call(owner.steward, "POST", f"{target}/publication")).problem == "conflict"
    assert (await world.call(owner.steward, "POST", f"{target}/withdrawal", {"reason": "x"})).problem == "conflict"


async def test_two_publications_at_once_make_one_version(world: World) -> None:
    owner = await world.party("owner")
    source = await world.file_source(owner, CSV)
    document = document_for(source["description"]["fields"])
    draft = {"source": source["id"], "handle": "codes", "document": document}
    dataset = await world.done(owner.steward, "POST", "/api/v1/datasets", draft)
    target = f"/api/v1/datasets/{dataset['id']}/publication"
    only_one_won(await asyncio.gather(*(world.call(owner.steward, "POST", target) for _ in range(4))))
    assert await count(world, "dataset.published") == 1
    assert (await world.done(owner.steward, "GET", f"/api/v1/datasets/{dataset['id']}"))["version"] == 1


@pytest.mark.parametrize("kind", ["law", "administrative_regulation", "state_council_decision"])
async def test_what_is_not_shared_cites_what_forbids_it(world: World, kind: str) -> None:
    owner = await world.party("owner")
    source = await world.file_source(owner, CSV)
    sharing = {"attribute": "not_shared", "reason": "法律规定", "citation": CITATION | {"kind": kind}}
    dataset = await world.dataset(owner, source, "secret", sharing=sharing)
    assert dataset["document"]["sharing"]["citation"]["kind"] == kind
    [entry] = [entry for entry in await world.entries() if entry["type"] == "dataset.published"]
    assert entry["sharing"] == "not_shared"


async def published(world: World, owner: Party, *, level: str) -> dict[str, Any]:
    """A dataset with a field of a level."""
    source = await world.file_source(owner, CSV)
    document = document_for(source["description"]["fields"])
    document["fields"][0]["level"] = level
    draft = {"source": source["id"], "handle": "codes", "document": document}
    dataset = await world.done(owner.steward, "POST", "/api/v1/datasets", draft)
    found: dict[str, Any] = await world.done(owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")
    return found


async def test_a_datasets_level_is_that_of_its_highest_field(world: World) -> None:
    await published(world, await world.party("owner"), level="IMPORTANT")
    [entry] = [entry for entry in await world.entries() if entry["type"] == "dataset.published"]
    assert entry["level"] == "IMPORTANT"


async def test_core_data_is_not_delivered(world: World) -> None:
    owner = await world.party("owner")
    consumer = await world.party("consumer")
    dataset = await published(world, owner, level="G2")
    await world.agreement(consumer, owner, dataset)
    draft = {"source": (await world.done(owner.steward, "GET", "/api/v1/sources"))[0]["id"], "handle": "codes"}
    core = dataset["document"] | {"level": "CORE"}
    target = f"/api/v1/datasets/{dataset['id']}"
    await world.done(owner.steward, "PUT", f"{target}/draft", draft | {"document": core})
    await world.done(owner.steward, "POST", f"{target}/publication")
    refused = await world.call(consumer.steward, "POST", "/api/v1/applications", world.application_for(dataset))
    assert (refused.problem, refused.json["errors"][0]["at"]) == ("outside-terms", "dataset")
    answer = await world.call(
        consumer.system, "POST", "/api/v1/deliveries", {"dataset": "owner/codes"}, purpose="talent-service"
    )
    assert answer.problem == "level-forbidden"


# Applications: submitted → (supplement requested → submitted, once) → approved, refused or withdrawn.


async def test_a_supplement_is_asked_for_once(world: World, sides: tuple[Party, Party, Any]) -> None:
    owner, consumer, dataset = sides
    target = f"/api/v1/applications/{(await world.apply(consumer, dataset))['id']}"
    asked = await world.done(owner.steward, "POST", f"{target}/supplement-request", {"missing": "使用依据的条款"})
    assert asked["state"] == "supplement_requested"
    for what, body in (("refusal", {"reasons": "不全"}), ("approval", {}), ("supplement-request", {"missing": "x"})):
        answer = await world.call(owner.steward, "POST", f"{target}/{what}", body)
        assert (answer.problem, answer.json["state"]) == ("conflict", "supplement_requested")
    supplied = await world.done(consumer.steward, "POST", f"{target}/supplement", {"supplement": "第十二条"})
    assert (supplied["state"], supplied["supplement"]) == ("submitted", "第十二条")
    again = await world.call(owner.steward, "POST", f"{target}/supplement-request", {"missing": "还有"})
    assert again.problem == "conflict"
    refused = await world.done(owner.steward, "POST", f"{target}/refusal", {"reasons": "目的不符"})
    assert (refused["state"], refused["reasons"]) == ("refused", "目的不符")
    late: tuple[tuple[str, Key, Any], ...] = (
        ("approval", owner.steward, {}),
        ("refusal", owner.steward, {"reasons": "x"}),
        ("withdrawal", consumer.steward, None),
        ("supplement", consumer.steward, {"supplement": "x"}),
    )
    for what, key, body in late:
        assert (await world.call(key, "POST", f"{target}/{what}", body)).problem == "conflict"


async def test_what_people_wrote_is_not_on_the_ledger(world: World, sides: tuple[Party, Party, Any]) -> None:
    owner, consumer, dataset = sides
    application = await world.apply(consumer, dataset, scenario="张三的申请", basis="关于张三的规定")
    await world.done(
        owner.steward, "POST", f"/api/v1/applications/{application['id']}/refusal", {"reasons": "张三不符"}
    )
    assert all("张三" not in str(entry) for entry in await world.entries())


async def test_two_decisions_at_once_conclude_one_agreement(world: World, sides: tuple[Party, Party, Any]) -> None:
    owner, consumer, dataset = sides
    target = f"/api/v1/applications/{(await world.apply(consumer, dataset))['id']}"
    calls = [world.call(owner.steward, "POST", f"{target}/approval", {}) for _ in range(3)]
    calls.append(world.call(owner.steward, "POST", f"{target}/refusal", {"reasons": "x"}))
    calls.append(world.call(consumer.steward, "POST", f"{target}/withdrawal"))
    only_one_won(await asyncio.gather(*calls))
    ends = ("agreement.concluded", "application.refused", "application.withdrawn")
    assert sum([await count(world, type_) for type_ in ends]) == 1
    agreements = await world.done(owner.steward, "GET", "/api/v1/agreements")
    assert len(agreements) == await count(world, "agreement.concluded")


@pytest.mark.parametrize(
    ("provider", "consumer", "lane"),
    [
        ("department", "department", "government"),
        ("department", "enterprise", "operation"),
        ("enterprise", "department", "trade"),
        ("enterprise", "institution", "trade"),
    ],
)
async def test_the_lane_follows_from_the_two_sides(world: World, provider: str, consumer: str, lane: str) -> None:
    one = await world.party("one", kind=provider, level="city")
    other = await world.party("other", kind=consumer, level="city")
    dataset = await world.dataset(one, await world.file_source(one, CSV), "codes")
    assert (await world.agreement(other, one, dataset))["lane"] == lane


async def test_a_grant_narrows_what_was_asked(world: World, sides: tuple[Party, Party, Any]) -> None:
    owner, consumer, dataset = sides
    only = {"field": "code", "op": "eq", "value": dataset_value(dataset)}
    agreement = await world.agreement(
        consumer, owner, dataset, fields=["code"], row_cap=1, row_filter=only, masks={"code": {"kind": "hash"}}
    )
    assert (agreement["fields"], agreement["row_cap"], agreement["masks"]) == (["code"], 1, {"code": {"kind": "hash"}})
    answer = await world.call(
        consumer.system, "POST", "/api/v1/deliveries", {"dataset": "owner/codes"}, purpose="talent-service"
    )
    [row] = answer.json["rows"]
    assert set(row) == {"code"}
    assert len(row["code"]) == 64


def dataset_value(dataset: dict[str, Any]) -> Any:
    """A value of the field `code` in the type that was inferred."""
    [field] = [field for field in dataset["document"]["fields"] if field["name"] == "code"]
    return 1 if field["type"] == "integer" else "1"


# Agreements: active ⇄ suspended, terminated by either side, expired by time.


async def test_an_agreements_life(world: World, sides: tuple[Party, Party, Any]) -> None:
    owner, consumer, dataset = sides
    agreement = await world.agreement(consumer, owner, dataset)
    target = f"/api/v1/agreements/{agreement['id']}"
    why = {"reason": "核查"}
    for step, state in (("suspension", "suspended"), ("resumption", "active"), ("suspension", "suspended")):
        assert (await world.done(owner.steward, "POST", f"{target}/{step}", why))["state"] == state
    assert (await world.done(consumer.steward, "POST", f"{target}/termination", why))["state"] == "terminated"
    for step in ("suspension", "resumption", "termination"):
        answer = await world.call(owner.steward, "POST", f"{target}/{step}", why)
        assert (answer.problem, answer.json["state"]) == ("conflict", "terminated")
    kept = await world.done(consumer.steward, "GET", target)
    changed = {"state"}
    assert {name: value for name, value in kept.items() if name not in changed} == {
        name: value for name, value in agreement.items() if name not in changed
    }


async def test_an_agreement_suspended_by_two_at_once_is_suspended_once(
    world: World, sides: tuple[Party, Party, Any]
) -> None:
    owner, consumer, dataset = sides
    agreement = await world.agreement(consumer, owner, dataset)
    target = f"/api/v1/agreements/{agreement['id']}/suspension"
    only_one_won(await asyncio.gather(*(world.call(owner.steward, "POST", target, {"reason": "x"}) for _ in range(4))))
    assert await count(world, "agreement.suspended") == 1


async def test_an_agreement_expires(world: World, sides: tuple[Party, Party, Any]) -> None:
    owner, consumer, dataset = sides
    agreement = await world.agreement(consumer, owner, dataset)
    runtime = world.app.state.runtime
    later = runtime.clock.now() + timedelta(days=40)
    async with runtime.database.sessions() as one, runtime.database.sessions() as other:
        expired = await asyncio.gather(expire_overdue(one, later), expire_overdue(other, later))
    assert sorted(expired) == [0, 1]
    assert await count(world, "agreement.expired") == 1
    seen = await world.done(consumer.steward, "GET", f"/api/v1/agreements/{agreement['id']}")
    assert seen["state"] == "expired"


# Members and roles: who enrols does not hand out roles.


async def test_a_steward_enrols_and_a_security_administrator_assigns(world: World) -> None:
    party = await world.party("education")
    new = {"kind": "member", "handle": "clerk", "title": "Clerk", "public_key": Key().public}
    clerk = await world.done(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", new)
    target = f"/api/v1/principals/{clerk['id']}/roles"
    role = {"role": "approver", "domain": party.id}
    await world.done(world.keys["security"], "POST", target, role)
    assert (await world.call(world.keys["security"], "POST", target, role)).problem == "conflict"
    assert (await world.call(world.keys["operator"], "POST", target, role)).problem == "role-missing"
    await world.done(world.keys["security"], "POST", f"{target}/revocation", role)
    assert (await world.call(world.keys["security"], "POST", f"{target}/revocation", role)).problem == "not-found"
