"""Requests for data that are wrong, each with the problem it has to get."""
# ruff: noqa: E501 - a row is a line

import json
from typing import Any
from urllib.parse import quote

import pytest

import signatures
from tests.support.refusals import Bad, check_refused, table
from tests.support.scene import CANARY, DELIVERIES, Scene
from tests.support.world import Answer, Key

BODY = json.dumps({"dataset": "owner/people", "limit": 1}).encode()
OTHER = json.dumps({"dataset": "owner/people", "limit": 2}).encode()


async def send(scene: Scene, headers: dict[str, str], body: bytes | None = BODY, target: str = DELIVERIES) -> Answer:
    return await scene.world.send("POST" if body is not None else "GET", target, headers, body)


def signed(scene: Scene, *, key: Key | None = None, body: bytes = BODY, **more: Any) -> dict[str, str]:
    headers = {"content-type": "application/json", "exchange-purpose": "talent-service"}
    return scene.world.signed(key or scene.consumer.system, "POST", DELIVERIES, body=body, headers=headers, **more)


async def edited(scene: Scene, old: str, new: str, *, field: str = "signature-input") -> Answer:
    """A signed request with something in the signature's description replaced."""
    headers = signed(scene)
    assert old in headers[field]
    return await send(scene, headers | {field: headers[field].replace(old, new)})


async def unsigned(scene: Scene) -> Answer:
    return await send(scene, {"content-type": "application/json", "exchange-purpose": "talent-service"})


async def other_label(scene: Scene) -> Answer:
    headers = signed(scene)
    relabelled = {name: headers[name].replace("sig1=", "sig2=") for name in ("signature", "signature-input")}
    return await send(scene, headers | relabelled)


async def half_signed(scene: Scene) -> Answer:
    headers = signed(scene)
    del headers["signature"]
    return await send(scene, headers)


async def with_times(scene: Scene, created: int, lifetime: int) -> Answer:
    return await send(scene, signed(scene, created=int(scene.world.now.timestamp()) + created, lifetime=lifetime))


async def replayed(scene: Scene) -> Answer:
    headers = signed(scene)
    assert (await send(scene, headers)).status == 200
    return await send(scene, headers)


async def replayed_refusal(scene: Scene) -> Answer:
    """A refusal uses its nonce up too."""
    body = json.dumps({"dataset": "owner/nothing"}).encode()
    headers = signed(scene, body=body)
    assert (await send(scene, headers, body)).problem == "not-found"
    return await send(scene, headers, body)


async def altered(scene: Scene) -> Answer:
    return await send(scene, signed(scene), OTHER)


async def altered_with_digest(scene: Scene) -> Answer:
    return await send(scene, signed(scene) | {"content-digest": signatures.content_digest(OTHER)}, OTHER)


async def without_digest(scene: Scene) -> Answer:
    """The body's digest is sent and not signed."""
    headers = {"exchange-purpose": "talent-service"}
    covered = scene.world.signed(scene.consumer.system, "POST", DELIVERIES, headers=headers)
    return await send(scene, covered | {"content-digest": signatures.content_digest(BODY)})


async def without_purpose(scene: Scene) -> Answer:
    headers = scene.world.signed(scene.consumer.system, "POST", DELIVERIES, body=BODY)
    return await send(scene, headers | {"exchange-purpose": "talent-service"})


async def purpose_removed(scene: Scene) -> Answer:
    headers = signed(scene)
    del headers["exchange-purpose"]
    return await send(scene, headers)


async def purpose_changed(scene: Scene) -> Answer:
    return await send(scene, signed(scene) | {"exchange-purpose": "statistics"})


async def other_key(scene: Scene) -> Answer:
    """Somebody signs with a key of their own and names the consumer's."""
    headers = signed(scene, key=Key())
    named = headers["signature-input"].split('keyid="')[1].split('"')[0]
    theirs = headers["signature-input"].replace(named, scene.consumer.system.keyid)
    return await send(scene, headers | {"signature-input": theirs})


