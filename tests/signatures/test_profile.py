"""The exchange's profile: what a signed request and a signed response have to be, and what each change to one does."""

import base64
import datetime as dt
import hashlib
import time
from dataclasses import dataclass, replace

import http_message_signatures as pyhms
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

import signatures
from signatures import SentRequest, SignatureProblem, SignedRequest
from signatures.components import Message
from signatures.profile import read as read_in_general

SEED = bytes(range(32))
PUBLIC = signatures.public_of(SEED)
KEY = SEED + PUBLIC
KEYID = signatures.thumbprint(PUBLIC)
TARGET = "https://exchange.example/api/v1/deliveries?cursor=a%20b"
BODY = b'{"dataset":"talent"}'
HEADERS = {
    "content-type": "application/json",
    "content-digest": signatures.content_digest(BODY),
    "exchange-purpose": "talent-service",
}
NOW = 1_700_000_000
NONCE = "0123456789abcdefghijklmn"


def signed_headers(**changes: object) -> dict[str, str]:
    wanted = {
        "key": KEY,
        "keyid": KEYID,
        "method": "POST",
        "target_uri": TARGET,
        "headers": HEADERS,
        "created": NOW,
        "expires": NOW + 300,
        "nonce": NONCE,
    } | changes
    return HEADERS | signatures.sign_request(**wanted)  # type: ignore[arg-type]


def read(headers: dict[str, str], method: str = "POST", target: str = TARGET, **options: object) -> SignedRequest:
    return signatures.read_request(method=method, target_uri=target, headers=headers, **options)  # type: ignore[arg-type]


def reason(headers: dict[str, str], **options: object) -> str:
    try:
        request = read(headers, **options)  # type: ignore[arg-type]
        signatures.verify_ed25519(PUBLIC, request.base, request.signature)
    except SignatureProblem as problem:
        return problem.reason
    return "accepted"


def test_a_signed_request_reads_back_with_everything_the_ledger_keeps():
    request = read(signed_headers())
    signatures.verify_ed25519(PUBLIC, request.base, request.signature)
    assert (request.keyid, request.created, request.expires, request.nonce) == (KEYID, NOW, NOW + 300, NONCE)
    assert request.components == ("@method", "@target-uri", "content-digest", "exchange-purpose")
    assert request.base.decode() == (
        '"@method": POST\n'
        f'"@target-uri": {TARGET}\n'
        f'"content-digest": {HEADERS["content-digest"]}\n'
        '"exchange-purpose": talent-service\n'
        '"@signature-params": ("@method" "@target-uri" "content-digest" "exchange-purpose")'
        f';created={NOW};expires={NOW + 300};nonce="{NONCE}";keyid="{KEYID}";alg="ed25519";tag="data-exchange"'
    )


def test_a_request_without_content_covers_its_method_and_target():
    headers = signatures.sign_request(
        key=KEY, keyid=KEYID, method="GET", target_uri=TARGET, headers={}, created=NOW, expires=NOW + 9, nonce=NONCE
    )
    assert read(headers, method="GET").components == ("@method", "@target-uri")
    assert reason(headers, method="GET", require=("@method", "content-digest")) == "component-missing"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"target": TARGET + "1"},
        {"target": TARGET.replace("https", "http")},
    ],
)
def test_a_changed_method_or_target_breaks_the_signature(change):
    assert reason(signed_headers(), **change) == "signature-invalid"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("content-digest", signatures.content_digest(b"other")),
        ("exchange-purpose", "something else"),
        ("signature-input", signed_headers(nonce="another-nonce-of-128-bits")["signature-input"]),
        ("signature-input", signed_headers(created=NOW + 1)["signature-input"]),
        ("signature", signed_headers(created=NOW + 1)["signature"]),
    ],
)
def test_a_changed_covered_field_breaks_the_signature(name, value):
    assert reason(signed_headers() | {name: value}) == "signature-invalid"


