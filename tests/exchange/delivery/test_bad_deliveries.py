"""Requests for data that are wrong, each with the problem it has to get."""
# ruff: noqa: E501 - a row is a line

import json
from typing import Any
from urllib.parse import quote

import pytest

import signatures
from tests.support.exchanges.exchange import Answer, Key
from tests.support.exchanges.populated import CANARY, DELIVERIES, PopulatedExchange
from tests.support.exchanges.refusals import Bad, check_refused, table

BODY = json.dumps({"dataset": "owner/people", "limit": 1}).encode()
OTHER = json.dumps({"dataset": "owner/people", "limit": 2}).encode()


async def send(
    exchange: PopulatedExchange, headers: dict[str, str], body: bytes | None = BODY, target: str = DELIVERIES
) -> Answer:
    return await exchange.send("POST" if body is not None else "GET", target, headers, body)


def signed(exchange: PopulatedExchange, *, key: Key | None = None, body: bytes = BODY, **more: Any) -> dict[str, str]:
    headers = {"content-type": "application/json", "exchange-purpose": "talent-service"}
    return exchange.sign(key or exchange.consumer.system, "POST", DELIVERIES, body=body, headers=headers, **more)


async def edited(exchange: PopulatedExchange, old: str, new: str, *, field: str = "signature-input") -> Answer:
    """A signed request with something in the signature's description replaced."""
    headers = signed(exchange)
    assert old in headers[field]
    return await send(exchange, headers | {field: headers[field].replace(old, new)})


async def unsigned(exchange: PopulatedExchange) -> Answer:
    return await send(exchange, {"content-type": "application/json", "exchange-purpose": "talent-service"})


async def other_label(exchange: PopulatedExchange) -> Answer:
    headers = signed(exchange)
    relabelled = {name: headers[name].replace("sig1=", "sig2=") for name in ("signature", "signature-input")}
    return await send(exchange, headers | relabelled)


async def half_signed(exchange: PopulatedExchange) -> Answer:
    headers = signed(exchange)
    del headers["signature"]
    return await send(exchange, headers)


async def with_times(exchange: PopulatedExchange, created: int, lifetime: int) -> Answer:
    return await send(exchange, signed(exchange, created=int(exchange.now.timestamp()) + created, lifetime=lifetime))


async def replayed(exchange: PopulatedExchange) -> Answer:
    headers = signed(exchange)
    assert (await send(exchange, headers)).status == 200
    return await send(exchange, headers)


async def replayed_refusal(exchange: PopulatedExchange) -> Answer:
    """A refusal uses its nonce up too."""
    body = json.dumps({"dataset": "owner/nothing"}).encode()
    headers = signed(exchange, body=body)
    assert (await send(exchange, headers, body)).problem == "not-found"
    return await send(exchange, headers, body)


async def altered(exchange: PopulatedExchange) -> Answer:
    return await send(exchange, signed(exchange), OTHER)


async def altered_with_digest(exchange: PopulatedExchange) -> Answer:
    return await send(exchange, signed(exchange) | {"content-digest": signatures.content_digest(OTHER)}, OTHER)


async def without_digest(exchange: PopulatedExchange) -> Answer:
    """The body's digest is sent and not signed."""
    headers = {"exchange-purpose": "talent-service"}
    covered = exchange.sign(exchange.consumer.system, "POST", DELIVERIES, headers=headers)
    return await send(exchange, covered | {"content-digest": signatures.content_digest(BODY)})


async def without_purpose(exchange: PopulatedExchange) -> Answer:
    headers = exchange.sign(exchange.consumer.system, "POST", DELIVERIES, body=BODY)
    return await send(exchange, headers | {"exchange-purpose": "talent-service"})


async def purpose_removed(exchange: PopulatedExchange) -> Answer:
    headers = signed(exchange)
    del headers["exchange-purpose"]
    return await send(exchange, headers)


async def purpose_changed(exchange: PopulatedExchange) -> Answer:
    return await send(exchange, signed(exchange) | {"exchange-purpose": "statistics"})


async def other_key(exchange: PopulatedExchange) -> Answer:
    """Sign with a stranger's key under the name of the consumer's."""
    headers = signed(exchange, key=Key())
    named = headers["signature-input"].split('keyid="')[1].split('"')[0]
    theirs = headers["signature-input"].replace(named, exchange.consumer.system.keyid)
    return await send(exchange, headers | {"signature-input": theirs})


async def elsewhere(exchange: PopulatedExchange) -> Answer:
    """A request that was signed for another exchange, sent on to this one."""
    headers = {"exchange-purpose": "talent-service", "content-digest": signatures.content_digest(BODY)}
    now = int(exchange.now.timestamp())
    key = exchange.consumer.system
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
    return await send(exchange, headers | {"host": "other.example"})


async def other_method(exchange: PopulatedExchange) -> Answer:
    headers = exchange.sign(
        exchange.consumer.system, "GET", DELIVERIES, body=BODY, headers={"exchange-purpose": "talent-service"}
    )
    return await send(exchange, headers)


