"""Duties kept apart: the system, the security and the audit administrator are never one person, however it is tried."""

import asyncio
import itertools
from typing import Any

import asyncpg
import pytest

from exchange.kernel.database import arguments
from exchange.settings import Settings
from policies.roles.roles import APART
from tests.support.exchanges.exchange import Answer, Exchange, Key, Party

PAIRS = list(itertools.combinations(sorted(APART), 2))


async def clerk(exchange: Exchange, party: Party, *roles: str) -> Answer:
    handle = f"clerk-{Key().keyid[:8].lower().strip('-_').replace('_', '-')}x"
    registration = exchange.registration(Key(), party.handle, handle)
    document = {"kind": "member", "handle": handle, "title": "Clerk", **registration, "roles": list(roles)}
    return await exchange.call(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", document)


async def assign(exchange: Exchange, principal: str, role: str, domain: str, *, verb: str = "") -> Answer:
    target = f"/api/v1/principals/{principal}/roles{verb}"
    return await exchange.call(exchange.keys["security"], "POST", target, {"role": role, "domain": domain})


async def held(exchange: Exchange, principal: str) -> set[tuple[str, str]]:
    async with exchange.runtime.database.pool.acquire() as connection:
        rows = await connection.fetch("SELECT role, domain FROM role_assignments WHERE principal_id = $1", principal)
    return {(row["role"], row["domain"]) for row in rows}


@pytest.mark.parametrize(("first", "second"), PAIRS)
async def test_no_pair_is_enrolled_or_assigned(exchange: Exchange, first: str, second: str) -> None:
    party = await exchange.admit("education")
    for duty, other in ((first, second), (second, first)):
        person = await try_to_unite(exchange, party, duty, other)
        assert await held(exchange, person) == {(other, "exchange"), ("steward", party.id)}, "one duty in the end"


async def try_to_unite(exchange: Exchange, party: Party, first: str, second: str) -> str:
    """Try to give a person two duties in every way, and then one after the other: the person."""
    before = len(await exchange.read_entries())
    refused = await clerk(exchange, party, first, second)
    assert (refused.status, refused.problem) == (409, "separation-of-duties")
    assert set(refused.json["duties"]) == {first, second}
    assert [entry["type"] for entry in (await exchange.read_entries())[before:]] == ["request.refused"]

    person = (await clerk(exchange, party, first)).json["id"]
    for domain in (party.id, "exchange"):
        refused = await assign(exchange, person, second, domain)
        assert refused.problem == "separation-of-duties"
    assert (await assign(exchange, person, first, "exchange")).status == 204  # the same duty elsewhere is one duty
    assert (await assign(exchange, person, "steward", party.id)).status == 204
    assert await held(exchange, person) == {(first, party.id), (first, "exchange"), ("steward", party.id)}

    for domain in (party.id, "exchange"):
        assert (await assign(exchange, person, first, domain, verb="/revocation")).status == 204
    assert (await assign(exchange, person, second, "exchange")).status == 204  # one after the other may be
    return str(person)


async def test_the_first_member_of_an_organisation_is_no_exception(exchange: Exchange) -> None:
    with pytest.raises(AssertionError, match="separation-of-duties"):
        await exchange.admit("education", roles=("steward", "auditor", "security_administrator"))


async def test_of_assignments_at_once_only_one_duty_is_given(exchange: Exchange) -> None:
    party = await exchange.admit("education")
    for _ in range(6):
        person = (await clerk(exchange, party)).json["id"]
        answers = await asyncio.gather(
            *(assign(exchange, person, role, domain) for role in sorted(APART) for domain in (party.id, "exchange"))
        )
        roles = {role for role, _ in await held(exchange, person)}
        assert len(roles) == 1
        assert {answer.problem for answer in answers} <= {"", "separation-of-duties"}
        assert sum(answer.status == 204 for answer in answers) == 2


async def test_the_database_refuses_what_no_code_of_ours_has_checked(exchange: Exchange, settings: Settings) -> None:
    party = await exchange.admit("education")
    person = (await clerk(exchange, party)).json["id"]
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
    assert len(await held(exchange, person)) == 1
