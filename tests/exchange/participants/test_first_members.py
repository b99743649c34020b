"""Organisations that join can work, with one person or several, and nobody gets into one that has people of its own."""

import asyncio
import json
from typing import Any

from exchange.participants.schemas import NewOrganisation
from tests.support.exchanges.exchange import Exchange, Key, code

ALL = ("steward", "approver", "security_administrator")


def members(exchange: Exchange, organisation: str, people: dict[str, tuple[Key, list[str]]]) -> list[dict[str, Any]]:
    return [
        {
            "kind": "member",
            "handle": handle,
            "title": handle,
            **exchange.registration(key, organisation, handle),
            "roles": roles,
        }
        for handle, (key, roles) in people.items()
    ]


async def register(exchange: Exchange, handle: str, people: dict[str, tuple[Key, list[str]]], **more: Any) -> str:
    first, *further = members(exchange, handle, people)
    document = {
        "handle": handle,
        "kind": "institution",
        "code": code(),
        "level": "none",
        "name_zh": "单位",
        "name_en": "Unit",
        "first_member": first,
        "further_members": further,
    }
    registered = await exchange.call_ok(exchange.keys["operator"], "POST", "/api/v1/organisations", document | more)
    await exchange.call_ok(exchange.keys["operator"], "POST", f"/api/v1/organisations/{registered['id']}/admission")
    return str(registered["id"])


async def enrol(exchange: Exchange, by: Key, organisation: str, **more: Any) -> Any:
    document = {"kind": "system", "handle": "service", "title": "Service"} | more
    return await exchange.call(by, "POST", f"/api/v1/organisations/{organisation}/principals", document)


async def test_the_example_of_the_api_makes_an_organisation_that_works(exchange: Exchange) -> None:
    """The members have the example's roles: the steward enrols a system, and the other member makes it a consumer."""
    [example] = NewOrganisation.model_json_schema()["examples"]
    body = json.loads(json.dumps(example))
    people = {member["handle"]: (Key(), member["roles"]) for member in [body["first_member"], *body["further_members"]]}
    first, *further = members(exchange, body["handle"], people)
    document = body | {"first_member": first, "further_members": further}
    registered = await exchange.call_ok(exchange.keys["operator"], "POST", "/api/v1/organisations", document)
    identifier = registered["id"]
    await exchange.call_ok(exchange.keys["operator"], "POST", f"/api/v1/organisations/{identifier}/admission")
    steward, head = (people[handle][0] for handle in people)
    system = Key()
    enrolled = await enrol(exchange, steward, identifier, **exchange.registration(system, body["handle"], "service"))
    assert enrolled.status == 201
    role = {"role": "consumer", "domain": identifier}
    target = f"/api/v1/principals/{enrolled.json['id']}/roles"
    refused = await exchange.call(steward, "POST", target, role)
    assert refused.problem == "role-missing"
    assert {"role": "security_administrator", "domain": identifier} in refused.json["permitted"]
    await exchange.call_ok(head, "POST", target, role)
    assert (await exchange.call_ok(system, "GET", "/api/v1/me"))["roles"] == [["consumer", identifier]]
    listed = await exchange.call_ok(steward, "GET", f"/api/v1/organisations/{identifier}/principals")
    expected = {handle: sorted(roles) for handle, (_, roles) in people.items()} | {"service": ["consumer"]}
    assert {member["handle"]: member["roles"] for member in listed} == expected


async def test_a_signature_of_another_time_is_refused_with_both_clocks(exchange: Exchange) -> None:
    """The refusal shows both clocks to a sender whose clock is behind or ahead."""
    operator, now = exchange.keys["operator"], int(exchange.now.timestamp())
    for created, problem, words in ((now - 600, "signature-expired", "before"), (now + 600, "clock-skewed", "ahead")):
        headers = exchange.sign(operator, "GET", "/api/v1/me", created=created)
        answer = await exchange.send("GET", "/api/v1/me", headers)
        assert answer.problem == problem
        assert words in answer.json["detail"]
        assert f"the exchange's clock, {exchange.now.year}-" in answer.json["detail"]


async def test_nobody_assigns_a_role_to_itself_in_one_request_or_two(exchange: Exchange) -> None:
    steward, head = Key(), Key()
    people = {"steward": (steward, ["steward"]), "head": (head, ["security_administrator"])}
    identifier = await register(exchange, "education", people)
    me = await exchange.find_principal(head)
    role = {"role": "approver", "domain": identifier}
    refused = await exchange.call(head, "POST", f"/api/v1/principals/{me}/roles", role)
    assert refused.problem == "role-missing"
    # A steward alone enrols a second self without roles only.
    second = exchange.registration(Key(), "education", "second")
    more = {"kind": "member", "handle": "second", **second}
    assert (await enrol(exchange, steward, identifier, **more, roles=["approver"])).problem == "role-missing"
    assert (await enrol(exchange, steward, identifier, **more)).status == 201


