"""The RFC's own messages and signatures: each verifies, or fails where the RFC demands it."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from signatures import Ed25519, SignatureInvalid, SignatureProblem, Suite, components
from signatures.messages import Signature, component, sign_message, verify_message

VECTORS = json.loads((Path(__file__).parent / "vectors" / "rfc9421.json").read_text(encoding="utf-8"))
CASES = VECTORS["cases"]


class Verifying:
    name = ""

    def sign(self, base: bytes) -> bytes:
        raise TypeError(f"a public key cannot sign {len(base)} bytes")

    def check(self, base: bytes, signature: bytes) -> None:
        raise NotImplementedError

    def verify(self, base: bytes, signature: bytes) -> None:
        try:
            self.check(base, signature)
        except InvalidSignature as error:
            raise SignatureInvalid("no") from error


@dataclass
class RsaPss(Verifying):
    key: rsa.RSAPublicKey
    name = "rsa-pss-sha512"

    def check(self, base, signature):
        self.key.verify(signature, base, padding.PSS(padding.MGF1(hashes.SHA512()), 64), hashes.SHA512())


@dataclass
class RsaV15(Verifying):
    key: rsa.RSAPublicKey
    name = "rsa-v1_5-sha256"

    def check(self, base, signature):
        self.key.verify(signature, base, padding.PKCS1v15(), hashes.SHA256())


@dataclass
class EcdsaP256(Verifying):
    key: ec.EllipticCurvePublicKey
    name = "ecdsa-p256-sha256"

    def check(self, base, signature):
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        self.key.verify(utils.encode_dss_signature(r, s), base, ec.ECDSA(hashes.SHA256()))


@dataclass
class HmacSha256(Verifying):
    key: bytes
    name = "hmac-sha256"

    def sign(self, base: bytes) -> bytes:
        return hmac.digest(self.key, base, hashlib.sha256)

    def check(self, base, signature):
        if not hmac.compare_digest(self.sign(base), signature):
            raise InvalidSignature


def suite(name: str) -> Suite:
    if name == "test-shared-secret":
        return HmacSha256(base64.b64decode(VECTORS["keys"][name]))
    key = serialization.load_pem_public_key(VECTORS["keys"][name].encode())
    if isinstance(key, ed25519.Ed25519PublicKey):
        return Ed25519(key.public_bytes_raw(), base64.urlsafe_b64decode(VECTORS["ed25519_seed"] + "="))
    if isinstance(key, ec.EllipticCurvePublicKey):
        return EcdsaP256(key)
    assert isinstance(key, rsa.RSAPublicKey)
    return RsaV15(key) if name == "test-key-rsa" else RsaPss(key)


def message(described: dict[str, Any], request: components.Message | None = None) -> components.Message:
    first, second, _ = described["start"].split(" ", 2)
    fields = [(name, value) for name, value in described["fields"]]
    if first.startswith("HTTP/"):
        return components.Message.of_response(int(second), fields, request)
    host = next(value for name, value in fields if name == "Host")
    return components.Message.of_request(first, f"https://{host}{second}", fields)


def built(case: dict[str, Any]) -> components.Message:
    return message(case["message"], message(case["request"]) if "request" in case else None)


def trusted(signature: Signature) -> Suite:
    return suite(str(signature.parameters["keyid"]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["section"])
def test_every_signature_of_the_rfc_verifies_or_fails_as_it_says(case):
    if case["valid"]:
        signature = verify_message(built(case), label=case["label"], suite_for=trusted)
        assert signature.parameters["keyid"] == case["key"]
        assert signature.base.decode() == case.get("base", signature.base.decode())
    else:
        with pytest.raises(SignatureInvalid):
            verify_message(built(case), label=case["label"], suite_for=trusted)


@pytest.mark.parametrize("section", ["B.2.5", "B.2.6", "B.4"])
def test_signing_gives_the_bytes_of_the_rfc_where_the_algorithm_is_deterministic(section):
    case = next(case for case in CASES if case["section"] == section)
    wanted = {name.lower(): value for name, value in case["message"]["fields"] if name.startswith("Signature")}
    theirs = verify_message(built(case), label=case["label"], suite_for=trusted)
    ours = sign_message(
        built(case),
        label=case["label"],
        components=theirs.components,
        parameters=theirs.parameters,
        suite=suite(case["key"]),
    )
    assert ours == wanted


def test_a_required_component_that_is_not_covered_is_named_by_the_reason():
    case = next(case for case in CASES if case["section"] == "B.2.6")
    with pytest.raises(SignatureProblem) as caught:
        verify_message(built(case), label="sig-b26", suite_for=trusted, require=("content-digest",))
    assert caught.value.reason == "component-missing"


def test_an_algorithm_other_than_the_key_s_is_refused():
    case = next(case for case in CASES if case["section"] == "4.3 proxy")
    with pytest.raises(SignatureProblem) as caught:
        verify_message(built(case), label="proxy_sig", suite_for=lambda _: suite("test-key-rsa-pss"))
    assert caught.value.reason == "signature-malformed"


FIELDS = components.Message.of_request(
    "GET",
    "https://www.example.com/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace"
    "&fa%C3%A7ade%22%3A%20=something&qux=&twice=1&twice=2&tilde=~*",
    [
        ("Host", "www.example.com"),
        ("X-OWS-Header", "   Leading and trailing whitespace.   "),
        ("X-Obs-Fold-Header", "Obsolete\r\n    line folding."),
        ("Cache-Control", "max-age=60"),
        ("Cache-Control", "   must-revalidate"),
        ("Example-Dict", "  a=1,    b=2;x=1;y=2,   c=(a   b   c), d"),
        ("Example-Header", "value, with, lots"),
        ("Example-Header", "of, commas"),
        ("X-Empty-Header", " "),
        ("Priority", "u=1,   i"),
    ],
)


# Sections 2.1, 2.1.1, 2.1.2, 2.1.3, 2.2 and 2.2.8 of the RFC.
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", "www.example.com"),
        ("x-ows-header", "Leading and trailing whitespace."),
        ("x-obs-fold-header", "Obsolete line folding."),
        ("cache-control", "max-age=60, must-revalidate"),
        ("example-dict", "a=1,    b=2;x=1;y=2,   c=(a   b   c), d"),
        ("x-empty-header", ""),
        ("priority;sf", "u=1, i"),
        ('example-dict;key="a"', "1"),
        ('example-dict;key="d"', "?1"),
        ('example-dict;key="b"', "2;x=1;y=2"),
        ('example-dict;key="c"', "(a b c)"),
        ("example-header", "value, with, lots, of, commas"),
        ("example-header;bs", ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:"),
        ("@method", "GET"),
        ("@authority", "www.example.com"),
        ("@scheme", "https"),
        ("@path", "/parameters"),
        ('@query-param;name="var"', "this%20is%20a%20big%0Amultiline%20value"),
        ('@query-param;name="bar"', "with%20plus%20whitespace"),
        ('@query-param;name="fa%C3%A7ade%22%3A%20"', "something"),
        ('@query-param;name="qux"', ""),
        ('@query-param;name="tilde"', "%7E*"),
    ],
)
def test_component_values_are_those_of_the_rfc(name, value):
    assert components.component_value(FIELDS, component(name)) == value


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [
        ("https://WWW.Example.com:443/x", "@authority", "www.example.com"),
        ("http://example.com:80", "@authority", "example.com"),
        ("http://example.com:8080/x", "@authority", "example.com:8080"),
        ("https://[::1]:8443/x", "@authority", "[::1]:8443"),
        ("https://example.com", "@path", "/"),
        ("https://example.com/x", "@query", "?"),
        ("https://example.com/x?a=%2D", "@query", "?a=%2D"),
        ("https://example.com/x?a=1", "@request-target", "/x?a=1"),
    ],
)
def test_derived_components_are_normalised_as_the_rfc_says(target, name, value):
    request = components.Message.of_request("GET", target, [])
    assert components.component_value(request, component(name)) == value


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent", "component-missing"),
        ("@status", "component-missing"),
        ('example-dict;key="z"', "component-missing"),
        ('@query-param;name="absent"', "component-missing"),
        ("expires;tr", "component-missing"),
        ("@unknown", "signature-malformed"),
        ("@query-param", "signature-malformed"),
        ('@query-param;name="twice"', "signature-malformed"),
        ("@method;sf", "signature-malformed"),
        ("@method;req", "signature-malformed"),
        ("host;unknown", "signature-malformed"),
        ("host;sf", "signature-malformed"),
        ("host;tr=1", "signature-malformed"),
        ("host;bs=?0", "signature-malformed"),
        ("host;key=1", "signature-malformed"),
        ("example-dict;bs;sf", "signature-malformed"),
        ('example-dict;bs;key="a"', "signature-malformed"),
        ('example-header;key="a"', "component-missing"),
        ('x-ows-header;key="a"', "signature-malformed"),
        ("Host", "signature-malformed"),
        ("@signature-params", "signature-malformed"),
    ],
)
def test_components_that_cannot_be_had_have_a_reason(name, reason):
    with pytest.raises(SignatureProblem) as caught:
        components.component_value(FIELDS, component(name))
    assert caught.value.reason == reason


def test_trailers_are_apart_from_headers():
    response = components.Message(
        fields={"trailer": ("Expires",)}, status=200, trailers={"expires": ("Wed, 9 Nov 2022 07:28:00 GMT",)}
    )
    assert components.component_value(response, component("expires;tr")) == "Wed, 9 Nov 2022 07:28:00 GMT"
    with pytest.raises(SignatureProblem):
        components.component_value(response, component("expires"))


def test_a_target_with_a_line_break_is_no_uri():
    request = components.Message.of_request("GET", "https://example.com/a\nb", [])
    for name in ("@path", "@target-uri"):
        with pytest.raises(SignatureProblem):
            components.component_value(request, component(name))
