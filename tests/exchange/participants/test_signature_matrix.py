"""Ambiguous signatures: the exchange accepts exactly what was signed, or refuses."""

import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Literal, TypeAlias

import pytest

from tests.support.exchanges.exchange import URL, Key
from tests.support.exchanges.odd_requests import (
    BODY,
    COVERED,
    DELIVERIES,
    ME,
    PARAMETERS,
    Fields,
    digest,
    get,
    head,
    nonce,
    post,
    replies,
    sign,
)
from tests.support.exchanges.populated import PopulatedExchange
from tests.support.processes.strict_server import served

Expected: TypeAlias = Literal["accept", "refuse", "either"]
Variant: TypeAlias = tuple[str, bytes, Expected]
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group of Ed25519
TRIED = 167


@pytest.fixture
async def port(populated_exchange: PopulatedExchange) -> AsyncIterator[int]:
    async with served(populated_exchange.app) as opened:
        yield opened


def edit(fields: Fields, name: str, change: Callable[[str], str]) -> Fields:
    return [(field, change(value) if field == name else value) for field, value in fields]


def both(fields: Fields, change: Callable[[str], str]) -> Fields:
    return edit(edit(fields, "Signature-Input", change), "Signature", change)


def of(fields: Fields, name: str) -> str:
    return dict(fields)[name]


def labels(key: Key, other: Key) -> Iterator[Variant]:
    theirs = [field for field in sign(other) if field[0].startswith("Signature")]
    extended = edit(sign(key), "Signature-Input", lambda v: v + ', sig2=("@method");keyid="x"')
    yield "good", post(sign(key)), "accept"
    yield "good GET", get(sign(key, method="GET", path=ME, body=None, purpose=None)), "accept"
    yield "sig1 twice in one field", post(both(sign(key), lambda v: f"{v}, {v}")), "refuse"
    yield "sig1 twice over two lines", post(sign(key) + theirs), "refuse"
    yield "sig1 twice, the other key's first", post(theirs + sign(key)), "refuse"
    yield "sig1 twice in Signature", post([*sign(key), theirs[1]]), "refuse"
    yield "sig1 twice in Signature-Input", post([*sign(key), theirs[0]]), "refuse"
    yield "SIG1", post(sign(key, label="SIG1")), "refuse"
    yield "sig2 alone", post(sign(key, label="sig2")), "refuse"
    yield "sig1 and sig2", post(edit(extended, "Signature", lambda v: v + ", sig2=:AAAA:")), "accept"
    yield "sig2 without a value", post(extended), "refuse"
    yield "a boolean", post(edit(sign(key), "Signature", lambda _: "sig1")), "refuse"
    yield "empty", post(edit(sign(key), "Signature", lambda _: "sig1=::")), "refuse"
    yield "none", post([field for field in sign(key) if not field[0].startswith("Signature")]), "refuse"
    yield "without an input", post([field for field in sign(key) if field[0] != "Signature-Input"]), "refuse"
    yield "without a value", post([field for field in sign(key) if field[0] != "Signature"]), "refuse"
    yield "a trailing comma", post(edit(sign(key), "Signature", lambda v: v + ",")), "refuse"
    yield "a trailing comma of the input", post(edit(sign(key), "Signature-Input", lambda v: v + ",")), "refuse"
    yield "an input of 17 KiB", post(edit(sign(key), "Signature-Input", lambda v: f"{v}, z=({' ' * 17_000})")), "refuse"
    yield "a parameter of the value", post(edit(sign(key), "Signature", lambda v: v + ";a=1")), "either"
    yield "a space in base64", post(edit(sign(key), "Signature", lambda v: v[:20] + " " + v[20:])), "refuse"


