"""Keys are registered only where their holder agrees, in a number that has a limit, and listed in pages."""

import pytest

import signatures
from exchange.participants.keys import VALID_MAX
from tests.support.exchanges.exchange import Exchange, Key, registration_of


async def test_nobody_registers_the_key_of_another_organisation_first(exchange: Exchange) -> None:
    """Nobody registers a public key that they merely know: its holder's signatures never count for another organisation."""
    victim, thief = await exchange.admit("victim"), await exchange.admit("thief")
    key = Key()
    proof = exchange.registration(key, "victim", "second")
    system = {"kind": "system", "handle": "second", "title": "Second"}
    for members in (
        {"public_key": key.public},
        {"public_key": key.public, "proof": exchange.registration(Key(), "thief", "second")["proof"]},
        proof,
    ):
        target = f"/api/v1/organisations/{thief.id}/principals"
        refused = await exchange.call(thief.steward, "POST", target, system | members)
        assert refused.problem in {"request-invalid", "possession-not-proven"}
        assert any("proof" in fault["at"] for fault in refused.json["errors"])
    await exchange.call_ok(victim.steward, "POST", f"/api/v1/organisations/{victim.id}/principals", system | proof)
    assert (await exchange.call_ok(key, "GET", "/api/v1/me"))["organisation"]["handle"] == "victim"


async def test_a_key_is_taken_once(exchange: Exchange) -> None:
    party = await exchange.admit("education")
    target = f"/api/v1/organisations/{party.id}/principals"
    registration = {"kind": "system", "handle": "second", "title": "Second"}
    refused = await exchange.call(
        party.steward, "POST", target, registration | exchange.registration(party.system, "education", "second")
    )
    assert (refused.problem, "public_key" in refused.json["detail"]) == ("conflict", True)
    handle = {"kind": "system", "handle": "service", "title": "Second"}
    refused = await exchange.call(
        party.steward, "POST", target, handle | exchange.registration(Key(), "education", "service")
    )
    assert (refused.problem, "handle" in refused.json["detail"]) == ("conflict", True)


async def test_a_loopback_has_two_names_in_a_proof_as_in_a_signature(exchange: Exchange) -> None:
    party = await exchange.admit("education")
    local = registration_of(Key(), "education", "second", url=exchange.url.replace("localhost", "127.0.0.1"))
    system = {"kind": "system", "handle": "second", "title": "Second", **local}
    enrolled = await exchange.call_ok(party.steward, "POST", f"/api/v1/organisations/{party.id}/principals", system)
    assert enrolled["state"] == "active"


async def test_valid_keys_have_a_limit_and_are_listed_in_pages(exchange: Exchange) -> None:
    party = await exchange.admit("education")
    target = f"/api/v1/principals/{party.system_id}/keys"
    fresh = [Key() for _ in range(VALID_MAX - 1)]
    for key in fresh:
        await exchange.call_ok(party.steward, "POST", target, exchange.registration(key, "education", "service"))
    further = exchange.registration(Key(), "education", "service")
    refused = await exchange.call(party.steward, "POST", target, further)
    assert (refused.problem, str(VALID_MAX) in refused.json["detail"]) == ("conflict", True)
    at_once = further | {"supersedes": fresh[0].keyid, "overlap_seconds": 0}
    await exchange.call_ok(party.steward, "POST", target, at_once)
    await exchange.call_ok(party.steward, "POST", f"{target}/{fresh[1].keyid}/revocation")
    await exchange.call_ok(party.steward, "POST", target, exchange.registration(Key(), "education", "service"))

    whole = [key["id"] for key in await exchange.call_ok(party.steward, "GET", target)]
    listed: list[str] = []
    while page := await exchange.call_ok(
        party.steward, "GET", f"{target}?limit=5" + (f"&after={listed[-1]}" if listed else "")
    ):
        listed += [key["id"] for key in page]
    assert listed == whole
    assert len(whole) == VALID_MAX + 2


def test_a_registration_is_six_lines_and_nothing_else() -> None:
    """A line break in a part would let one registration be read as another."""
    key = Key()
    public = bytes(key.signing.verify_key)
    text = signatures.Registration("https://a.example", "o", "p", public, 7).text
    assert text.decode().splitlines() == [
        "data-exchange/key-registration/v1",
        "exchange https://a.example",
        "organisation o",
        "principal p",
        f"key {key.public}",
        "expires 7",
    ]
    with pytest.raises(ValueError, match="line breaks"):
        _ = signatures.Registration("https://a.example", "o\nprincipal q", "p", public, 7).text