async def elsewhere(scene: Scene) -> Answer:
    """A request that was signed for another exchange, sent on to this one."""
    headers = {"exchange-purpose": "talent-service", "content-digest": signatures.content_digest(BODY)}
    now = int(scene.world.now.timestamp())
    key = scene.consumer.system
    headers |= signatures.sign_request(
        key=key.pair,
        keyid=key.keyid,
        method="POST",
        target_uri="https://other.example" + DELIVERIES,
        headers=headers,
        created=now,
        expires=now + 60,
        nonce=signatures.new_nonce(),
    )
    return await send(scene, headers | {"host": "other.example"})


async def other_method(scene: Scene) -> Answer:
    headers = scene.world.signed(
        scene.consumer.system, "GET", DELIVERIES, body=BODY, headers={"exchange-purpose": "talent-service"}
    )
    return await send(scene, headers)


async def short_nonce(scene: Scene) -> Answer:
    headers = signed(scene)
    nonce = headers["signature-input"].split('nonce="')[1].split('"')[0]
    return await send(scene, headers | {"signature-input": headers["signature-input"].replace(nonce, nonce[:8])})


async def other_query(scene: Scene) -> Answer:
    target = f"{DELIVERIES}?dataset=owner/people&limit=1"
    headers = scene.world.signed(scene.consumer.system, "GET", target, headers={"exchange-purpose": "talent-service"})
    return await send(scene, headers, None, target.replace("limit=1", "limit=9"))


async def cursor_of_another_question(scene: Scene) -> Answer:
    page = await scene.ask({"limit": 2})
    return await scene.ask({"limit": 2, "cursor": page.json["next"], "fields": ["city"]})


async def cursor_of_another_dataset(scene: Scene) -> Answer:
    page = await scene.ask({"limit": 2})
    return await scene.ask({"dataset": "owner/degrees", "limit": 2, "cursor": page.json["next"]})


SIGNATURES = table(
    ("unsigned", "signature-missing", None, unsigned),
    ("another label", "signature-missing", "nobody", other_label),
    ("no signature to its description", "signature-missing", "nobody", half_signed),
    ("not a dictionary", "signature-malformed", "nobody", lambda s: edited(s, "sig1=(", "sig1=((")),
    ("described twice", "signature-malformed", "nobody", lambda s: edited(s, "sig1=(", "sig1=(), sig1=(")),
    ("another algorithm", "signature-malformed", "nobody", lambda s: edited(s, '"ed25519"', '"hmac-sha256"')),
    ("another tag", "signature-malformed", "nobody", lambda s: edited(s, '"data-exchange"', '"another"')),
    ("a short nonce", "signature-malformed", "nobody", short_nonce),
    ("a component twice", "signature-malformed", "nobody", lambda s: edited(s, '"@method"', '"@method" "@method"')),
    ("not base64", "signature-malformed", "nobody", lambda s: edited(s, "sig1=:", "sig1=:!", field="signature")),
    ("URI not covered", "signature-incomplete", "nobody", lambda s: edited(s, '"@target-uri" ', "")),
    ("a header that is not there", "signature-incomplete", "nobody", lambda s: edited(s, '"@method"', '"@method" "x"')),
    ("digest not covered", "signature-incomplete", "key:consumer-system", without_digest),
    ("purpose not covered", "signature-incomplete", "key:consumer-system", without_purpose),
    ("purpose removed", "signature-incomplete", "nobody", purpose_removed),
    ("expired", "signature-expired", "key:consumer-system", lambda s: with_times(s, -61, 60)),
    ("living too long", "signature-expired", "key:consumer-system", lambda s: with_times(s, 0, 301)),
    ("expired before it was made", "signature-expired", "key:consumer-system", lambda s: with_times(s, 0, -5)),
    ("made in the future", "clock-skewed", "key:consumer-system", lambda s: with_times(s, 40, 60)),
    ("purpose changed", "signature-invalid", "key:consumer-system", purpose_changed),
    ("body and digest changed", "signature-invalid", "key:consumer-system", altered_with_digest),
    ("another's key", "signature-invalid", "key:consumer-system", other_key),
    ("signed for elsewhere", "signature-invalid", "key:consumer-system", elsewhere),
    ("signed for another method", "signature-invalid", "key:consumer-system", other_method),
    ("signed for another query", "signature-invalid", "key:consumer-system", other_query),
    ("body changed", "digest-mismatch", "consumer-system", altered),
    ("replayed", "nonce-reused", "consumer-system", replayed),
    ("replayed refusal", "nonce-reused", "consumer-system", replayed_refusal),
    ("a revoked key", "key-revoked", "key:revoked", lambda s: s.ask({"limit": 1}, key=s.revoked)),
    ("a suspended system", "principal-suspended", "suspended", lambda s: s.ask({"limit": 1}, key=s.suspended)),
)