def parameters(key: Key, other: Key) -> Iterator[Variant]:
    std = PARAMETERS
    written = {
        "keyid twice": std.replace(";keyid=", f';keyid="{other.keyid}";keyid='),
        "created twice": std.replace(";created=", ";created=1;created="),
        "expires twice": std.replace(";nonce=", ";expires=99999999999;nonce="),
        "nonce twice": std.replace(";keyid=", ';nonce="AAAAAAAAAAAAAAAAAAAAAAAA";keyid='),
        "no nonce": std.replace(';nonce="{nonce}"', ""),
        "no expires": std.replace(";expires={expires}", ""),
        "no created": std.replace(";created={created}", ""),
        "no alg": std.replace(';alg="ed25519"', ""),
        "alg hmac-sha256": std.replace("ed25519", "hmac-sha256"),
        "alg none": std.replace("ed25519", "none"),
        "alg Ed25519": std.replace("ed25519", "Ed25519"),
        "another tag": std.replace("data-exchange", "x"),
        "no tag": std.replace(';tag="data-exchange"', ""),
        "an unknown parameter": std + ";x=1",
        "an unknown flag": std + ";x",
        "created as a decimal": std.replace("{created}", "{created}.0"),
        "created as a string": std.replace("{created}", '"{created}"'),
        "created as a date": std.replace("{created}", "@{created}"),
        "created with zeros before": std.replace("{created}", "00{created}"),
        "created negative": std.replace("{created}", "-1"),
        "expires of 15 digits": std.replace("{expires}", "999999999999999"),
        "expires of 16 digits": std.replace("{expires}", "9999999999999999"),
        "expires a flag": std.replace("={expires}", ""),
        "keyid a token": std.replace('"{keyid}"', "{keyid}"),
        "keyid bytes": std.replace('"{keyid}"', ":AAAA:"),
        "keyid with a space": std.replace("{keyid}", "{keyid} "),
        "keyid in capitals": std.replace("{keyid}", key.keyid.upper()),
        "keyid with a quote": std.replace("{keyid}", '{keyid}\\"'),
        "a short nonce": std.replace("{nonce}", "A" * 21),
        "a long nonce": std.replace("{nonce}", "A" * 129),
        "a padded nonce": std.replace("{nonce}", "{nonce}="),
        "Created": std.replace("created=", "Created="),
    }
    for name, text in written.items():
        yield f"parameters: {name}", post(sign(key, parameters=text)), "refuse"
    reordered = ';tag="data-exchange";alg="ed25519";keyid="{keyid}";nonce="{nonce}";expires={expires};created={created}'
    yield "parameters: in another order", post(sign(key, parameters=reordered)), "accept"
    yield "parameters: with spaces", post(sign(key, parameters=std.replace(";", "; "))), "either"


def times(key: Key, now: int) -> Iterator[Variant]:
    rows: tuple[tuple[str, int, int, Expected], ...] = (
        ("expired", now - 61, 60, "refuse"),
        ("expires now", now - 60, 60, "refuse"),
        ("valid for 301 seconds", now, 301, "refuse"),
        ("valid for 300 seconds", now, 300, "accept"),
        ("valid for no time", now, 0, "refuse"),
        ("ends before it begins", now, -5, "refuse"),
        ("ahead by 25 seconds", now + 25, 60, "accept"),
        ("ahead by 45 seconds", now + 45, 60, "refuse"),
        ("of 1970", 0, 60, "refuse"),
        ("about to end", now - 280, 300, "accept"),
    )
    for name, created, lifetime, expected in rows:
        yield f"times: {name}", post(sign(key, created=created, lifetime=lifetime)), expected


