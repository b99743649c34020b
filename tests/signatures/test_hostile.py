"""Whatever stands in a request's headers, reading them ends in a signature or in a SignatureProblem, and soon."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import signatures

SEED = bytes(32)
KEY = SEED + signatures.public_of(SEED)
TARGET = "https://exchange.example/api/v1/deliveries"
FIELDS = {"content-digest": signatures.content_digest(b"{}"), "exchange-purpose": "talent-service"}
HEADERS = FIELDS | signatures.sign_request(
    key=KEY,
    keyid="k",
    method="POST",
    target_uri=TARGET,
    headers=FIELDS,
    created=1,
    expires=2,
    nonce=signatures.new_nonce(),
)
LETTERS = 'sig1=("@methodtarget-uri;kyx.p?0:,)@*\\ \t\n\x00\xff人'


def read(headers: dict[str, str], target: str = TARGET) -> signatures.SignedRequest | None:
    try:
        return signatures.read_request(method="POST", target_uri=target, headers=headers)
    except signatures.SignatureProblem:
        return None


def check(request: signatures.SignedRequest | None) -> None:
    """What was read has a base with one line for each covered component and one for the parameters, and no others."""
    if request is not None:
        *covered, last = request.base.decode("ascii").split("\n")
        assert [line.partition(": ")[0] for line in covered] == [f'"{name}"' for name in request.components]
        assert last.startswith('"@signature-params": (')
        assert len(request.signature) == 64


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 6)))
        text = text[:start] + draw(st.text(LETTERS, max_size=4) | st.just(text[start:end] * 2)) + text[end:]
    return text


@given(field=mutated(HEADERS["signature-input"]), value=mutated(HEADERS["signature"]) | st.just(HEADERS["signature"]))
@example(field='sig1=("@method" "@target-uri" "@query-param";name="%");created=1', value=HEADERS["signature"])
@example(field='sig1=("@method" "signature";key="sig1");created=1', value=HEADERS["signature"])
@example(field="sig1=();created=-0", value="sig1=::")
def test_mutated_signature_fields_are_read_or_refused(field, value):
    check(read(HEADERS | {"signature-input": field, "signature": value}))


@given(st.dictionaries(st.sampled_from([*HEADERS, "accept"]), st.text(LETTERS, max_size=30)))
def test_any_fields_are_read_or_refused(headers):
    check(read(HEADERS | headers))
    assert read(headers, target="https://[bad/ \n") is None


@given(st.text(LETTERS + "-256=:QUJD", max_size=30))
def test_any_digest_is_compared_or_refused(header):
    with pytest.raises(signatures.SignatureProblem):
        signatures.check_content_digest(header, bytes(32))


@given(mutated(HEADERS["signature-input"]))
def test_nothing_mutated_verifies_unless_it_says_the_same(field):
    request = read(HEADERS | {"signature-input": field})
    if request is None:
        return
    original = read(HEADERS)
    assert original is not None
    try:
        signatures.verify_ed25519(KEY[32:], request.base, request.signature)
    except signatures.SignatureInvalid:
        assert request.base != original.base
    else:
        assert request == original


@pytest.mark.parametrize(
    "text",
    [
        "sig1=(" + '"a" ' * 4000 + ")",
        "sig1=(" + '"a";x ' * 2000 + ")",
        'sig1=("' + "\\\\" * 8000 + '")',
        "sig1=(" + " " * 16_000 + ")",
        "sig1=" + ";a" * 8000,
        "a=1," * 4000,
        'sig1=("@method")' + ';a="' * 4000,
        "sig1=" + "(" * 16_000,
    ],
)
def test_long_nonsense_is_refused_quickly(text):
    before = time.process_time()
    assert read(HEADERS | {"signature-input": text}) is None
    assert read(HEADERS | {"signature": text}) is None
    assert time.process_time() - before < 0.5