def test_surrounding_spaces_and_uncovered_fields_do_not():
    headers = signed_headers() | {"accept": "text/csv", "exchange-purpose": "  talent-service "}
    signatures.verify_ed25519(PUBLIC, read(headers).base, read(headers).signature)


def edited(old: str, new: str, name: str = "signature-input") -> dict[str, str]:
    headers = signed_headers()
    assert old in headers[name]
    return headers | {name: headers[name].replace(old, new, 1)}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "signature-missing"),
        (HEADERS, "signature-missing"),
        (edited("sig1", "sig2") | {"signature": signed_headers()["signature"]}, "signature-malformed"),
        (edited("sig1=", "sig1=:", "signature"), "signature-malformed"),
        (edited("==:", "=:", "signature"), "signature-malformed"),
        (edited(";created=1700000000", ""), "signature-malformed"),
        (edited(";created=1700000000", ';created="1700000000"'), "signature-malformed"),
        (edited(";created=1700000000", ";created=1700000000.5"), "signature-malformed"),
        (edited(";created=1700000000", ";created=-1"), "signature-malformed"),
        (edited(f";expires={NOW + 300}", ""), "signature-malformed"),
        (edited(f';nonce="{NONCE}"', ""), "signature-malformed"),
        (edited(NONCE, "short"), "signature-malformed"),
        (edited(NONCE, "spaces are not base64url at all"), "signature-malformed"),
        (edited(f';keyid="{KEYID}"', ""), "signature-malformed"),
        (edited(KEYID, "a key of mine"), "signature-malformed"),
        (edited('alg="ed25519"', 'alg="hmac-sha256"'), "signature-malformed"),
        (edited(';alg="ed25519"', ""), "signature-malformed"),
        (edited('tag="data-exchange"', 'tag="other"'), "signature-malformed"),
        (edited(';tag="data-exchange"', ""), "signature-malformed"),
        (edited(';tag="data-exchange"', ';tag="data-exchange";tag="data-exchange"'), "signature-malformed"),
        (edited(';tag="data-exchange"', ';tag="data-exchange";extra=1'), "signature-malformed"),
        (edited('"@method" ', '"@method" "@method" '), "signature-malformed"),
        (edited('"@method" ', '"@method" "@unknown" '), "signature-malformed"),
        (edited('"@method" ', '"@method" "@signature-params" '), "signature-malformed"),
        (edited('"@method" ', '"@method" 1 '), "signature-malformed"),
        (edited('"@method" ', ""), "component-missing"),
        (edited('"@target-uri" ', ""), "component-missing"),
        (edited('"@method" ', '"@method" "absent" '), "component-missing"),
        (edited("sig1=", "sig1=1, sig1="), "signature-malformed"),
        (edited('("@method"', '("@method'), "signature-malformed"),
        (signed_headers() | {"signature-input": "x" * 20_000}, "signature-malformed"),
        (signed_headers() | {"exchange-purpose": 'a\n"@method": GET'}, "signature-malformed"),
        (signed_headers() | {"exchange-purpose": "人才"}, "signature-malformed"),
    ],
)
def test_what_is_not_of_the_profile_is_refused_with_a_reason(headers, expected):
    assert reason(headers) == expected


def test_the_same_label_twice_is_refused_in_either_field():
    headers = signed_headers()
    for name in ("signature", "signature-input"):
        assert reason(headers | {name: f"{headers[name]}, {headers[name]}"}) == "signature-malformed"


def test_a_second_signature_under_another_label_does_not_disturb():
    headers = signed_headers()
    both = headers | {
        "signature-input": 'proxy=("@authority");created=1, ' + headers["signature-input"],
        "signature": "proxy=:AAAA:, " + headers["signature"],
    }
    assert read(both) == read(headers)
    assert reason(headers | {"signature": both["signature"]}) == "signature-malformed"


def test_one_signature_has_one_spelling():
    headers = signed_headers()
    text = headers["signature"]
    swapped = text[:-4] + chr(ord(text[-4]) + 1) + text[-3:]
    assert base64.b64decode(swapped[6:-1]) == base64.b64decode(text[6:-1])
    assert reason(headers | {"signature": swapped}) == "signature-malformed"


