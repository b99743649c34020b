"""What a person sees and asks at the portal: uses of their data, requests with clocks, and nothing of anybody else's."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from exchange.calendar.counting import day_of
from exchange.kernel.work import Caller, Work
from exchange.participants.door.evidence import Founding
from exchange.portal.binding import principal_of
from exchange.subjects.dependents import SubjectDependents
from ledger.format.receipt import Receipt
from tests.support.exchanges.portal import NUMBER, OTHER, Portal, run_portal
from tests.support.people.consenting import notice_for

REQUESTS = "/api/v1/person-requests"


@pytest.fixture
async def portal(empty_database: str, tmp_path: Path, identity_provider: str) -> AsyncIterator[Portal]:
    async with run_portal(empty_database, tmp_path, identity_provider) as portal:
        yield portal


async def answer(portal: Portal, identifier: str, verb: str, document: dict[str, Any]) -> Any:
    """The owner's answer to a request: the problem, or the request's state."""
    done = await portal.people.call(portal.owner.steward, "POST", f"{REQUESTS}/{identifier}/{verb}", document)
    return done.problem or done.json["state"]


async def test_a_person_sees_who_used_their_data_and_nobody_elses(portal: Portal) -> None:
    assert (await portal.fetch(NUMBER)).status == 200
    assert (await portal.fetch(OTHER)).status == 200
    refusal = await portal.people.fetch({"field": "person_id", "op": "eq", "value": NUMBER}, fields=["nothing"])
    assert refusal.status >= 400
    entry = len(await portal.people.read_entries()) - 1
    assert (await portal.people.send("GET", f"/ledger/receipts/{entry}", {"prefer": "wait=30"})).status == 200

    person = await portal.sign_in(f"number:{NUMBER}")
    page = (await person.request("GET", "/portal/uses")).json
    kinds = [(use["outcome"], use["certainty"]) for use in page["uses"]]
    assert ("delivered", "named") in kinds
    [use] = [use for use in page["uses"] if use["outcome"] == "delivered"]
    assert (use["purpose"], use["dataset_name"], use["consumer"].endswith("(consumer)")) == (
        "talent-service", "owner/people", True,
    )  # fmt: skip
    assert Receipt.parse(use["receipt"]).index == use["entry"]
    other = await portal.sign_in(f"number:{OTHER}")
    theirs = (await other.request("GET", "/portal/uses")).json["uses"]
    assert len(theirs) == 1
    assert {one["entry"] for one in theirs}.isdisjoint({one["entry"] for one in page["uses"]})


async def test_pages_of_uses_join_without_gaps(portal: Portal) -> None:
    for _ in range(5):
        await portal.fetch(NUMBER)
    person = await portal.sign_in(f"number:{NUMBER}")
    everything = [use["entry"] for use in (await person.request("GET", "/portal/uses")).json["uses"]]
    pages, before = [], ""
    while True:
        page = (await person.request("GET", f"/portal/uses?limit=2{before}")).json
        pages += [use["entry"] for use in page["uses"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert pages == everything == sorted(everything, reverse=True)
    assert len(everything) == 5


async def test_a_request_reaches_its_owner_with_a_clock_and_is_answered(portal: Portal) -> None:
    person = await portal.sign_in(f"number:{NUMBER}")
    [sent] = (await person.request("POST", "/portal/requests", {"kind": "correct", "text": "姓名有误"})).json
    assert (sent["state"], sent["due"] is not None) == ("received", True)
    assert sent["limit"] is None or sent["limit"] >= str(day_of(portal.people.now) + timedelta(days=30)), (
        "30 calendar days, or the working day that follows them; unknown beyond the calendar"
    )
    board = await portal.people.call_ok(portal.owner.steward, "GET", f"/api/v1/organisations/{portal.owner.id}/duties")
    assert {duty["clock"] for duty in board["duties"] if duty["matter"]["id"] == sent["id"]} == {
        "answer",
        "answer_limit",
    }
    entries = await portal.people.read_entries()
    [received] = [entry for entry in entries if entry["type"] == "person_request.received"]
    assert received["actor"].keys() == {"person"}
    assert received["subjects"] == [received["actor"]["person"]]
    assert received["session"]["method"] == "oidc"
    assert NUMBER not in str(entries)
    assert "姓名有误" not in str(entries)

    again = await person.request(
        "POST", "/portal/requests", {"kind": "correct", "text": "x", "dataset": "owner/people"}
    )
    assert again.problem == "request-open"
    [listed] = await portal.people.call_ok(portal.owner.steward, "GET", REQUESTS)
    assert (listed["person"], listed["text"]) == (None, None), "a list names nobody"
    opened = await portal.people.call_ok(portal.owner.steward, "POST", f"{REQUESTS}/{sent['id']}/reading")
    assert (opened["person"]["value"], opened["text"]) == (NUMBER, "姓名有误")
    stranger = portal.people.consumer.steward
    assert (await portal.people.call(stranger, "POST", f"{REQUESTS}/{sent['id']}/reading")).status == 404

    assert await answer(portal, sent["id"], "grant", {}) == "answer-incomplete"
    assert await answer(portal, sent["id"], "refusal", {"reasons": "属实"}) == "answer-incomplete"
    assert await answer(portal, sent["id"], "restriction", {"reasons": "x", "law": "x"}) == "answer-incomplete"
    granted = await portal.people.call_ok(
        portal.owner.steward, "POST", f"{REQUESTS}/{sent['id']}/grant", {"statement": "已更正"}
    )
    assert (granted["state"], granted["person"], granted["text"]) == ("granted", None, None), (
        "only a reading names whom"
    )
    assert await answer(portal, sent["id"], "refusal", {"reasons": "x", "complaint": "x"}) == "conflict"
    [mine] = (await person.request("GET", "/portal/requests")).json
    assert (mine["state"], mine["answer"], mine["due"]) == ("granted", {"statement": "已更正"}, None)
    board = await portal.people.call_ok(portal.owner.steward, "GET", f"/api/v1/organisations/{portal.owner.id}/duties")
    assert board["duties"] == []


async def test_deletion_against_a_law_is_restricted_storage_and_may_end_later(portal: Portal) -> None:
    person = await portal.sign_in(f"number:{NUMBER}")
    [sent] = (await person.request("POST", "/portal/requests", {"kind": "delete", "text": "请删除"})).json
    restriction = {"reasons": "档案须保存", "law": "档案法 第十四条"}
    assert await answer(portal, sent["id"], "restriction", restriction) == "restricted_storage"
    assert await answer(portal, sent["id"], "refusal", {"reasons": "x", "complaint": "x"}) == "conflict"
    assert await answer(portal, sent["id"], "grant", {"statement": "保存期满，已删除"}) == "granted"


async def test_requests_of_others_are_unknown_and_ones_own_can_be_withdrawn(portal: Portal) -> None:
    person, other = await portal.sign_in(f"number:{NUMBER}"), await portal.sign_in(f"number:{OTHER}")
    [sent] = (await person.request("POST", "/portal/requests", {"kind": "access", "text": "x"})).json
    address = f"/portal/requests/{sent['id']}/withdrawal"
    assert (await other.request("POST", address)).status == 404
    assert (await other.request("GET", "/portal/requests")).json == []
    assert (await person.request("POST", address)).json["state"] == "withdrawn"
    assert (await person.request("POST", address)).problem == "conflict"
    await portal.people.run_sql(
        "INSERT INTO person_requests (id, kind, number, dataset_id, owner_id, state, question, salt, received_at) "
        "SELECT gen_random_uuid(), kind, number, dataset_id, owner_id, state, question, salt, now() "
        "FROM person_requests, generate_series(2, 200)"
    )
    again = await person.request("POST", "/portal/requests", {"kind": "access", "text": "x"})
    assert again.problem == "requests-exceeded", "who sends and withdraws all day fills the ledger"


async def test_the_same_request_twice_at_once_is_one_and_says_so(portal: Portal) -> None:
    person = await portal.sign_in(f"number:{NUMBER}")
    wanted = {"kind": "access", "text": "x", "dataset": "owner/people"}
    sent = await asyncio.gather(*(person.request("POST", "/portal/requests", wanted) for _ in range(4)))
    assert sorted(answer.status for answer in sent) == [201, 409, 409, 409]
    assert all("GET /portal/requests" in answer.json["detail"] for answer in sent if answer.status == 409)


async def test_an_erasure_locks_requests_before_the_ledger(portal: Portal) -> None:
    """As whoever answers a request does; in another order the two would wait for each other."""
    person = await portal.sign_in(f"number:{NUMBER}")
    await person.request("POST", "/portal/requests", {"kind": "access", "text": "x"})
    [row] = await portal.people.run_sql("SELECT number FROM person_requests")
    runtime = portal.people.runtime
    async with runtime.database.sessions() as session, runtime.database.pool.acquire() as connection:
        work = Work(session, Caller(principal_of(UUID(int=1)), Founding()), runtime)
        await runtime[SubjectDependents].lock(work, row["number"])
        with pytest.raises(asyncpg.LockNotAvailableError):
            await connection.execute("SELECT FROM person_requests FOR UPDATE NOWAIT")


async def test_a_code_binds_a_number_once_and_to_one_account(portal: Portal) -> None:
    person, thief = await portal.sign_in("lin"), await portal.sign_in("thief")
    assert (await person.request("GET", "/portal/uses")).problem == "identity-unbound"
    code = await portal.give_code(NUMBER)
    bind = {"code": code, "value": NUMBER}
    assert (
        await thief.request("POST", "/portal/identities", {**bind, "value": OTHER})
    ).problem == "binding-code-refused"
    assert (await person.request("POST", "/portal/identities", bind)).status == 204
    assert (await thief.request("POST", "/portal/identities", bind)).problem == "binding-code-refused"
    second = await portal.give_code(NUMBER)
    taken = await thief.request("POST", "/portal/identities", {"code": second, "value": NUMBER})
    assert taken.problem == "identity-taken"
    assert (await portal.browser().sign_in(f"number:{NUMBER}")).problem == "identity-taken"
    assert [one["method"] for one in (await person.request("GET", "/portal/me")).json["identities"]] == ["code"]


async def test_a_code_is_void_after_five_tries(portal: Portal) -> None:
    """So that who finds a letter does not find out whose it is by trying numbers."""
    person = await portal.sign_in("lin")
    code = await portal.give_code(NUMBER)
    for _ in range(5):
        answer = await person.request("POST", "/portal/identities", {"code": code, "value": OTHER})
        assert answer.problem == "binding-code-refused"
    answer = await person.request("POST", "/portal/identities", {"code": code, "value": NUMBER})
    assert answer.problem == "binding-code-refused"
    stranger = portal.people.consumer.steward
    new = {"dataset": "owner/people", "value": NUMBER, "level": "x"}
    assert (await portal.people.call(stranger, "POST", "/api/v1/subjects/codes", new)).status == 404


async def test_an_erasure_ends_binding_and_requests(portal: Portal) -> None:
    person = await portal.sign_in(f"number:{NUMBER}")
    await person.request("POST", "/portal/requests", {"kind": "access", "text": "机密"})
    assert (await portal.people.erase(dataset="owner/people", value=NUMBER)).json["outcome"] == "executed"
    assert (await person.request("GET", "/portal/uses")).problem == "identity-unbound"
    [row] = await portal.people.run_sql("SELECT * FROM person_requests")
    assert (row["number"], row["question"], row["state"]) == (None, None, "received")
    copy = await (await portal.sign_in(f"number:{OTHER}")).request("GET", "/portal/copy")
    assert (copy.json["uses"], copy.json["requests"]) == ([], [])


async def test_a_person_sees_the_newest_decision_of_many(portal: Portal) -> None:
    """Each consent after a withdrawal is a record of its own; it shows also where the dataset is offered no more."""
    new = notice_for("owner/people", "consumer", fields=["person_id", "name"])
    notice = await portal.people.call_ok(portal.owner.steward, "POST", "/api/v1/consent-notices", new)
    person = await portal.sign_in(f"number:{NUMBER}")
    for decision in ("given", "withdrawn") * 6 + ("given",):
        await person.request("POST", f"/portal/consents/{notice['id']}", {"decision": decision})
        [mine] = (await person.request("GET", "/portal/consents")).json
        assert mine["state"] == decision
    address = f"/api/v1/datasets/{portal.people.dataset['id']}/withdrawal"
    await portal.people.call_ok(portal.owner.steward, "POST", address, {"reason": "停止提供"})
    [mine] = (await person.request("GET", "/portal/consents")).json
    assert mine["state"] == "given"
    ended = await person.request("POST", f"/portal/consents/{notice['id']}", {"decision": "withdrawn"})
    assert ended.json["state"] == "withdrawn"


async def test_a_person_gives_and_withdraws_consent_themselves(portal: Portal) -> None:
    notice = await portal.people.call_ok(
        portal.owner.steward,
        "POST",
        "/api/v1/consent-notices",
        notice_for("owner/people", "consumer", fields=["person_id", "name"]),
    )
    person, other = await portal.sign_in(f"number:{NUMBER}"), await portal.sign_in(f"number:{OTHER}")
    address = f"/portal/consents/{notice['id']}"
    assert [one["state"] for one in (await person.request("GET", "/portal/consents")).json] == ["unasked"]
    given = await person.request("POST", address, {"decision": "given"})
    assert given.json["state"] == "given", given.content
    entry = (await portal.people.read_entries())[int(given.headers["exchange-entry"])]
    assert (entry["type"], entry["actor"].keys(), entry["session"]["method"]) == ("consent.given", {"person"}, "oidc")
    assert [one["state"] for one in (await other.request("GET", "/portal/consents")).json] == ["unasked"]
    assert (await person.request("POST", address, {"decision": "withdrawn"})).json["state"] == "withdrawn"
    assert (await other.request("POST", address, {"decision": "withdrawn"})).problem == "conflict"
    missing = "/portal/consents/01930b2e-6f1a-7000-8000-000000000001"
    assert (await person.request("POST", missing, {"decision": "given"})).status == 404
