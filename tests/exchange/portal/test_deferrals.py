"""Where a law demands it, uses of data appear to the person later: by two people, with an end, on the ledger at once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from exchange.kernel.clock import rfc3339
from tests.support.exchanges.exchange import Key
from tests.support.exchanges.portal import NUMBER, Portal, run_portal

DEFERRALS = "/api/v1/disclosures/deferrals"


@pytest.fixture
async def portal(empty_database: str, tmp_path: Path, identity_provider: str) -> AsyncIterator[Portal]:
    async with run_portal(empty_database, tmp_path, identity_provider, public_entries=False) as portal:
        yield portal


@pytest.fixture
async def head(portal: Portal) -> Key:
    """The consumer's second person, who may confirm."""
    people, key = portal.people, Key()
    consumer = people.consumer
    new = {
        "kind": "member",
        "handle": "head",
        "title": "Head",
        **people.registration(key, consumer.handle, "head"),
        "roles": ["approver"],
    }
    await people.call_ok(consumer.steward, "POST", f"/api/v1/organisations/{consumer.id}/principals", new)
    return key


def new_deferral(portal: Portal, *, days: float = 30, **changes: Any) -> dict[str, Any]:
    until = portal.people.now + timedelta(days=days)
    return {
        "dataset": "owner/people",
        "purpose": "talent-service",
        "law": "监察法 第十八条",
        "reason": "调查期间告知将妨碍调查",
        "visible_from": rfc3339(until),
        **changes,
    }


async def propose(portal: Portal, **changes: Any) -> Any:
    steward = portal.people.consumer.steward
    return await portal.people.call(steward, "POST", DEFERRALS, new_deferral(portal, **changes))


async def confirm(portal: Portal, key: Key, deferral: dict[str, Any]) -> Any:
    return await portal.people.call(key, "POST", f"{DEFERRALS}/{deferral['id']}/confirmation")


async def end_all(portal: Portal) -> None:
    """Let the time of every deferral come."""
    await portal.people.run_sql("UPDATE disclosure_deferrals SET visible_from = now()")


async def test_what_two_people_deferred_appears_at_the_end_by_itself(portal: Portal, head: Key) -> None:
    before = await portal.fetch(NUMBER)
    proposed = (await propose(portal)).json
    person = await portal.sign_in(f"number:{NUMBER}")

    async def seen() -> list[int]:
        return [use["entry"] for use in (await person.request("GET", "/portal/uses")).json["uses"]]

    meanwhile = await portal.fetch(NUMBER)
    own = portal.people.consumer.steward
    assert (await confirm(portal, own, proposed)).problem == "conflict", "one person is not two"
    visible = [int(answer.headers["exchange-entry"]) for answer in (meanwhile, before)]
    assert await seen() == visible, "a proposal defers nothing"
    assert (await confirm(portal, head, proposed)).status == 200
    assert (await confirm(portal, head, proposed)).problem == "conflict"

    hidden = await portal.fetch(NUMBER)
    assert await seen() == visible, "what came before stays, and what follows is not there"
    pages = [
        (await person.request("GET", f"/portal/uses?limit=1{more}")).json for more in ("", f"&before={visible[0]}")
    ]
    assert [page["uses"][0]["entry"] for page in pages] == visible
    copy = (await person.request("GET", "/portal/copy")).json
    assert [use["entry"] for use in copy["uses"]] == visible
    entry = int(hidden.headers["exchange-entry"])
    page = await portal.people.call_ok(
        portal.people.keys["auditor"], "GET", "/api/v1/audit/entries?order=newest&limit=5"
    )
    assert entry in [row["index"] for row in page["entries"]], "auditors see it always"

    await end_all(portal)
    appeared = (await person.request("GET", "/portal/uses")).json["uses"]
    [line] = [use for use in appeared if use["entry"] == entry]
    assert (line["deferred_by"], line["visible_from"] is not None) == ("监察法 第十八条", True)
    assert [use["entry"] for use in appeared][-2:] == visible


async def test_a_deferral_names_its_law_and_keeps_to_the_limit(portal: Portal, head: Key) -> None:
    for changes in ({"days": 181}, {"days": -1}, {"law": ""}):
        assert (await propose(portal, **changes)).problem == "request-invalid"
    other = (await propose(portal, purpose="another-purpose")).json
    assert (await confirm(portal, head, other)).status == 200
    answer = await portal.fetch(NUMBER)
    person = await portal.sign_in(f"number:{NUMBER}")
    uses = (await person.request("GET", "/portal/uses")).json["uses"]
    assert [use["entry"] for use in uses] == [int(answer.headers["exchange-entry"])], "another purpose is not deferred"
    stranger = portal.owner.steward
    refused = await portal.people.call(stranger, "POST", DEFERRALS, new_deferral(portal))
    assert refused.problem == "not-found", "only who asks for the data"
    assert await portal.people.call_ok(stranger, "GET", DEFERRALS) == []
    assert len(await portal.people.call_ok(portal.people.keys["auditor"], "GET", DEFERRALS)) == 1


async def test_an_extension_needs_both_again_and_covers_what_was_covered(portal: Portal, head: Key) -> None:
    proposed = (await propose(portal, days=10)).json
    assert (await propose(portal, days=20, extends=proposed["id"])).problem == "conflict", "not in force yet"
    await confirm(portal, head, proposed)
    await portal.fetch(NUMBER)
    assert (await propose(portal, days=5, extends=proposed["id"])).problem == "request-invalid", "no shorter one"
    longer = (await propose(portal, days=20, extends=proposed["id"])).json
    person = await portal.sign_in(f"number:{NUMBER}")
    assert (await confirm(portal, head, longer)).status == 200
    await portal.people.run_sql("UPDATE disclosure_deferrals SET visible_from = now() WHERE extends_id IS NULL")
    assert (await person.request("GET", "/portal/uses")).json["uses"] == []
    late = await propose(portal, days=40, extends=proposed["id"])
    assert late.problem == "conflict", "what has ended is visible, and cannot be hidden again"
    types = [body["type"] for body in await portal.people.read_entries() if body["type"].startswith("disclosure.")]
    assert types == ["disclosure.proposed", "disclosure.deferred"] * 2
    await end_all(portal)
    assert len((await person.request("GET", "/portal/uses")).json["uses"]) == 1


async def test_a_refusal_that_names_somebody_gives_its_reason_in_words_and_is_deferred_too(
    portal: Portal, head: Key
) -> None:
    people, dataset = portal.people, portal.people.dataset
    document = {**dataset["document"], "terms": {**dataset["document"]["terms"], "rate": {"requests": 1, "per": "day"}}}
    draft = {"source": dataset["source"], "handle": "people", "document": document}
    await people.call_ok(portal.owner.steward, "PUT", f"/api/v1/datasets/{dataset['id']}/draft", draft)
    await people.call_ok(portal.owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")
    assert (await portal.fetch(NUMBER)).status == 200
    assert (await portal.fetch(NUMBER)).problem == "rate-exceeded"
    await confirm(portal, head, (await propose(portal)).json)
    assert (await portal.fetch(NUMBER)).problem == "rate-exceeded"
    person = await portal.sign_in(f"number:{NUMBER}")
    uses = (await person.request("GET", "/portal/uses")).json["uses"]
    assert [use["outcome"] for use in uses] == ["refused", "delivered"]
    [words] = uses[0]["explanations"]
    assert "rate-exceeded" in words["en"]
    assert "rate-exceeded" in words["zh"]
    assert uses[1]["explanations"] == []
