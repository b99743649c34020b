"""The mechanics of passkeys: whom they are for, and that a challenge may be the digest of an act."""

import hashlib

import pytest
from webauthn.helpers import bytes_to_base64url

from admin.demo.authenticator import Authenticator
from exchange.kernel.web import passkeys
from exchange.kernel.web.passkeys import NoRelyingParty, PasskeyInvalid, RelyingParty

PARTY = RelyingParty.of("https://exchange.example.org", name="exchange", identifier="example.org")


@pytest.mark.parametrize(
    ("url", "identifier"),
    [
        ("http://127.0.0.1:8000", None),
        ("https://[::1]", None),
        ("http://exchange.intranet", None),
        ("https://exchange.example.org", "ample.org"),
        ("https://example.org", "exchange.example.org"),
    ],
)
def test_a_site_without_a_name_or_under_another_domain_is_no_party(url: str, identifier: str | None) -> None:
    with pytest.raises(NoRelyingParty):
        RelyingParty.of(url, name="exchange", identifier=identifier)


def test_a_party_has_the_domain_of_its_pages_or_one_above() -> None:
    assert (PARTY.id, PARTY.origin) == ("example.org", "https://exchange.example.org")
    local = RelyingParty.of("http://localhost:8000", name="exchange")
    assert (local.id, local.origin) == ("localhost", "http://localhost:8000")


@pytest.mark.parametrize("data", ["[" * 30_000, "[]", "7", "{}", '{"challenge":7}'])
def test_client_data_that_is_none_is_no_answer(data: str) -> None:
    answer = {"response": {"clientDataJSON": bytes_to_base64url(data.encode())}}
    with pytest.raises(PasskeyInvalid):
        passkeys.challenge_of(answer)


def test_an_assertion_confirms_the_act_whose_digest_is_its_challenge() -> None:
    device = Authenticator(PARTY.origin)
    made = device.create(passkeys.creation_options(PARTY, user=b"u", name="n", challenge=b"c" * 32))
    registered = passkeys.verify_registration(PARTY, made, challenge=b"c" * 32)
    act, other = (hashlib.sha256(text).digest() for text in (b"suspend 7", b"suspend 8"))
    options = passkeys.request_options(PARTY, challenge=act, allowed=[registered.credential])
    assert len(options["allowCredentials"]) == 1
    answer = device.get(options)
    assert passkeys.answered_by(answer).challenge == act
    assert passkeys.verify_assertion(PARTY, answer, challenge=act, public_key=registered.public_key) == 1
    with pytest.raises(PasskeyInvalid):
        passkeys.verify_assertion(PARTY, answer, challenge=other, public_key=registered.public_key)


@pytest.mark.parametrize(
    ("last", "now", "is_one"), [(0, 0, False), (0, 1, False), (3, 4, False), (3, 3, True), (3, 0, True)]
)
def test_a_count_that_does_not_grow_is_a_regression(last: int, now: int, *, is_one: bool) -> None:
    assert passkeys.is_regression(last=last, now=now) is is_one
