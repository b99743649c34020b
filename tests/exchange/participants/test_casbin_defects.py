"""The defects known of Casbin's adapters, enforcers and watchers, each tried on what the exchange has instead of them.

Assignments are rows that are read with who signed, and Casbin is given them with each question (policies/roles/roles.py), so
there is no adapter, no loaded copy and no watcher to be wrong. These tests hold that to the defects of casbin 1.43 and
its adapters: cross-product deletions, commas, threads, filtered loading, watchers that reload nothing, lost explanations.
"""

import asyncio
import concurrent.futures
import itertools
import multiprocessing
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest

from admin.server.reaching import free_port
from exchange.participants import queries
from exchange.settings import Settings
from policies.roles.roles import ROLES, InvalidIdentifier, Permit, Roles
from tests.support.exchanges.exchange import Exchange, Key, Party
from tests.support.exchanges.starting import start_exchange
from tests.support.processes.server import serve_exchange, settings_on

ODD = ("a", "0", "a.b:c_d-e", "x" * 128, "0198c5a0-0000-7000-8000-00000000000a", "p::", "g_._", "eval:r.sub")


async def member(exchange: Exchange, party: Party) -> tuple[str, Key]:
    key = Key()
    document = {
        "kind": "member",
        "handle": "clerk",
        "title": "Clerk",
        **exchange.registration(key, party.handle, "clerk"),
    }
    enrolled = await exchange.call_ok(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", document)
    return str(enrolled["id"]), key


async def test_c1_revoking_two_roles_leaves_the_two_that_cross_them(exchange: Exchange) -> None:
    """casbin's adapters delete (a, y) and (b, x) as well when (a, x) and (b, y) are removed."""
    first, second = await exchange.admit("first"), await exchange.admit("second")
    person, key = await member(exchange, first)
    target = f"/api/v1/principals/{person}/roles"
    pairs = list(itertools.product(("steward", "approver"), (first.id, second.id)))
    for role, domain in pairs:
        await exchange.call_ok(exchange.keys["security"], "POST", target, {"role": role, "domain": domain})
    revoked = [("steward", first.id), ("approver", second.id)]
    await asyncio.gather(
        *(
            exchange.call_ok(
                exchange.keys["security"], "POST", f"{target}/revocation", {"role": role, "domain": domain}
            )
            for role, domain in revoked
        )
    )
    left = sorted(set(pairs) - set(revoked))
    assert sorted(map(tuple, (await exchange.call_ok(key, "GET", "/api/v1/me"))["roles"])) == left
    roles = exchange.runtime.roles
    for domain, verb, expected in (
        (first.id, "draft", False),
        (second.id, "draft", True),
        (first.id, "publish", True),
        (second.id, "publish", True),
    ):
        permit = roles.permits(principal=person, assignments=left, domain=domain, resource="dataset", verb=verb)
        assert permit.allow is expected


@pytest.mark.parametrize("text", ["steward, exchange", "steward)", " steward", "steward\n", "p, steward", "ſteward"])
async def test_c2_what_would_shift_a_rule_is_refused_and_spoils_nobody_elses_answer(
    exchange: Exchange, text: str
) -> None:
    """casbin's adapters join columns with commas and parse the line again, after which every question fails."""
    party = await exchange.admit("first")
    person, key = await member(exchange, party)
    target = f"/api/v1/principals/{person}/roles"
    for change in ({"role": text, "domain": party.id}, {"role": "steward", "domain": text}):
        answer = await exchange.call(exchange.keys["security"], "POST", target, change)
        assert answer.problem == "request-invalid"
    async with exchange.runtime.database.pool.acquire() as connection:  # as if it had come in another way
        await connection.execute("INSERT INTO role_assignments VALUES ($1, $2, $3, now())", person, text, party.id)
    spoilt = await exchange.call(key, "POST", f"/api/v1/organisations/{party.id}/principals", {"kind": "member"})
    assert spoilt.status >= 400
    assert (await exchange.call(party.steward, "GET", "/api/v1/sources")).status == 200
    with pytest.raises(InvalidIdentifier):
        exchange.runtime.roles.permits(
            principal=person, assignments=[(text, party.id)], domain=party.id, resource="dataset", verb="draft"
        )


def answers_of(roles: Roles) -> dict[tuple[str, str, str], Permit]:
    """The permissions of every role in odd domains, without any cache."""
    roles._permits.clear()
    return {
        (role, domain, f"{resource}.{verb}"): roles.permits(
            principal=domain,
            assignments=[(role, domain), ("consumer", "elsewhere")],
            domain=domain,
            resource=resource,
            verb=verb,
        )
        for role in ROLES
        for domain in ODD
        for resource, verb in sorted(roles.verbs())
    }


def answers_in_a_process(_: int) -> dict[tuple[str, str, str], Permit]:
    return answers_of(Roles())


def test_c3_c4_threads_that_share_the_rules_are_neither_wrong_nor_fail() -> None:
    """FastEnforcer keeps a question's filter on itself; every enforcer parses at once with others, which CPython fails at."""
    expected = answers_of(Roles())
    shared = Roles()
    begin = threading.Barrier(6)

    def ask(_: int) -> dict[tuple[str, str, str], Permit]:
        begin.wait()
        return answers_of(shared)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert all(answers == expected for answers in pool.map(ask, range(6)))


@pytest.mark.endurance
def test_c3_processes_give_the_same_answers() -> None:
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        first, second = pool.map(answers_in_a_process, range(2))
    assert first == second == answers_of(Roles())


async def test_filtered_loading_leaves_no_assignment_out(exchange: Exchange) -> None:
    """A filtered load names a column, in which rules have the domain and assignments the role: it loads no assignment."""
    first, second = await exchange.admit("first"), await exchange.admit("second")
    person, key = await member(exchange, first)
    expected = {("approver", first.id), ("approver", second.id), ("auditor", "exchange")}
    for role, domain in expected:
        target = f"/api/v1/principals/{person}/roles"
        await exchange.call_ok(exchange.keys["security"], "POST", target, {"role": role, "domain": domain})
    async with exchange.runtime.database.sessions() as session:
        holder = await queries.key_holder(session, key.keyid)
    assert holder is not None
    assert set(holder.principal.assignments) == expected


def test_c6_a_permission_says_which_roles_it_comes_through() -> None:
    """`enforce_ex` of casbin 1.43 explains no permission where a rule may also deny."""
    permit = Roles().permits(
        principal="p", assignments=[("steward", "a"), ("approver", "a")], domain="a", resource="dataset", verb="publish"
    )
    assert permit == Permit(allow=True, roles=("steward", "approver"))


@pytest.mark.endurance
async def test_c5_each_worker_sees_a_change_of_roles_before_its_next_decision(
    empty_database: str, tmp_path: Path, people_table: str
) -> None:
    """Watchers of pycasbin reload nothing unless they are told to; here two processes, neither told anything, are right
    in the very next answer, because the ledger accepts no decision of before the change.
    """
    ports = free_port(), free_port()
    chosen = [settings_on(port, database_url=empty_database, data=tmp_path) for port in ports]
    async with start_exchange(
        Settings(data=tmp_path, database_url=empty_database, public_url=chosen[0].public_url)
    ) as exchange:
        owner = await exchange.admit("owner")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        await exchange.conclude_agreement(
            consumer,
            owner,
            await exchange.publish_dataset(
                owner, await exchange.register_table(owner, people_table, "people"), "people"
            ),
        )
    with serve_exchange(chosen[0]), serve_exchange(chosen[1]):
        async with (
            httpx2.AsyncClient(base_url=chosen[0].public_url) as first_client,
            httpx2.AsyncClient(base_url=chosen[1].public_url) as second_client,
        ):
            workers = [
                Exchange(exchange.app, client, exchange.keys, url=at.public_url)
                for client, at in ((first_client, chosen[0]), (second_client, chosen[1]))
            ]

            async def ask() -> list[str]:
                question: Any = {"dataset": "owner/people", "limit": 1}
                answers = [
                    await worker.call(consumer.system, "POST", "/api/v1/deliveries", question, purpose="talent-service")
                    for worker in workers
                    for _ in range(2)
                ]
                return [answer.problem or str(answer.status) for answer in answers]

            assert set(await ask()) == {"200"}
            change = {"role": "consumer", "domain": consumer.id}
            for turn in range(4):
                target = f"/api/v1/principals/{consumer.system_id}/roles"
                worker, verb = workers[turn // 2], "" if turn % 2 else "/revocation"
                await worker.call_ok(consumer.steward, "POST", target + verb, change)
                assert set(await ask()) == ({"200"} if turn % 2 else {"role-missing"})