TWINS = b'{"dataset":"owner/people","filters":[{"field":"person_id","op":"gt","value":1,"value":2}]}'
ENDLESS = b'{"dataset":"owner/people","filters":[{"field":"person_id","op":"eq","value":1e999}]}'


def is_not(op: str, value: Any, field: str = "person_id") -> dict[str, Any]:
    return {"limit": 1, "filters": [{"field": field, "op": op, "value": value}]}


QUESTIONS = table(
    ("not JSON", "request-malformed", "consumer-system", lambda s: s.ask(b'{"dataset":')),
    ("no body", "request-malformed", "consumer-system", lambda s: s.ask(b"")),
    ("not UTF-8", "request-malformed", "consumer-system", lambda s: s.ask(b'{"dataset":"\xff"}')),
    ("nested without end", "request-malformed", "consumer-system", lambda s: s.ask(b"[" * 100_000)),
    ("half a character", "request-malformed", "consumer-system", lambda s: s.ask(b'{"dataset":"\\ud800"}')),
    ("a list", "request-invalid", "consumer-system", lambda s: s.ask(b"[]")),
    ("an unknown member", "request-invalid", "consumer-system", lambda s: s.ask({"columns": [CANARY]})),
    ("two members of a name", "request-malformed", "consumer-system", lambda s: s.ask(b'{"dataset":"owner/people","limit":1,"limit":2}')),
    ("two members inside", "request-malformed", "consumer-system", lambda s: s.ask(TWINS)),
    ("no dataset", "request-invalid", "consumer-system", lambda s: s.ask(b"{}")),
    ("a limit of nothing", "request-invalid", "consumer-system", lambda s: s.ask({"limit": 0})),
    ("a limit in words", "request-invalid", "consumer-system", lambda s: s.ask({"limit": CANARY})),
    ("a limit beyond numbers", "request-invalid", "consumer-system", lambda s: s.ask({"limit": 10**40})),
    ("a page too long", "request-invalid", "consumer-system", lambda s: s.ask({"limit": 5001})),
    ("too many filters", "request-invalid", "consumer-system", lambda s: s.ask({"filters": is_not("eq", 1)["filters"] * 51})),
    ("a filter's operator", "request-invalid", "consumer-system", lambda s: s.ask(is_not(CANARY, 1))),
    ("a filter on a list of lists", "request-invalid", "consumer-system", lambda s: s.ask(is_not("in", [[1]]))),
    ("a purpose in capitals", "request-invalid", "consumer-system", lambda s: s.ask({}, purpose="Talent Service")),
    ("too large", "content-too-large", "key:consumer-system", lambda s: s.ask(b" " * (1 << 20) + b"{}")),
    ("an image", "not-acceptable", "consumer-system", lambda s: s.ask({"limit": 1}, accept="image/png")),
    ("nothing acceptable", "not-acceptable", "consumer-system", lambda s: s.ask({}, accept="application/json;q=0")),
    ("no such dataset", "not-found", "consumer-system", lambda s: s.ask({"dataset": f"owner/{CANARY}"})),
    ("an end of text", "request-invalid", "consumer-system", lambda s: s.ask({"dataset": "owner/\0"})),
    ("another's draft", "not-found", "consumer-system", lambda s: s.ask({"dataset": "owner/draft"})),
    ("a field that is not there", "field-not-granted", "consumer-system", lambda s: s.ask({"fields": ["born", "salary"]})),
    ("a filter on a masked field", "filter-not-granted", "consumer-system", lambda s: s.ask(is_not("eq", CANARY, "name"))),
    ("a filter on no field", "filter-not-granted", "consumer-system", lambda s: s.ask(is_not("eq", CANARY, "salary"))),
    ("a filter of another type", "filter-invalid", "consumer-system", lambda s: s.ask(is_not("eq", CANARY))),
    ("a fraction of a whole number", "filter-invalid", "consumer-system", lambda s: s.ask(is_not("eq", 1.5))),
    ("a number without end", "filter-invalid", "consumer-system", lambda s: s.ask(ENDLESS)),
    ("a number too large", "filter-invalid", "consumer-system", lambda s: s.ask(is_not("eq", 2**70))),
    ("a date that is none", "filter-invalid", "consumer-system", lambda s: s.ask(is_not("eq", "2025-02-30", "born"))),
    ("one value for a list", "filter-invalid", "consumer-system", lambda s: s.ask(is_not("in", 1))),
    ("a list for one value", "filter-invalid", "consumer-system", lambda s: s.ask(is_not("eq", [1]))),
    ("too long a list", "request-invalid", "consumer-system", lambda s: s.ask(is_not("in", list(range(1001))))),
    ("too many values in all", "request-invalid", "consumer-system", lambda s: s.ask({"filters": is_not("in", list(range(501)))["filters"] * 2})),
    ("a prefix of a number", "filter-invalid", "consumer-system", lambda s: s.ask(is_not("prefix", "1"))),
    ("an end of text in a filter", "filter-invalid", "consumer-system", lambda s: s.ask(is_not("eq", "\0", "city"))),
    ("a cursor of one's own", "cursor-invalid", "consumer-system", lambda s: s.ask({"cursor": CANARY})),
    ("a cursor that is base64", "cursor-invalid", "consumer-system", lambda s: s.ask({"cursor": "A" * 80})),
    ("another question's cursor", "cursor-invalid", "consumer-system", cursor_of_another_question),
    ("another dataset's cursor", "cursor-invalid", "consumer-system", cursor_of_another_dataset),
    ("another purpose", "purpose-not-granted", "consumer-system", lambda s: s.ask({}, purpose="statistics")),
    ("no agreement", "agreement-missing", "stranger-system", lambda s: s.ask({}, key=s.stranger.system)),
    ("no role", "role-missing", "auditor", lambda s: s.ask({}, key=s.world.keys["auditor"])),
    ("not admitted yet", "consumer-not-admitted", "newcomer", lambda s: s.ask({}, key=s.newcomer.steward)),
    ("a law forbids it", "dataset-not-shared", "consumer-system", lambda s: s.ask({"dataset": "owner/secret"})),
)  # fmt: skip

