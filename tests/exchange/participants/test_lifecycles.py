"""Organisations, keys and roles: their states, and that of two who act at once one wins."""

import asyncio

from exchange.participants.uscc import check_character
from tests.support.exchanges.exchange import Exchange, Key
from tests.support.exchanges.parties import check_one_succeeded


async def test_an_organisations_life(exchange: Exchange) -> None:
    party = await exchange.admit("education")
    operator = exchange.keys["operator"]
    target = f"/api/v1/organisations/{party.id}"
    steps = {"admission": "admitted", "suspension": "suspended", "reinstatement": "admitted", "departure": "departed"}
    allowed = {
        "admitted": {"suspension", "departure"},
        "suspended": {"reinstatement", "departure"},
        "departed": set(),
    }
    for path in (("suspension", "reinstatement"), ("suspension", "departure")):
        for step in path:
            state = (await exchange.call_ok(operator, "GET", target))["state"]
            for wrong in sorted(steps.keys() - allowed[state]):
                answer = await exchange.call(operator, "POST", f"{target}/{wrong}")
                assert (answer.problem, answer.json["state"]) == ("conflict", state)
            assert (await exchange.call_ok(operator, "POST", f"{target}/{step}"))["state"] == steps[step]
    for wrong in steps:
        assert (await exchange.call(operator, "POST", f"{target}/{wrong}")).problem == "conflict"
    assert (await exchange.call(party.steward, "GET", "/api/v1/me")).problem == "organisation-not-admitted"


async def test_one_handle_is_one_organisation_whoever_registers_it_at_once(exchange: Exchange) -> None:
    documents = []
    for number in range(4):
        first = {
            "kind": "member",
            "handle": "first",
            "title": "First",
            **exchange.registration(Key(), "same", "first"),
            "roles": ["steward", "security_administrator"],
        }
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
    calls = (
        exchange.call(exchange.keys["operator"], "POST", "/api/v1/organisations", document) for document in documents
    )
    check_one_succeeded(await asyncio.gather(*calls))
    assert [
        entry["handle"] for entry in await exchange.read_entries() if entry["type"] == "organisation.registered"
    ].count("same") == 1


def _code(number: int) -> str:
    from_nine = f"91330000MA{number:07d}"
    return from_nine + check_character(from_nine)


async def test_a_key_is_rotated_with_an_overlap(exchange: Exchange) -> None:
    party = await exchange.admit("education")
    fresh = Key()
    target = f"/api/v1/principals/{party.system_id}/keys"
    new = {
        **exchange.registration(fresh, "education", "service"),
        "supersedes": party.system.keyid,
        "overlap_seconds": 0,
    }
    await exchange.call_ok(party.system, "POST", target, new)
    assert (await exchange.call(party.system, "GET", "/api/v1/me")).problem == "key-not-valid"
    assert (await exchange.call_ok(fresh, "GET", "/api/v1/me"))["principal"]["id"] == party.system_id
    states = {key["id"]: key["state"] for key in await exchange.call_ok(party.steward, "GET", target)}
    assert states == {party.system.keyid: "ended", fresh.keyid: "active"}

    fresher = Key()
    overlapping = {
        **exchange.registration(fresher, "education", "service"),
        "supersedes": fresh.keyid,
        "overlap_seconds": 3600,
    }
    await exchange.call_ok(fresh, "POST", target, overlapping)
    assert (await exchange.call_ok(fresh, "GET", "/api/v1/me"))["key"] == fresh.keyid
    assert (await exchange.call_ok(fresher, "GET", "/api/v1/me"))["key"] == fresher.keyid


async def test_a_revoked_key_does_not_come_back(exchange: Exchange) -> None:
    party = await exchange.admit("education")
    target = f"/api/v1/principals/{party.system_id}/keys"
    await exchange.call_ok(party.steward, "POST", f"{target}/{party.system.keyid}/revocation")
    assert (await exchange.call(party.system, "GET", "/api/v1/me")).problem == "key-revoked"
    repeated = await exchange.call(
        party.steward, "POST", target, exchange.registration(party.system, "education", "service")
    )
    assert repeated.problem == "conflict"


async def test_a_steward_enrols_and_a_security_administrator_assigns(exchange: Exchange) -> None:
    party = await exchange.admit("education")
    new = {"kind": "member", "handle": "clerk", "title": "Clerk", **exchange.registration(Key(), "education", "clerk")}
    clerk = await exchange.call_ok(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", new)
    target = f"/api/v1/principals/{clerk['id']}/roles"
    role = {"role": "approver", "domain": party.id}
    await exchange.call_ok(exchange.keys["security"], "POST", target, role)
    assert (await exchange.call(exchange.keys["security"], "POST", target, role)).problem == "conflict"
    assert (await exchange.call(exchange.keys["operator"], "POST", target, role)).problem == "role-missing"
    await exchange.call_ok(exchange.keys["security"], "POST", f"{target}/revocation", role)
    assert (await exchange.call(exchange.keys["security"], "POST", f"{target}/revocation", role)).problem == "not-found"
