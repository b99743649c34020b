"""The client trusts keys that are given or pinned at first use, and refuses them once they change."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from data_exchange_client import Client, ResponseUntrusted, SigningKey, Trust, TrustError

Change = Callable[[dict[str, Any]], Any]


def test_the_identity_is_pinned_in_a_file_at_first_use(exchange, key, tmp_path):
    file = tmp_path / "pins" / "exchange.json"
    with Client(exchange.url, key, trust=file) as client:
        assert client.request("GET", "/api/v1/me").json() == {"handle": "platform"}
    pinned = Trust.load(file)
    assert pinned == Trust.parse(exchange.identity())
    assert pinned.origin == "exchange.test/ledger/1"
    assert pinned.keys == {exchange.key.keyid: exchange.key.public}
    assert [path.name for path in file.parent.iterdir()] == ["exchange.json"]


def test_a_changed_key_is_refused_until_the_trust_is_renewed(exchange, key, tmp_path):
    file = tmp_path / "exchange.json"
    with Client(exchange.url, key, trust=file) as client:
        assert client.trust.name == "Test"
    exchange.key = SigningKey.generate()
    with Client(exchange.url, key, trust=file) as client:
        with pytest.raises(TrustError, match="not pinned"):
            client.request("GET", "/api/v1/me")
        client.connection.identity().save(file)
    with Client(exchange.url, key, trust=str(file)) as client:
        assert client.request("GET", "/api/v1/me").status == 200


def test_a_given_identity_is_not_fetched(exchange, key):
    trust = Trust.parse(exchange.identity())
    exchange.spoil = lambda path, reply: reply if path.startswith("/api") else pytest.fail("asked for the identity")
    with Client(exchange.url, key, trust=trust) as client:
        assert client.request("GET", "/api/v1/me").status == 200


def changed(**members: Any) -> Change:
    return lambda document: document | members


def key_changed(**members: Any) -> Change:
    return lambda document: document | {"keys": [document["keys"][0] | members]}


BROKEN: dict[str, Change] = {
    "no vkey": lambda document: {name: value for name, value in document.items() if name != "vkey"},
    "no keys": changed(keys=[]),
    "keys of another kind": changed(keys={"a": 1}),
    "name of another kind": changed(name=3),
    "unknown algorithm only": key_changed(algorithm="sm2-sm3"),
    "another key id": key_changed(keyid="x"),
    "no base64": key_changed(public_key="!"),
    "padded base64": lambda document: key_changed(public_key=document["keys"][0]["public_key"] + "=")(document),
    "number for a key": key_changed(public_key=3),
    "broken vkey": changed(vkey="exchange.test/ledger/1+00000000+AAAA"),
    "vkey of another ledger": changed(origin="other"),
    "a list": lambda document: [document],
    "nothing": lambda _document: None,
}


@pytest.mark.parametrize("how", BROKEN)
def test_an_identity_that_does_not_hold_together_is_refused(exchange, how):
    with pytest.raises(TrustError):
        Trust.parse(BROKEN[how](exchange.identity()))


def test_other_files_than_trust_files_are_refused(tmp_path):
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    for name in ("absent.json", "bad.json"):
        with pytest.raises(TrustError):
            Trust.load(tmp_path / name)
    with pytest.raises(TrustError, match="cannot be written"):
        Trust("n", "o", "v", {}).save(tmp_path / "bad.json" / "below")


def test_unknown_algorithms_beside_a_known_one_are_left_alone(exchange):
    document = exchange.identity()
    document["keys"].append({"keyid": "x", "algorithm": "sm2-sm3", "public_key": "y"})
    assert list(Trust.parse(json.loads(json.dumps(document))).keys) == [exchange.key.keyid]


def test_an_identity_that_is_not_json_is_not_believed(exchange, key):
    exchange.spoil = lambda _path, reply: type(reply)(200, {}, b"<html>")
    with Client(exchange.url, key) as client, pytest.raises(ResponseUntrusted):
        client.request("GET", "/api/v1/me")