PLAIN = table(
    ("an unknown parameter", "request-invalid", "consumer-system", lambda s: s.look(f"dataset=owner/people&{quote(CANARY)}=1")),
    ("nothing named", "request-invalid", "consumer-system", lambda s: s.look("limit=1")),
    ("named twice", "request-invalid", "consumer-system", lambda s: s.look("dataset=owner/people&dataset=owner/degrees")),
    ("a limit below nothing", "request-invalid", "consumer-system", lambda s: s.look("dataset=owner/people&limit=-1")),
    ("a limit of other digits", "request-invalid", "consumer-system", lambda s: s.look("dataset=owner/people&limit=%D9%A3")),
    ("a filter without an operator", "request-invalid", "consumer-system", lambda s: s.look("dataset=owner/people&where=city")),
    ("not UTF-8 in the query", "request-malformed", "consumer-system", lambda s: s.look("dataset=owner/%FF")),
    ("too many parameters", "request-malformed", "consumer-system", lambda s: s.look("&".join(["where=a:eq:1"] * 101))),
)  # fmt: skip


@pytest.mark.parametrize("bad", SIGNATURES)
async def test_a_request_whose_sender_is_not_established(scene: Scene, bad: Bad) -> None:
    await check_refused(scene, bad)


@pytest.mark.parametrize("bad", QUESTIONS)
async def test_a_question_that_is_not_answered(scene: Scene, bad: Bad) -> None:
    await check_refused(scene, bad)


async def test_too_many_values_are_said_of_the_filters(scene: Scene) -> None:
    few = is_not("in", list(range(500)))["filters"]
    assert (await scene.ask({"limit": 1, "filters": few * 2})).status == 200
    answer = await scene.ask({"limit": 1, "filters": [*few * 2, *is_not("gt", 0)["filters"]]})
    words = "the filters have 1001 values in all, and may have 1000: ask several times"
    assert answer.json["errors"] == [{"at": "body/filters", "error": words}]


@pytest.mark.parametrize("bad", PLAIN)
async def test_a_plain_question_that_is_not_answered(scene: Scene, bad: Bad) -> None:
    await check_refused(scene, bad)