async def short_nonce(exchange: PopulatedExchange) -> Answer:
    headers = signed(exchange)
    nonce = headers["signature-input"].split('nonce="')[1].split('"')[0]
    return await send(exchange, headers | {"signature-input": headers["signature-input"].replace(nonce, nonce[:8])})


async def other_query(exchange: PopulatedExchange) -> Answer:
    target = f"{DELIVERIES}?dataset=owner/people&limit=1"
    headers = exchange.sign(exchange.consumer.system, "GET", target, headers={"exchange-purpose": "talent-service"})
    return await send(exchange, headers, None, target.replace("limit=1", "limit=9"))


async def cursor_of_another_question(exchange: PopulatedExchange) -> Answer:
    page = await exchange.fetch({"limit": 2})
    return await exchange.fetch({"limit": 2, "cursor": page.json["next"], "fields": ["city"]})


async def cursor_of_another_dataset(exchange: PopulatedExchange) -> Answer:
    page = await exchange.fetch({"limit": 2})
    return await exchange.fetch({"dataset": "owner/degrees", "limit": 2, "cursor": page.json["next"]})


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
    ("a revoked key", "key-revoked", "key:revoked", lambda s: s.fetch({"limit": 1}, key=s.revoked)),
    ("a suspended system", "principal-suspended", "suspended", lambda s: s.fetch({"limit": 1}, key=s.suspended)),
)


TWINS = b'{"dataset":"owner/people","filters":[{"field":"person_id","op":"gt","value":1,"value":2}]}'
ENDLESS = b'{"dataset":"owner/people","filters":[{"field":"person_id","op":"eq","value":1e999}]}'


def is_not(op: str, value: Any, field: str = "person_id") -> dict[str, Any]:
    return {"limit": 1, "filters": [{"field": field, "op": op, "value": value}]}


QUESTIONS = table(
    ("not JSON", "request-malformed", "consumer-system", lambda s: s.fetch(b'{"dataset":')),
    ("no body", "request-malformed", "consumer-system", lambda s: s.fetch(b"")),
    ("not UTF-8", "request-malformed", "consumer-system", lambda s: s.fetch(b'{"dataset":"\xff"}')),
    ("nested without end", "request-malformed", "consumer-system", lambda s: s.fetch(b"[" * 100_000)),
    ("half a character", "request-malformed", "consumer-system", lambda s: s.fetch(b'{"dataset":"\\ud800"}')),
    ("a list", "request-invalid", "consumer-system", lambda s: s.fetch(b"[]")),
    ("an unknown member", "request-invalid", "consumer-system", lambda s: s.fetch({"columns": [CANARY]})),
    ("two members of a name", "request-malformed", "consumer-system", lambda s: s.fetch(b'{"dataset":"owner/people","limit":1,"limit":2}')),
    ("two members inside", "request-malformed", "consumer-system", lambda s: s.fetch(TWINS)),
    ("no dataset", "request-invalid", "consumer-system", lambda s: s.fetch(b"{}")),
    ("a limit of nothing", "request-invalid", "consumer-system", lambda s: s.fetch({"limit": 0})),
    ("a limit in words", "request-invalid", "consumer-system", lambda s: s.fetch({"limit": CANARY})),
    ("a limit beyond numbers", "request-invalid", "consumer-system", lambda s: s.fetch({"limit": 10**40})),
    ("a page too long", "request-invalid", "consumer-system", lambda s: s.fetch({"limit": 5001})),
    ("too many filters", "request-invalid", "consumer-system", lambda s: s.fetch({"filters": is_not("eq", 1)["filters"] * 51})),
    ("a filter's operator", "request-invalid", "consumer-system", lambda s: s.fetch(is_not(CANARY, 1))),
    ("a filter on a list of lists", "request-invalid", "consumer-system", lambda s: s.fetch(is_not("in", [[1]]))),
    ("a purpose in capitals", "request-invalid", "consumer-system", lambda s: s.fetch({}, purpose="Talent Service")),
    ("too large", "content-too-large", "consumer-system", lambda s: s.fetch(b" " * (1 << 20) + b"{}")),
    ("an image", "not-acceptable", "consumer-system", lambda s: s.fetch({"limit": 1}, accept="image/png")),
    ("nothing acceptable", "not-acceptable", "consumer-system", lambda s: s.fetch({}, accept="application/json;q=0")),
    ("no such dataset", "not-found", "consumer-system", lambda s: s.fetch({"dataset": f"owner/{CANARY}"})),
    ("an end of text", "request-invalid", "consumer-system", lambda s: s.fetch({"dataset": "owner/\0"})),
    ("another's draft", "not-found", "consumer-system", lambda s: s.fetch({"dataset": "owner/draft"})),
    ("a field that is not there", "field-unknown", "consumer-system", lambda s: s.fetch({"fields": ["born", "salary"]})),
    ("a filter on a masked field", "filter-not-granted", "consumer-system", lambda s: s.fetch(is_not("eq", CANARY, "name"))),
    ("a filter on no field", "field-unknown", "consumer-system", lambda s: s.fetch(is_not("eq", CANARY, "salary"))),
    ("a filter of another type", "filter-invalid", "consumer-system", lambda s: s.fetch(is_not("eq", CANARY))),
    ("a fraction of a whole number", "filter-invalid", "consumer-system", lambda s: s.fetch(is_not("eq", 1.5))),
    ("a number without end", "filter-invalid", "consumer-system", lambda s: s.fetch(ENDLESS)),
    ("a number too large", "filter-invalid", "consumer-system", lambda s: s.fetch(is_not("eq", 2**70))),
    ("a date that is none", "filter-invalid", "consumer-system", lambda s: s.fetch(is_not("eq", "2025-02-30", "born"))),
    ("one value for a list", "filter-invalid", "consumer-system", lambda s: s.fetch(is_not("in", 1))),
    ("a list for one value", "filter-invalid", "consumer-system", lambda s: s.fetch(is_not("eq", [1]))),
    ("too long a list", "request-invalid", "consumer-system", lambda s: s.fetch(is_not("in", list(range(1001))))),
    ("too many values in all", "request-invalid", "consumer-system", lambda s: s.fetch({"filters": is_not("in", list(range(501)))["filters"] * 2})),
    ("a prefix of a number", "filter-invalid", "consumer-system", lambda s: s.fetch(is_not("prefix", "1"))),
    ("an end of text in a filter", "filter-invalid", "consumer-system", lambda s: s.fetch(is_not("eq", "\0", "city"))),
    ("a cursor of one's own", "cursor-invalid", "consumer-system", lambda s: s.fetch({"cursor": CANARY})),
    ("a cursor that is base64", "cursor-invalid", "consumer-system", lambda s: s.fetch({"cursor": "A" * 80})),
    ("another question's cursor", "cursor-invalid", "consumer-system", cursor_of_another_question),
    ("another dataset's cursor", "cursor-invalid", "consumer-system", cursor_of_another_dataset),
    ("another purpose", "purpose-not-granted", "consumer-system", lambda s: s.fetch({}, purpose="statistics")),
    ("no agreement", "agreement-missing", "stranger-system", lambda s: s.fetch({}, key=s.stranger.system)),
    ("no role", "role-missing", "auditor", lambda s: s.fetch({}, key=s.keys["auditor"])),
    ("not admitted yet", "consumer-not-admitted", "newcomer", lambda s: s.fetch({}, key=s.newcomer.steward)),
    ("a law forbids it", "dataset-not-shared", "consumer-system", lambda s: s.fetch({"dataset": "owner/secret"})),
)  # fmt: skip

