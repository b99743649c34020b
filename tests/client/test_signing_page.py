"""docs/signing.md: the examples are what this software writes and accepts."""

import base64
import hashlib
import json
import re
from pathlib import Path

import signatures

VECTORS = Path(__file__).parents[1] / "signatures" / "vectors" / "rfc9421.json"
TEXT = (Path(__file__).parents[2] / "docs" / "signing.md").read_text(encoding="utf-8")
SEED = base64.urlsafe_b64decode(json.loads(VECTORS.read_text(encoding="utf-8"))["ed25519_seed"] + "=")
PUBLIC = signatures.public_of(SEED)
TARGET = "https://exchange.example/api/v1/deliveries"


def block(name: str) -> str:
    match = re.search(rf"^```{name}\n(.*?)\n```$", TEXT, re.DOTALL | re.MULTILINE)
    assert match
    return match[1]


def message(name: str) -> tuple[str, dict[str, str], bytes]:
    head, _, body = block(name).partition("\n\n")
    start, *lines = head.split("\n")
    fields = dict(line.split(": ", 1) for line in lines)
    return start, {field.lower(): value for field, value in fields.items()}, body.encode()


def asked() -> signatures.SignedRequest:
    _, headers, _ = message("request")
    return signatures.read_request(method="POST", target_uri=TARGET, headers=headers)


def test_the_example_request_is_the_one_we_would_send():
    _, headers, body = message("request")
    request = asked()
    signatures.verify_ed25519(PUBLIC, request.base, request.signature)
    signatures.check_content_digest(headers["content-digest"], hashlib.sha256(body).digest())
    assert request.base.decode() == block("signature-base")
    ours = signatures.sign_request(
        key=SEED + PUBLIC,
        keyid=signatures.thumbprint(PUBLIC),
        method="POST",
        target_uri=TARGET,
        headers=headers,
        created=request.created,
        expires=request.expires,
        nonce=request.nonce,
    )
    assert ours.items() <= headers.items()


def test_the_example_registration_is_the_one_that_an_exchange_accepts():
    members = json.loads(block("registration-members"))
    registration = signatures.Registration(
        "https://exchange.example", "demo-education", "talent-service", PUBLIC, members["proof"]["expires"]
    )
    assert registration.text.decode() == block("registration") + "\n"
    signature = base64.urlsafe_b64decode(members["proof"]["signature"] + "==")
    signatures.check_possession(registration, signature)
    assert signatures.prove_possession(SEED + PUBLIC, registration) == signature


def test_the_example_answer_is_the_one_an_exchange_would_give():
    start, headers, body = message("response")
    assert start == "HTTP/1.1 200 OK"
    response = signatures.read_response(status=200, headers=headers, request=asked())
    assert response.base.decode() == block("response-base")
    signatures.verify_ed25519(PUBLIC, response.base, response.signature)
    signatures.check_content_digest(headers["content-digest"], hashlib.sha256(body).digest())
    ours = signatures.sign_response(
        key=SEED + PUBLIC,
        keyid=response.keyid,
        status=200,
        headers=headers,
        request=asked(),
        created=response.created,
    )
    assert ours.items() <= headers.items()


def test_the_key_of_the_examples_is_named_rightly():
    assert base64.urlsafe_b64encode(PUBLIC).decode().rstrip("=") in TEXT
    assert signatures.thumbprint(PUBLIC) in TEXT