def components(key: Key) -> Iterator[Variant]:
    names = list(COVERED)
    lists: dict[str, list[str]] = {
        "no method": names[1:],
        "no target": [names[0], *names[2:]],
        "no digest": [*names[:2], names[3]],
        "no purpose": names[:3],
        "the method twice": ["@method", *names],
        "none": [],
    }
    for name, covered in lists.items():
        yield f"components: {name}", post(sign(key, components=covered)), "refuse"
    instead = digest(BODY)
    in_bytes = base64.b64encode(instead.encode()).decode()
    values = {
        '"content-digest";sf': instead,
        '"content-digest";key="sha-256"': instead.partition("=")[2],
        '"content-digest";bs': f":{in_bytes}:",
        '"content-digest";tr': instead,
        '"exchange-purpose";bs': ":" + base64.b64encode(b"talent-service").decode() + ":",
        '"@method";req': "POST",
        '"content-digest";x': instead,
    }
    for written, value in values.items():
        covered = [name for name in names if name not in written] + [written]
        yield f"components: only {written}", post(sign(key, components=covered, values={written: value})), "refuse"
    upper = ["@method", "@target-uri", "Content-Digest", "exchange-purpose"]
    yield "components: Content-Digest", post(sign(key, components=upper, values={"Content-Digest": instead})), "refuse"
    upper = ["@Method", *names[1:]]
    yield "components: @Method", post(sign(key, components=upper, values={"@Method": "POST"})), "refuse"
    for name, value in (("@path", DELIVERIES), ("@request-target", DELIVERIES)):
        covered = ["@method", name, *names[2:]]
        yield f"components: {name} for the target", post(sign(key, components=covered, values={name: value})), "refuse"
    authority = sign(key, components=[*names, "@authority"], values={"@authority": "localhost:8000"})
    yield "components: the authority too", post(authority), "accept"
    for written, value in (
        ('"@query-param";name="a"', "b"),
        ("@status", "200"),
        ("signature", "sig1=:AAAA:"),
        ('"a\\nb"', "x"),
        ("@unknown", "x"),
        ("not-there", "x"),
    ):
        yield f"components: {written}", post(sign(key, components=[*names, written], values={written: value})), "refuse"
    for count, expected in ((61, "refuse"), (60, "accept")):
        more = [(f"x{number}", "1") for number in range(count)]
        covered = names + [name for name, _ in more]
        signed = sign(key, components=covered, more=more)
        yield f"components: {count + 4}", post(signed), "accept" if expected == "accept" else "refuse"


def fields(key: Key) -> Iterator[Variant]:
    def purpose(change: Callable[[str], str]) -> Fields:
        return edit(sign(key), "Exchange-Purpose", change)

    twice = sign(key, values={"exchange-purpose": "talent-service, statistics"})
    yield "purpose: changed", post(purpose(lambda _: "statistics")), "refuse"
    yield "purpose: twice", post([*sign(key), ("Exchange-Purpose", "statistics")]), "refuse"
    yield "purpose: twice, signed so", post([*twice, ("Exchange-Purpose", "statistics")]), "refuse"
    yield "purpose: after a tab", post(purpose(lambda v: "\t" + v)), "either"
    yield "purpose: folded before", post(purpose(lambda v: "\r\n " + v)), "refuse"
    yield "purpose: folded after", post(purpose(lambda v: v + "\r\n x")), "refuse"
    yield "purpose: a bare CR", post(purpose(lambda v: v + "\rX: y")), "refuse"
    yield "purpose: a bare LF", post(purpose(lambda v: v + "\nX: y")), "either"
    yield "purpose: a NUL", post(purpose(lambda v: v + "\0")), "refuse"
    yield (
        "purpose: a space before the colon",
        post([(name + " " if name == "Exchange-Purpose" else name, value) for name, value in sign(key)]),
        "refuse",
    )


