"""Duties kept apart: the system, the security and the audit administrator are never one person, however it is tried."""

import asyncio
import itertools
from typing import Any

import asyncpg
import pytest

from exchange.kernel.database import arguments
from exchange.settings import Settings
from policies.roles.roles import APART
from tests.support.world import Answer, Key, Party, World

PAIRS = list(itertools.combinations(sorted(APART), 2))


async def clerk(world: World, party: Party, *roles: str) -> Answer:
    handle = f"clerk-{Key().keyid[:8].lower().strip('-_').replace('_', '-')}x"
    document = {"kind": "member", "handle": handle, "title": "Clerk", "public_key": Key().public, "roles": list(roles)}
    return await world.call(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", document)


async def assign(world: World, principal: str, role: str, domain: str, *, verb: str = "") -> Answer:
    target = f"/api/v1/principals/{principal}/roles{verb}"
    return await world.call(world.keys["security"], "POST", target, {"role": role, "domain": domain})


async def held(world: World, principal: str) -> set[tuple[str, str]]:
    async with world.app.state.runtime.database.pool.acquire() as connection:
        rows = await connection.fetch("SELECT role, domain FROM role_assignments WHERE principal_id = $1", principal)
    return {(row["role"], row["domain"]) for row in rows}


@pytest.mark.parametrize(("first", "second"), PAIRS)
async def test_no_pair_is_enrolled_or_assigned(world: World, first: str, second: str) -> None:
    party = await world.party("education")
    for one, other in ((first, second), (second, first)):
        await try_to_unite(world, party, one, other)


async def try_to_unite(world: World, party: Party, first: str, second: str) -> None:
    before = len(await world.entries())
    refused = await clerk(world, party, first, second)
    assert (refused.status, refused.problem) == (409, "duties-united")
    assert set(refused.json["duties"]) == {first, second}
    assert [entry["type"] for entry in (await world.entries())[before:]] == ["request.refused"]

    person = (await clerk(world, party, first)).json["id"]
    for domain in (party.id, "exchange"):
        refused = await assign(world, person, second, domain)
        assert refused.problem == "duties-united"
    assert (await assign(world, person, first, "exchange")).status == 204  # the same duty elsewhere is one duty
    assert (await assign(world, person, "steward", party.id)).status == 204
    assert await held(world, person) == {(first, party.id), (first, "exchange"), ("steward", party.id)}

    for domain in (party.id, "exchange"):
        assert (await assign(world, person, first, domain, verb="/revocation")).status == 204
    assert (await assign(world, person, second, "exchange")).status == 204  # one after the other may be


async def test_the_first_member_of_an_organisation_is_no_exception(world: World) -> None:
    with pytest.raises(AssertionError, match="duties-united"):
        await world.party("education", roles=("steward", "auditor", "security_administrator"))


async def test_of_assignments_at_once_only_one_duty_is_given(world: World) -> None:
    party = await world.party("education")
    for _ in range(6):
        person = (await clerk(world, party)).json["id"]
        answers = await asyncio.gather(
            *(assign(world, person, role, domain) for role in sorted(APART) for domain in (party.id, "exchange"))
        )
        roles = {role for role, _ in await held(world, person)}
        assert len(roles) == 1
        assert {answer.problem for answer in answers} <= {"", "duties-united"}
        assert sum(answer.status == 204 for answer in answers) == 2


async def test_the_database_refuses_what_no_code_of_ours_has_checked(world: World, settings: Settings) -> None:
    party = await world.party("education")
    person = (await clerk(world, party)).json["id"]
    assert settings.database_url is not None
    connections = [await asyncpg.connect(**arguments(settings.database_url.get_secret_value())) for _ in range(2)]

    async def insert(connection: Any, role: str) -> None:
        statement = "INSERT INTO role_assignments VALUES ($1, $2, 'exchange', now())"
        async with connection.transaction():
            await connection.execute(statement, person, role)

    try:
        outcomes = await asyncio.gather(*map(insert, connections, ("auditor", "operator")), return_exceptions=True)
    finally:
        for connection in connections:
            await connection.close()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["CheckViolationError", "NoneType"]
    assert len(await held(world, person)) == 1
