"""A restriction holds row by row, wherever rows are read: in points, pages, streams, answers, codes, running streams too."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.exchanges.portal import NUMBER, OTHER, Portal, run_portal

REQUESTS = "/api/v1/person-requests"
ABOUT_ONE = {"field": "person_id", "op": "eq", "value": NUMBER}
RESTRICTION = {"reasons": "档案须保存", "law": "档案法 第十四条"}


@pytest.fixture
async def portal(empty_database: str, tmp_path: Path, identity_provider: str) -> AsyncIterator[Portal]:
    async with run_portal(empty_database, tmp_path, identity_provider) as portal:
        yield portal


async def ask(portal: Portal, person: Any, kind: str) -> str:
    """A person's request to the owner."""
    [sent] = (await person.request("POST", "/portal/requests", {"kind": kind, "text": "请限制处理"})).json
    return str(sent["id"])


async def decide(portal: Portal, identifier: str, verb: str, document: dict[str, Any]) -> None:
    await portal.people.call_ok(portal.owner.steward, "POST", f"{REQUESTS}/{identifier}/{verb}", document)


async def delivered(portal: Portal) -> list[list[str]]:
    """Who is in a point read, in a page, and in a stream."""
    people = portal.people
    pages = [answer.json["rows"] for answer in [await people.fetch(ABOUT_ONE), await people.fetch()]]
    stream = await people.fetch(accept="text/csv")
    assert stream.status == 200
    rows = [[row["person_id"] for row in page] for page in pages]
    return [*rows, [number for number in (NUMBER, OTHER) if number in stream.content.decode()]]


async def test_a_restricted_person_is_in_no_row_until_they_lift_it(portal: Portal) -> None:
    person = await portal.sign_in(f"number:{NUMBER}")
    identifier = await ask(portal, person, "restrict")
    assert await delivered(portal) == [[NUMBER], [NUMBER, OTHER], [NUMBER, OTHER]], "a request alone restricts nothing"
    await decide(portal, identifier, "grant", {"statement": "已限制处理"})
    assert await delivered(portal) == [[], [OTHER], [OTHER]]
    address = f"/portal/requests/{identifier}/withdrawal"
    assert (await person.request("POST", address)).json["state"] == "withdrawn"
    assert await delivered(portal) == [[NUMBER], [NUMBER, OTHER], [NUMBER, OTHER]]
    entries = await portal.people.read_entries()
    changes = [entry for entry in entries if entry["type"].startswith("restriction.")]
    assert [entry["type"] for entry in changes] == ["restriction.begun", "restriction.ended"]
    assert NUMBER not in str(entries)


async def test_what_is_stored_for_a_law_is_restricted_until_it_is_deleted(portal: Portal) -> None:
    person = await portal.sign_in(f"number:{NUMBER}")
    identifier = await ask(portal, person, "delete")
    await decide(portal, identifier, "restriction", RESTRICTION)
    assert await delivered(portal) == [[], [OTHER], [OTHER]]
    assert (await person.request("POST", f"/portal/requests/{identifier}/withdrawal")).problem == "conflict"
    await decide(portal, identifier, "grant", {"statement": "保存期满，已删除"})
    assert await delivered(portal) == [[NUMBER], [NUMBER, OTHER], [NUMBER, OTHER]], "what the owner still has is theirs"