def digests(key: Key) -> Iterator[Variant]:
    right, wrong, other = digest(BODY), digest(b"other"), digest(BODY, "sha512")
    stray = right[:-3] + chr(ord(right[-3]) + 1) + "=:"
    sent: dict[str, tuple[str, Expected]] = {
        "wrong": (wrong, "refuse"),
        "SHA-512 alone": (other, "refuse"),
        "SHA-512 right and SHA-256 wrong": (f"{other}, {wrong}", "refuse"),
        "SHA-256 wrong and SHA-512 right": (f"{wrong}, {other}", "refuse"),
        "SHA-256 right and SHA-512 wrong": (f"{right}, {digest(b'other', 'sha512')}", "either"),
        "wrong, right": (f"{wrong}, {right}", "refuse"),
        "right, wrong": (f"{right}, {wrong}", "refuse"),
        "SHA-256 in capitals": (right[:8].upper() + right[8:], "refuse"),
        "a parameter": (right + ";a=1", "either"),
        "stray bits": (stray, "refuse"),
        "no padding": (right[:-2] + ":", "refuse"),
        "a hex token": ("sha-256=" + hashlib.sha256(BODY).hexdigest(), "refuse"),
        "empty": ("", "refuse"),
    }
    for name, (field, expected) in sent.items():
        yield f"digest: {name}", post(sign(key, content_digest=field)), expected
    joined = sign(key, values={"content-digest": f"{right}, {wrong}"})
    yield "digest: two lines, signed joined", post([*joined, ("Content-Digest", wrong)]), "refuse"
    yield "body: changed", post(sign(key), BODY.replace(b"1", b"9")), "refuse"
    yield "body: a byte more", post(sign(key), BODY + b" "), "refuse"
    yield "body: a byte less", post(sign(key), BODY[:-1]), "refuse"
    yield "body: empty", post(sign(key), b""), "refuse"
    yield "body: not signed", post(sign(key, body=None)), "refuse"


def targets(key: Key) -> Iterator[Variant]:
    for sent in (
        "/api/v1/deliveries/", "/api/v1/deliveries?x=1", "/api/v1/deliveries?", "/api/v1/deliver%69es",
        "/api/v1/./deliveries", "/api/v1/x/../deliveries", "//api/v1/deliveries", "/API/v1/deliveries",
        "/api/v1/deliveries#x", "/api/v1/deliveries;a=b", "/api/v1%2fdeliveries", "/api/v1/deliveries%20",
    ):  # fmt: skip
        yield f"target: sent as {sent}", post(sign(key), path=sent), "refuse"
    for sent in (URL + DELIVERIES, "http://evil.example/api/v1/deliveries"):
        yield f"target: absolute, {sent}", post(sign(key), path=sent), "either"
    for alike in ("/api/v1/deliver%69es", "/api/v1/./deliveries", "/api/v1/deliveries?", "//api/v1/deliveries"):
        yield f"target: signed and sent as {alike}", post(sign(key, path=alike), path=alike), "either"
    query = "?dataset=owner/people&limit=1"
    plain = sign(key, method="GET", path=DELIVERIES + query, body=None)
    yield "target: a query", get(plain, DELIVERIES + query), "accept"
    yield "target: a query in another order", get(plain, DELIVERIES + "?limit=1&dataset=owner/people"), "refuse"
    where = DELIVERIES + query + "&where=name:eq:A{}B"
    spaced = sign(key, method="GET", path=where.format("+"), body=None)
    yield "target: + for %20", get(spaced, where.format("%20")), "refuse"
    elsewhere = sign(key, target="http://evil.example" + DELIVERIES)
    yield "target: signed for another host", post(elsewhere, host="evil.example"), "refuse"
    yield "target: sent to another host", post(sign(key), host="evil.example"), "either"
    yield "target: https", post(sign(key, target="https" + URL[4:] + DELIVERIES)), "refuse"
    local = sign(key, target="http://127.0.0.1:8000" + DELIVERIES)
    yield "target: the loopback's other name", post(local, host="127.0.0.1:8000"), "either"
    yield "target: two hosts", post([*sign(key), ("Host", "evil.example")]), "refuse"
    yield "target: one host twice", post([*sign(key), ("Host", "localhost:8000")]), "refuse"
    yield "target: no host", post(sign(key)).replace(b"Host: localhost:8000\r\n", b""), "refuse"


def methods(key: Key) -> Iterator[Variant]:
    query = DELIVERIES + "?dataset=owner/people"
    yield "method: GET, signed POST", get(sign(key, path=query, body=None), query), "refuse"
    for method in ("get", "HEAD", "Get", "PUT", "DELETE", "OPTIONS"):
        signed = sign(key, method=method, path=ME, body=None, purpose=None)
        yield f"method: {method}", get(signed, method=method), "refuse"
    read = sign(key, method="GET", path=ME, body=None, purpose=None)
    yield "method: HEAD, signed GET", get(read, method="HEAD"), "refuse"
    override = [*sign(key, path=ME, body=None, purpose=None), ("X-HTTP-Method-Override", "GET")]
    yield "method: overridden", head("POST", ME, [*override, ("Connection", "close")], length=0), "refuse"


