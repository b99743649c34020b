"""Notices: complete as the law demands, on the ledger, never changed, and seen by both sides only."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from exchange.settings import Settings
from ledger.format import canonical
from tests.support.exchanges.exchange import Answer
from tests.support.exchanges.people import DATASET, PeopleExchange, start_people
from tests.support.people.consenting import notice_for, publish_notice

NOTICES = "/api/v1/consent-notices"


@pytest.fixture
async def people(settings: Settings) -> AsyncIterator[PeopleExchange]:
    async with start_people(settings) as people:
        yield people


async def try_notice(people: PeopleExchange, **changes: Any) -> Answer:
    return await people.call(people.owner.steward, "POST", NOTICES, notice_for(DATASET, "consumer", **changes))


async def test_a_notice_is_on_the_ledger_with_what_people_are_shown(people: PeopleExchange) -> None:
    answer = await try_notice(people)
    assert answer.status == 201, answer.content.decode()
    notice = answer.json
    entry = await people.entry_of(answer)
    assert entry["type"] == "consent_notice.published"
    assert entry["object"] == {"kind": "consent_notice", "id": notice["id"]}
    assert entry["document"] == notice["digest"]
    salted = bytes.fromhex(notice["salt"]) + canonical.dumps(notice["document"])
    assert notice["digest"] == hashlib.sha256(salted).hexdigest()
    assert notice["document"]["controller"]["id"] == people.owner.id
    assert notice["document"]["text"].startswith("我们将您的信息")


async def test_what_does_not_fit_is_named(people: PeopleExchange) -> None:
    unfit: list[tuple[str, Any]] = [
        ("fields", ["person_id", "salary"]),
        ("purpose", "advertising"),
        ("identified_by", "name"),
        ("separate", False),
        ("recipient", "owner"),
        ("recipient", "nobody"),
        ("in_use_since", "2999-01-01T00:00:00+08:00"),
    ]
    for member, value in unfit:
        answer = await try_notice(people, **{member: value})
        assert (answer.status, answer.problem) == (422, "consent-notice-invalid")
        assert [fault["at"] for fault in answer.json["errors"]] == [f"body/{member}"]
    answer = await try_notice(people, **dict(unfit))
    assert len(answer.json["errors"]) == len(dict(unfit)), "all faults are named at once"


async def test_what_the_law_demands_cannot_be_left_out(people: PeopleExchange) -> None:
    """PIPL Article 17 and Decree 790 Article 21."""
    for member in (
        *("controller", "recipient_contact", "purpose_text", "processing", "fields", "retention_days"),
        *("retention_basis", "at_expiry", "rights", "withdrawal", "text", "version"),
    ):
        answer = await try_notice(people, **{member: ...})
        assert answer.problem == "request-invalid"
        assert member in answer.content.decode()


async def test_sensitive_information_and_children_need_necessity_and_impact(people: PeopleExchange) -> None:
    answer = await try_notice(people, children_rules="专门的个人信息处理规则")
    assert [fault["at"] for fault in answer.json["errors"]] == ["body/necessity_and_impact"]
    assert (await try_notice(people, children_rules="专门规则", necessity_and_impact="必要性与影响")).status == 201


async def test_a_notice_never_changes(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    for statement in ("UPDATE consent_notices SET term_days = 1", "DELETE FROM consent_notices"):
        with pytest.raises(asyncpg.PostgresError):
            await people.run_sql(statement)
    closed = await people.call_ok(people.owner.steward, "POST", f"{NOTICES}/{notice['id']}/closing", {"reason": "改版"})
    unchanged = {name: value for name, value in notice.items() if name != "closed_at"}
    assert {name: closed[name] for name in unchanged} == unchanged
    again = await people.call(people.owner.steward, "POST", f"{NOTICES}/{notice['id']}/closing", {"reason": "改版"})
    assert again.problem == "conflict"
    assert (await people.read_entries())[-2]["type"] == "consent_notice.closed"


async def test_the_recipient_sees_the_notice_without_counts(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    seen = await people.call_ok(people.consumer.steward, "GET", f"{NOTICES}/{notice['id']}")
    assert seen["counts"] is None
    assert (await people.call_ok(people.owner.steward, "GET", f"{NOTICES}/{notice['id']}"))["counts"] == {}
    stranger = await people.admit("stranger")
    assert (await people.call(stranger.steward, "GET", f"{NOTICES}/{notice['id']}")).problem == "not-found"
    assert await people.call_ok(stranger.steward, "GET", NOTICES) == []
    for party in (people.owner, people.consumer):
        assert [row["id"] for row in await people.call_ok(party.steward, "GET", NOTICES)] == [notice["id"]]
