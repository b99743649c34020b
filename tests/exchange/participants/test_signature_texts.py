"""A refused signature is explained: which part is wrong, and what the exchange expects instead."""

import pytest

from tests.support.exchanges.exchange import URL
from tests.support.exchanges.populated import PopulatedExchange

ME = "/api/v1/me"


@pytest.mark.parametrize(
    ("field", "original", "changed", "text"),
    [
        ("signature-input", 'nonce="', 'nonce="short";x="', "nonce of at least 128 bits"),
        ("signature-input", 'alg="ed25519"', 'alg="hmac-sha256"', 'alg="ed25519"'),
        ("signature-input", 'tag="data-exchange"', 'tag="another"', 'tag="data-exchange"'),
        ("signature-input", ";keyid=", ";key=", "keyid"),
        ("signature-input", ";created=", ";made=", "created and expires"),
        ("signature-input", '"@target-uri"', '"@target-uri" "@target-uri"', "covered twice"),
        ("signature-input", '"@target-uri"', '"@target-uri" "host";sf', "no parameters"),
        ("signature", "sig1=:", "sig1=:AAAA", "64 bytes"),
        ("signature", ":", "?", "dictionary"),
    ],
)
async def test_a_malformed_signature_is_told_its_fault(
    populated_exchange: PopulatedExchange, field: str, original: str, changed: str, text: str
) -> None:
    headers = populated_exchange.sign(populated_exchange.consumer.system, "GET", ME)
    assert original in headers[field]
    answer = await populated_exchange.send("GET", ME, headers | {field: headers[field].replace(original, changed, 1)})
    assert answer.problem == "signature-malformed"
    assert text in answer.json["detail"]


async def test_a_signature_for_another_address_is_told_the_expected_one(populated_exchange: PopulatedExchange) -> None:
    """Behind a proxy the address that clients sign is the commonest mistake."""
    headers = populated_exchange.sign(populated_exchange.consumer.system, "GET", "/elsewhere")
    answer = await populated_exchange.send("GET", ME, headers)
    assert answer.problem == "signature-invalid"
    assert URL in answer.json["detail"]


async def test_an_unsigned_request_is_told_a_public_name_and_an_address(populated_exchange: PopulatedExchange) -> None:
    answer = await populated_exchange.send("GET", ME, {})
    assert answer.problem == "signature-missing"
    assert "RFC 9421" in answer.json["detail"]
    assert "docs/" not in answer.json["detail"]
    assert (await populated_exchange.send("GET", "/openapi.json", {})).status == 200
