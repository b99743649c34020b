"""A hostile participant or a stranger attacks the admission of requests."""

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest

from exchange.kernel.loops import Loops
from exchange.participants.door.refusals import SUMMARY
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, Key
from tests.support.exchanges.starting import restart_exchange, start_exchange

REFUSALS = 6
KEY_REFUSALS = 3


async def slowly(content: bytes, arrived: asyncio.Event, go_on: asyncio.Event) -> AsyncIterator[bytes]:
    """Send three bytes, signal that they went, and wait for a signal to send the others."""
    yield content[:3]
    arrived.set()
    await go_on.wait()
    yield content[3:]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"stranger_refusals": REFUSALS, "key_refusals": KEY_REFUSALS})


async def test_nobody_registers_a_key_for_another_person(exchange: Exchange) -> None:
    party = await exchange.admit("education")
    security = await exchange.call_ok(
        exchange.keys["auditor"], "GET", f"/api/v1/organisations/{await operator(exchange)}/principals"
    )
    target = next(row["id"] for row in security if row["handle"] == "security")
    forbidden = await exchange.call(
        exchange.keys["operator"],
        "POST",
        f"/api/v1/principals/{target}/keys",
        exchange.registration(Key(), "operator", "security"),
    )
    assert forbidden.problem == "role-missing"
    # A steward may renew its systems' keys, and nobody's but its own otherwise.
    other = await exchange.call_ok(
        party.steward,
        "POST",
        f"/api/v1/organisations/{party.id}/principals",
        {"kind": "member", "handle": "guard", "title": "Guard", **exchange.registration(Key(), "education", "guard")},
    )
    as_guard = exchange.registration(Key(), "education", "guard")
    refused = await exchange.call(party.steward, "POST", f"/api/v1/principals/{other['id']}/keys", as_guard)
    assert refused.problem == "role-missing"
    renewed = {**exchange.registration(Key(), "education", "service"), "supersedes": party.system.keyid}
    await exchange.call_ok(party.steward, "POST", f"/api/v1/principals/{party.system_id}/keys", renewed)


async def operator(exchange: Exchange) -> str:
    me = await exchange.call_ok(exchange.keys["operator"], "GET", "/api/v1/me")
    return str(me["organisation"]["id"])


async def test_a_slow_upload_stalls_nobody_and_ends_with_its_key(exchange: Exchange) -> None:
    party = await exchange.admit("education")
    source = await exchange.call_ok(
        party.steward,
        "POST",
        "/api/v1/sources",
        {"organisation": party.id, "source": {"kind": "file", "title": "slow"}},
    )
    target = f"/api/v1/sources/{source['id']}/content?filename=a.csv"
    content = b"a,b\n1,2\n"
    headers = exchange.sign(party.steward, "PUT", target, body=content)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def upload() -> dict[str, object]:
        response = await exchange.client.request(
            "PUT", target, headers=headers, content=slowly(content, arrived, go_on)
        )
        answer: dict[str, object] = response.json()
        return answer

    uploading = asyncio.create_task(upload())
    await asyncio.wait_for(arrived.wait(), 10)
    # The nonce is used up with the head, so a copy is a replay at once; and everybody else's requests wait for nothing.
    repeated = await asyncio.wait_for(exchange.send("PUT", target, headers, content), 10)
    assert repeated.problem == "nonce-reused"
    await asyncio.wait_for(exchange.admit("human-resources"), 20)
    steward = await exchange.find_principal(party.steward)
    await exchange.call_ok(party.steward, "POST", f"/api/v1/principals/{steward}/keys/{party.steward.keyid}/revocation")
    go_on.set()
    late = await asyncio.wait_for(uploading, 10)
    assert late["type"] == "/problems/key-revoked"
    entries = await exchange.read_entries()
    revoked = max(index for index, entry in enumerate(entries) if entry["type"] == "key.revoked")
    assert all(entry["type"] != "source.imported" for entry in entries[revoked:])


async def test_a_change_is_not_made_on_a_permission_that_ended_meanwhile(exchange: Exchange) -> None:
    party = await exchange.admit("education")
    source = await exchange.call_ok(
        party.steward,
        "POST",
        "/api/v1/sources",
        {"organisation": party.id, "source": {"kind": "file", "title": "slow"}},
    )
    target = f"/api/v1/sources/{source['id']}/content?filename=a.csv"
    content = b"a,b\n1,2\n"
    headers = exchange.sign(party.steward, "PUT", target, body=content)
    arrived, go_on = asyncio.Event(), asyncio.Event()

    uploading = asyncio.create_task(
        exchange.client.request("PUT", target, headers=headers, content=slowly(content, arrived, go_on))
    )
    await asyncio.wait_for(arrived.wait(), 10)
    await exchange.call_ok(
        exchange.keys["security"],
        "POST",
        f"/api/v1/principals/{await exchange.find_principal(party.steward)}/suspension",
    )
    go_on.set()
    late = (await asyncio.wait_for(uploading, 10)).json()
    assert late["type"] == "/problems/principal-suspended"
    assert all(entry["type"] != "source.imported" for entry in await exchange.read_entries())


