"""SD-JWT: what was issued verifies with what is disclosed of it, and nothing else does."""

import json

import pytest

from groundwork import base64url
from signatures import Ed25519, public_of, sd_jwt
from signatures.sd_jwt import SdJwtInvalid

SEED = bytes(range(32))
PUBLIC = public_of(SEED)
KEY = Ed25519(PUBLIC, SEED)
CLAIMS = {"iss": "http://localhost:8000", "aud": "window"}
ANSWERS = {"answer:master": "yes", "answer:resident": "no", "answer:年满十八": "unknown"}


def issue() -> str:
    return sd_jwt.issue(KEY.sign, keyid="k", claims=CLAIMS, disclosable=ANSWERS)


def verify(text: str, public: bytes = PUBLIC) -> sd_jwt.Verified:
    return sd_jwt.verify(text, key_of={"k": public}.__getitem__)


def test_all_is_disclosed_and_any_part_can_be_left_out() -> None:
    text = issue()
    verified = verify(text)
    assert (verified.claims, verified.disclosed, verified.keyid) == (CLAIMS, ANSWERS, "k")
    token, first, *_ = text.split("~")
    assert verify(f"{token}~{first}~").disclosed == {"answer:master": "yes"}
    assert verify(f"{token}~").disclosed == {}
    assert "answer" not in base64url.decode(token.split(".")[1]).decode(), "what is left out is not to be read"


def test_every_altered_character_is_found() -> None:
    text = issue()
    for place, character in enumerate(text):
        altered = text[:place] + ("A" if character != "A" else "B") + text[place + 1 :]
        with pytest.raises((SdJwtInvalid, KeyError)):
            verify(altered)


def test_a_disclosure_of_another_token_or_twice_or_a_cut_text_is_refused() -> None:
    text, other = issue(), issue()
    token, first, *_ = text.split("~")
    for bad in (
        f"{token}~{other.split('~')[1]}~",
        f"{token}~{first}~{first}~",
        text[:-1],
        token,
        "",
        "~",
        "x" * 200_000,
    ):
        with pytest.raises(SdJwtInvalid):
            verify(bad)
    with pytest.raises(SdJwtInvalid):
        verify(text, public_of(bytes(32)))


@pytest.mark.parametrize("change", [{"alg": "none"}, {"alg": "HS256"}, {"typ": "JWT"}, {"crit": ["x"]}])
def test_a_token_of_another_kind_is_refused(change: dict[str, object]) -> None:
    header = {"alg": "EdDSA", "kid": "k", "typ": sd_jwt.MEDIA_TYPE} | change
    signed = ".".join(base64url.encode(json.dumps(part).encode()) for part in (header, CLAIMS))
    with pytest.raises(SdJwtInvalid):
        verify(f"{signed}.{base64url.encode(KEY.sign(signed.encode()))}~")


@pytest.mark.parametrize("part", ["header", "claims"])
def test_a_part_that_nests_too_deep_is_refused(part: str) -> None:
    """Before any signature is looked at, so that whoever sends a text does not end a verifier."""
    deep = base64url.encode(b"[" * 30_000)
    parts = {"header": base64url.encode(b"{}"), "claims": base64url.encode(b"{}")} | {part: deep}
    with pytest.raises(SdJwtInvalid):
        verify(f"{parts['header']}.{parts['claims']}.~")


def test_a_disclosure_cannot_stand_for_a_claim() -> None:
    text = sd_jwt.issue(KEY.sign, keyid="k", claims=CLAIMS, disclosable={"aud": "another"})
    with pytest.raises(SdJwtInvalid):
        verify(text)