def keys(key: Key, other: Key, populated: PopulatedExchange) -> Iterator[Variant]:
    own = populated.runtime.key
    for name, keyid in (
        ("another's", other.keyid), ("an identifier", populated.ids["owner"]), ("empty", ""), ("*", "*"),
        ("128 letters", "A" * 128), ("the exchange's", own.keyid), ("a path", "../keys/x"),
    ):  # fmt: skip
        yield f"key: {name}", post(sign(key, keyid=keyid)), "refuse"

    def altered(change: Callable[[bytes], bytes]) -> Fields:
        def rewrite(value: str) -> str:
            return f"sig1=:{base64.b64encode(change(base64.b64decode(value[6:-1]))).decode()}:"

        return edit(sign(key), "Signature", rewrite)

    def plus_order(value: bytes) -> bytes:
        return value[:32] + (int.from_bytes(value[32:], "little") + ORDER).to_bytes(32, "little")

    for name, change in (
        ("S + L", plus_order),
        ("zeros", lambda _: bytes(64)),
        ("63 bytes", lambda value: value[:63]),
        ("65 bytes", lambda value: value + b"\0"),
        ("one bit", lambda value: bytes([value[0] ^ 1]) + value[1:]),
        ("the identity as R", lambda value: b"\1" + bytes(31) + value[32:]),
    ):
        yield f"signature: {name}", post(altered(change)), "refuse"


async def test_what_is_accepted_is_what_was_signed(populated_exchange: PopulatedExchange, port: int) -> None:
    key, other = populated_exchange.consumer.system, populated_exchange.owner.system
    now = int(populated_exchange.now.timestamp())
    wrong: list[tuple[str, int, str]] = []
    tried = 0
    for variants in (
        labels(key, other), parameters(key, other), times(key, now), components(key), fields(key), digests(key),
        targets(key), methods(key), keys(key, other, populated_exchange),
    ):  # fmt: skip
        for name, content, expected in variants:
            answers = await replies(port, content)
            assert len(answers) == 1, name
            tried += 1
            is_accepted = 200 <= answers[0].status < 300
            if (expected == "accept" and not is_accepted) or (expected == "refuse" and is_accepted):
                wrong.append((name, answers[0].status, answers[0].problem))
            assert answers[0].status < 500, name
    wrong += [row async for row in _nonces(key, other, port)]
    assert not wrong
    assert tried + 6 >= TRIED


async def _nonces(key: Key, other: Key, port: int) -> AsyncIterator[tuple[str, int, str]]:
    """Requests that use a nonce again: each but the last is refused."""
    read = get(sign(key, method="GET", path=ME, body=None, purpose=None))
    whole = post(sign(key))
    used, again, bad = nonce(), nonce(), nonce()

    def me(value: str, signer: Key = key) -> bytes:
        return get(sign(signer, method="GET", path=ME, body=None, purpose=None, with_nonce=value))

    pairs = {
        "a delivery": (whole, whole),
        "a read": (read, read),
        "another delivery": (post(sign(key, with_nonce=used)), post(sign(key, with_nonce=used))),
        "a read, then a delivery": (me(again), post(sign(key, with_nonce=again))),
        "a refused one": (post(sign(key, body=b"{", with_nonce=bad), b"{"), post(sign(key, with_nonce=bad))),
    }
    for name, (first, second) in pairs.items():
        await replies(port, first)
        [answer] = await replies(port, second)
        if answer.problem != "nonce-reused":
            yield f"nonce: {name}", answer.status, answer.problem
    [answer] = await replies(port, me(used, other))
    if answer.status != 200:
        yield "nonce: of another key", answer.status, answer.problem