def respelled(text: str) -> str:
    return text.replace('" "', '"   "').replace(";created", "; created")


@given(
    method=st.sampled_from(["GET", "POST", "QUERY"]),
    path=st.text("abc/%2F~", max_size=8),
    digest=st.booleans(),
    purpose=st.none() | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20),
    created=st.integers(0, 10**12),
    label=st.sampled_from(["sig1", "sig2"]),
)
def test_the_quick_way_and_the_general_parser_agree(method, path, digest, purpose, created, label):
    headers = {"content-digest": HEADERS["content-digest"]} if digest else {}
    if purpose is not None:
        headers["exchange-purpose"] = purpose
    target = f"https://exchange.example/{path}"
    headers |= signatures.sign_request(
        key=KEY,
        keyid=KEYID,
        method=method,
        target_uri=target,
        headers=headers,
        created=created,
        expires=created + 1,
        nonce=NONCE,
    )
    quick = read(headers, method, target)
    assert read(headers | {"signature-input": respelled(headers["signature-input"])}, method, target) == quick
    slow = read_in_general(Message.of_request(method, target, headers.items()), "sig1")
    assert (slow.base, slow.components, slow.signature) == (quick.base, quick.components, quick.signature)
    signatures.verify_ed25519(PUBLIC, quick.base, quick.signature)
    if label != "sig1":
        with pytest.raises(SignatureProblem):
            read(headers, method, target, label=label)


@pytest.mark.parametrize(
    ("created", "expires", "now", "expected"),
    [
        (NOW, NOW + 300, NOW, None),
        (NOW, NOW + 300, NOW + 299.9, None),
        (NOW, NOW + 300, NOW + 300, "signature-expired"),
        (NOW, NOW + 300, NOW - 30, None),
        (NOW, NOW + 300, NOW - 31, "signature-not-yet-valid"),
        (NOW, NOW + 301, NOW, "signature-malformed"),
        (NOW, NOW, NOW, "signature-malformed"),
        (NOW, NOW - 1, NOW, "signature-malformed"),
    ],
)
def test_a_signature_holds_for_its_time_only(created, expires, now, expected):
    request = read(signed_headers(created=created, expires=expires))
    if expected is None:
        signatures.check_times(request, now=now)
    else:
        with pytest.raises(SignatureProblem) as caught:
            signatures.check_times(request, now=now)
        assert caught.value.reason == expected


def test_digests_are_compared_with_the_content():
    actual = hashlib.sha256(BODY).digest()
    signatures.check_content_digest(signatures.content_digest(BODY), actual)
    # RFC 9530 appendix D: several algorithms may stand side by side.
    signatures.check_content_digest(f"sha-512=:YWJj:, {signatures.content_digest(BODY)}", actual)
    for header, expected in [
        (signatures.content_digest(b"other"), "digest-mismatch"),
        ("sha-512=:YWJj:", "digest-malformed"),
        ("sha-256=YWJj", "digest-malformed"),
        ("sha-256", "digest-malformed"),
        ("", "digest-malformed"),
        (f"{signatures.content_digest(BODY)}, {signatures.content_digest(b'other')}", "digest-malformed"),
    ]:
        with pytest.raises(SignatureProblem) as caught:
            signatures.check_content_digest(header, actual)
        assert caught.value.reason == expected


def test_the_digest_of_the_rfc_example():
    # RFC 9530 section 2: {"hello": "world"} and a line feed.
    assert signatures.content_digest(b'{"hello": "world"}\n') == (
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    )