PLAIN = table(
    ("an unknown parameter", "request-invalid", "consumer-system", lambda s: s.fetch_by_query(f"dataset=owner/people&{quote(CANARY)}=1")),
    ("nothing named", "request-invalid", "consumer-system", lambda s: s.fetch_by_query("limit=1")),
    ("named twice", "request-invalid", "consumer-system", lambda s: s.fetch_by_query("dataset=owner/people&dataset=owner/degrees")),
    ("a limit below nothing", "request-invalid", "consumer-system", lambda s: s.fetch_by_query("dataset=owner/people&limit=-1")),
    ("a limit of other digits", "request-invalid", "consumer-system", lambda s: s.fetch_by_query("dataset=owner/people&limit=%D9%A3")),
    ("a filter without an operator", "request-invalid", "consumer-system", lambda s: s.fetch_by_query("dataset=owner/people&where=city")),
    ("not UTF-8 in the query", "request-malformed", "consumer-system", lambda s: s.fetch_by_query("dataset=owner/%FF")),
    ("too many parameters", "request-malformed", "consumer-system", lambda s: s.fetch_by_query("&".join(["where=a:eq:1"] * 101))),
)  # fmt: skip


@pytest.mark.parametrize("bad", SIGNATURES)
async def test_a_request_whose_sender_is_not_established(populated_exchange: PopulatedExchange, bad: Bad) -> None:
    await check_refused(populated_exchange, bad)


@pytest.mark.parametrize("bad", QUESTIONS)
async def test_a_question_that_is_not_answered(populated_exchange: PopulatedExchange, bad: Bad) -> None:
    await check_refused(populated_exchange, bad)


async def test_too_many_values_are_said_of_the_filters(populated_exchange: PopulatedExchange) -> None:
    few = is_not("in", list(range(500)))["filters"]
    assert (await populated_exchange.fetch({"limit": 1, "filters": few * 2})).status == 200
    answer = await populated_exchange.fetch({"limit": 1, "filters": [*few * 2, *is_not("gt", 0)["filters"]]})
    words = "the filters have 1001 values in all, and may have 1000: ask several times"
    assert answer.json["errors"] == [{"at": "body/filters", "error": words}]


@pytest.mark.parametrize("bad", PLAIN)
async def test_a_plain_question_that_is_not_answered(populated_exchange: PopulatedExchange, bad: Bad) -> None:
    await check_refused(populated_exchange, bad)