@pytest.mark.parametrize("target", ["/api/v1/me", "/api/v1/deliveries?dataset=a/b"])
async def test_a_stranger_writes_nothing_of_its_own_into_the_ledger(exchange: Exchange, target: str) -> None:
    stranger = Key()
    headers = exchange.sign(stranger, "GET", target, headers={"exchange-purpose": "talent-service"})
    answer = await exchange.send("GET", target, headers)
    assert answer.problem == "key-unknown"
    entry = (await exchange.read_entries())[answer.json["entry"]]
    assert entry["actor"] == {}
    assert "request" not in entry
    long = base64.b64encode(b"people's data " * 100).decode()
    odd = await exchange.send("GET", target, {**headers, "signature": f"sig1=:{long}:"})
    assert odd.problem == "signature-malformed"
    assert all(
        stranger.keyid not in str(entry) and long[:40] not in str(entry) for entry in await exchange.read_entries()
    )


async def test_strangers_cannot_fill_the_ledger_nor_silence_the_refusals_of_others(exchange: Exchange) -> None:
    """Beyond their allowance they are counted in one entry; requests in a known key's name have allowances of their own."""
    stranger, known = Key(), exchange.keys["operator"]
    before = len(await exchange.read_entries())
    problems = [
        (await exchange.send("GET", "/api/v1/me", exchange.sign(stranger, "GET", "/api/v1/me"))).problem
        for _ in range(2 * REFUSALS)
    ]
    assert problems == ["key-unknown"] * REFUSALS + ["too-many-refusals"] * REFUSALS
    assert len(await exchange.read_entries()) - before == REFUSALS
    forged = [await exchange.send("GET", "/api/v1/me", forge(exchange, known)) for _ in range(KEY_REFUSALS + 2)]
    assert [answer.problem for answer in forged] == ["signature-invalid"] * KEY_REFUSALS + ["too-many-refusals"] * 2
    assert forged[0].json["entry"]
    assert all("signature" in answer.headers for answer in forged)
    # The rate limit of one key does not affect another, and known participants are answered as before.
    other = await exchange.send("GET", "/api/v1/me", forge(exchange, exchange.keys["auditor"]))
    assert other.problem == "signature-invalid"
    assert (await exchange.call(known, "GET", "/api/v1/me")).status == 200
    assert (await exchange.call(known, "GET", "/api/v1/organisations/nothing")).json["entry"]
    for _ in range(2):  # the second has nothing to sum up
        await exchange.runtime[Loops][SUMMARY].tick()
    [summary] = [entry for entry in await exchange.read_entries() if entry["type"] == "requests.refused"]
    assert summary["problems"] == {"key-unknown": REFUSALS, "signature-invalid": 2}
    assert summary["actor"] == {}


async def test_what_was_counted_is_on_the_ledger_when_the_exchange_stops(settings: Settings) -> None:
    async with start_exchange(settings) as exchange:
        stranger = Key()
        for _ in range(REFUSALS + 3):
            await exchange.send("GET", "/api/v1/me", exchange.sign(stranger, "GET", "/api/v1/me"))
        assert "requests.refused" not in {entry["type"] for entry in await exchange.read_entries()}
    async with restart_exchange(settings) as exchange:
        [summary] = [entry for entry in await exchange.read_entries() if entry["type"] == "requests.refused"]
        assert summary["problems"] == {"key-unknown": 3}


async def test_all_keys_together_have_an_allowance_too(settings: Settings) -> None:
    """Public keys are on the ledger, so a stranger can name them all."""
    async with start_exchange(settings.model_copy(update={"claimed_refusals": 2})) as exchange:
        answers = [await exchange.send("GET", "/api/v1/me", forge(exchange, key)) for key in exchange.keys.values()]
        assert [answer.problem for answer in answers] == ["signature-invalid"] * 2 + ["too-many-refusals"]


def forge(exchange: Exchange, key: Key) -> dict[str, str]:
    """The headers of a request in a key's name, by somebody who does not have it."""
    headers = exchange.sign(key, "GET", "/api/v1/me")
    return headers | {"signature": exchange.sign(Key(), "GET", "/api/v1/me")["signature"]}