def test_the_key_id_is_the_jwk_thumbprint():
    # RFC 8037 appendix A.3, for the key of RFC 8032 section 7.1, test 1.
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert signatures.thumbprint(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


ANSWER = {"content-digest": signatures.content_digest(b"[]"), "exchange-entry": "17", "content-type": "text/csv"}
QUESTION = SentRequest("POST", TARGET, b"s" * 64)


def answered(headers: dict[str, str] = ANSWER, question: SentRequest = QUESTION, status: int = 200) -> dict[str, str]:
    return headers | signatures.sign_response(
        key=KEY, keyid=KEYID, status=status, headers=headers, request=question, created=NOW
    )


def read_answer(
    headers: dict[str, str], question: SentRequest = QUESTION, status: int = 200
) -> signatures.SignedResponse:
    response = signatures.read_response(status=status, headers=headers, request=question)
    signatures.verify_ed25519(PUBLIC, response.base, response.signature)
    return response


def test_a_signed_response_is_bound_to_its_request():
    response = read_answer(answered())
    assert response.keyid == KEYID
    assert response.created == NOW
    assert response.components == (
        "@status",
        "content-digest",
        "exchange-entry",
        "@method;req",
        "@target-uri;req",
        'signature;req;key="sig1"',
    )


@pytest.mark.parametrize(
    ("headers", "question", "status"),
    [
        (ANSWER, QUESTION, 201),
        (ANSWER | {"exchange-entry": "18"}, QUESTION, 200),
        (ANSWER | {"content-digest": signatures.content_digest(b"[1]")}, QUESTION, 200),
        (ANSWER, replace(QUESTION, method="PUT"), 200),
        (ANSWER, replace(QUESTION, target_uri=TARGET + "2"), 200),
        (ANSWER, replace(QUESTION, signature=b"t" * 64), 200),
    ],
)
def test_an_answer_to_another_question_does_not_verify(headers, question, status):
    with pytest.raises(signatures.SignatureInvalid):
        read_answer(answered() | headers, question, status)


@pytest.mark.parametrize(
    "name", ["content-digest", "exchange-entry", "exchange-delivery", "exchange-next", "exchange-cut-by-row-cap"]
)
def test_what_an_answer_says_has_to_be_covered(name):
    bare = {key: value for key, value in ANSWER.items() if key != name}
    with pytest.raises(signatures.ComponentMissing):
        read_answer(answered(bare) | {name: "x"})
    with pytest.raises(signatures.ComponentMissing):
        read_answer({key: value for key, value in answered(ANSWER | {name: "x"}).items() if key != name})


def test_an_answer_has_to_cover_the_signature_it_answers():
    with pytest.raises(signatures.ComponentMissing):
        read_answer(answered(question=SentRequest("POST", TARGET)))
    unsigned = SentRequest("GET", TARGET)
    assert read_answer(answered(question=unsigned), unsigned).components[-1] == "@target-uri;req"


def test_a_signature_over_the_status_alone_is_not_taken_for_one_over_everything():
    params = f'("@status");created={NOW};keyid="{KEYID}";alg="ed25519";tag="data-exchange"'
    base = f'"@status": 200\n"@signature-params": {params}'.encode()
    value = base64.b64encode(signatures.sign_ed25519(KEY, base)).decode()
    with pytest.raises(signatures.ComponentMissing):
        read_answer(ANSWER | {"signature-input": f"sig1={params}", "signature": f"sig1=:{value}:"})


def test_a_response_in_another_spelling_reads_the_same():
    headers = answered()
    changed = headers | {"signature-input": respelled(headers["signature-input"])}
    assert read_answer(changed) == read_answer(headers)


@pytest.mark.parametrize("name", ["signature", "signature-input"])
def test_an_unsigned_response_is_no_response(name):
    headers = answered()
    del headers[name]
    with pytest.raises(SignatureProblem):
        read_answer(headers)


@pytest.mark.parametrize(
    ("old", "new"),
    [(f';keyid="{KEYID}"', ""), (';alg="ed25519"', ""), ('"data-exchange"', '"x"'), (f";created={NOW}", "")],
)
def test_a_response_outside_the_profile_is_refused(old, new):
    headers = answered()
    headers["signature-input"] = headers["signature-input"].replace(old, new)
    with pytest.raises(signatures.SignatureMalformed):
        read_answer(headers)


def test_nothing_that_breaks_a_line_can_be_signed():
    for bad in ({"method": 'GET\n"x": y'}, {"target_uri": "https://a/\r\n"}, {"keyid": 'a"b'}, {"nonce": "short"}):
        with pytest.raises(signatures.SignatureMalformed):
            signed_headers(**bad)


def test_keys_of_the_wrong_size_are_errors():
    request = read(signed_headers())
    with pytest.raises(signatures.SignatureInvalid):
        signatures.verify_ed25519(PUBLIC[:31], request.base, request.signature)
    with pytest.raises(signatures.SignatureInvalid):
        signatures.verify_ed25519(PUBLIC, request.base, request.signature[:63])
    with pytest.raises(ValueError, match="64 bytes"):
        signatures.sign_ed25519(SEED, b"")
    with pytest.raises(TypeError):
        signatures.Ed25519(PUBLIC).sign(b"")


@dataclass
class Theirs:
    """A message as the other implementation wants it."""

    headers: dict[str, str]
    method: str = "POST"
    url: str = TARGET


@dataclass
class TheirResponse:
    headers: dict[str, str]
    request: Theirs
    status_code: int = 200


RESOLVER = pyhms.MappingKeyResolver(
    private_keys={KEYID: ed25519.Ed25519PrivateKey.from_private_bytes(SEED)},
    public_keys={KEYID: ed25519.Ed25519PublicKey.from_public_bytes(PUBLIC)},
)


def test_another_implementation_accepts_our_requests():
    now = int(time.time())
    message = Theirs(signed_headers(created=now, expires=now + 60))
    verifier = pyhms.HTTPMessageVerifier(signature_algorithm=pyhms.algorithms.ED25519, key_resolver=RESOLVER)
    (result,) = verifier.verify(message, expect_tag="data-exchange", body=None)
    assert result.label == "sig1"
    message.headers["exchange-purpose"] = "other"
    with pytest.raises(pyhms.InvalidSignature):
        verifier.verify(message, expect_tag="data-exchange")


def test_we_accept_the_requests_of_another_implementation():
    now = dt.datetime.now(tz=dt.UTC)
    message = Theirs(dict(HEADERS))
    pyhms.HTTPMessageSigner(signature_algorithm=pyhms.algorithms.ED25519, key_resolver=RESOLVER).sign(
        message,
        key_id=KEYID,
        created=now,
        expires=now + dt.timedelta(seconds=60),
        nonce=NONCE,
        label="sig1",
        tag="data-exchange",
        use_existing_digest=True,
        covered_component_ids=("@target-uri", "@method", "exchange-purpose", "content-digest"),
    )
    request = read({name.lower(): value for name, value in message.headers.items()})
    signatures.verify_ed25519(PUBLIC, request.base, request.signature)
    signatures.check_times(request, now=now.timestamp())


def test_responses_agree_with_another_implementation_both_ways():
    now = int(time.time())
    question = Theirs(signed_headers(created=now, expires=now + 60))
    read_question = read(question.headers)
    headers = ANSWER | signatures.sign_response(
        key=KEY, keyid=KEYID, status=200, headers=ANSWER, request=read_question, created=now
    )
    verifier = pyhms.HTTPMessageVerifier(signature_algorithm=pyhms.algorithms.ED25519, key_resolver=RESOLVER)
    verifier.verify(TheirResponse(headers, question), expect_tag="data-exchange")

    answer = TheirResponse(dict(ANSWER), question)
    pyhms.HTTPMessageSigner(signature_algorithm=pyhms.algorithms.ED25519, key_resolver=RESOLVER).sign(
        answer,
        key_id=KEYID,
        label="sig1",
        tag="data-exchange",
        use_existing_digest=True,
        covered_component_ids=(
            '"signature";req;key="sig1"',
            '"@method";req',
            '"@target-uri";req',
            "@status",
            "content-digest",
            "exchange-entry",
        ),
    )
    response = signatures.read_response(
        status=200, headers={name.lower(): value for name, value in answer.headers.items()}, request=read_question
    )
    signatures.verify_ed25519(PUBLIC, response.base, response.signature)