async def test_an_organisation_separates_its_duties_and_does_not_unite_them_alone(exchange: Exchange) -> None:
    keys = {name: Key() for name in ALL}
    people = {name.replace("_", "-"): (key, [name]) for name, key in keys.items()}
    identifier = await register(exchange, "education", people, separates_duties=True)
    steward, security = keys["steward"], keys["security_administrator"]
    target = f"/api/v1/principals/{await exchange.find_principal(steward)}/roles"
    approver = {"role": "approver", "domain": identifier}
    refused = await exchange.call(security, "POST", target, approver)
    assert (refused.problem, set(refused.json["duties"])) == ("separation-of-duties", {"steward", "approver"})
    await exchange.call_ok(security, "POST", target, {"role": "consumer", "domain": identifier})

    duties = f"/api/v1/organisations/{identifier}/separation-of-duties"
    assert (await exchange.call(security, "PUT", duties, {"separated": False})).problem == "role-missing"
    united = await exchange.call_ok(exchange.keys["security"], "PUT", duties, {"separated": False})
    assert united["separates_duties"] is False
    await exchange.call_ok(security, "POST", target, approver)
    refused = await exchange.call(security, "PUT", duties, {"separated": True})
    assert (refused.problem, "steward is steward and approver" in refused.json["detail"]) == (
        "separation-of-duties",
        True,
    )
    await exchange.call_ok(security, "POST", f"{target}/revocation", approver)
    assert (await exchange.call_ok(security, "PUT", duties, {"separated": True}))["separates_duties"] is True
    assert (await exchange.call(security, "PUT", duties, {"separated": True})).problem == "conflict"
    types = [entry["type"] for entry in await exchange.read_entries()]
    assert "organisation.duties_separated" in types
    assert "organisation.duties_united" in types


async def test_duties_stay_separated_whatever_is_asked_at_once(exchange: Exchange) -> None:
    keys = {name: Key() for name in ALL}
    people = {name.replace("_", "-"): (key, [name]) for name, key in keys.items()}
    identifier = await register(exchange, "education", people)
    security = keys["security_administrator"]
    target = f"/api/v1/principals/{await exchange.find_principal(keys['steward'])}/roles"
    duties = f"/api/v1/organisations/{identifier}/separation-of-duties"
    for _ in range(4):
        await asyncio.gather(
            exchange.call(security, "POST", target, {"role": "approver", "domain": identifier}),
            exchange.call(security, "PUT", duties, {"separated": True}),
        )
        row = await exchange.call_ok(security, "GET", f"/api/v1/organisations/{identifier}")
        roles = {role for role, _ in (await exchange.call_ok(keys["steward"], "GET", "/api/v1/me"))["roles"]}
        assert row["separates_duties"] is not ("approver" in roles)
        await exchange.call(exchange.keys["security"], "PUT", duties, {"separated": False})
        await exchange.call(security, "POST", f"{target}/revocation", {"role": "approver", "domain": identifier})


async def test_the_operator_enrols_nobody_where_somebody_can(exchange: Exchange) -> None:
    """The operator's key alone opens no organisation; where its last steward is lost, it enrols one without roles."""
    party = await exchange.admit("education")
    operator, spy = exchange.keys["operator"], Key()
    more = {"kind": "member", "handle": "spy", **exchange.registration(spy, "education", "spy")}
    for kind in ("member", "system"):
        refused = await enrol(exchange, operator, party.id, **(more | {"kind": kind}))
        assert (refused.problem, "steward in the organisation" in refused.json["detail"]) == ("role-missing", True)

    steward = await exchange.find_principal(party.steward)
    await exchange.call_ok(party.steward, "POST", f"/api/v1/principals/{steward}/keys/{party.steward.keyid}/revocation")
    assert (await enrol(exchange, operator, party.id, **more, roles=["steward"])).problem == "role-missing"
    enrolled = await enrol(exchange, operator, party.id, **more)
    assert enrolled.status == 201
    assert (await exchange.call_ok(spy, "GET", "/api/v1/me"))["roles"] == []
    role = {"role": "steward", "domain": party.id}
    target = f"/api/v1/principals/{enrolled.json['id']}/roles"
    await exchange.call_ok(exchange.keys["security"], "POST", target, role)
    more = {"kind": "member", "handle": "another", **exchange.registration(Key(), "education", "another")}
    assert (await enrol(exchange, operator, party.id, **more)).problem == "role-missing"

    me = await exchange.call_ok(operator, "GET", "/api/v1/me")
    home = {"kind": "member", "handle": "deputy", **exchange.registration(Key(), "operator", "deputy")}
    assert (await enrol(exchange, operator, me["organisation"]["id"], **home)).status == 201


async def test_a_missing_role_names_whose_it_is_and_what_the_caller_has(exchange: Exchange) -> None:
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    answer = await exchange.call(
        consumer.steward,
        "POST",
        "/api/v1/sources",
        {"organisation": owner.id, "source": {"kind": "file", "title": "x"}},
    )
    assert answer.problem == "role-missing"
    assert answer.json["needed"] == ["steward"]
    assert answer.json["permitted"] == [{"role": "steward", "domain": owner.id}]
    assert {"role": "steward", "domain": consumer.id} in answer.json["held"]
    assert f"steward in the organisation {owner.id}" in answer.json["detail"]
    assert "steward in your organisation" in answer.json["detail"]
