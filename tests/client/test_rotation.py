"""The client trusts a rotated key that a pinned one announced, and its predecessor only for earlier signatures."""

import base64
from datetime import datetime
from typing import Any

import pytest

from data_exchange_client import Client, SigningKey, Trust, TrustError
from data_exchange_client.trust import KeyNotPinned
from ledger.format import note, rotation

ORIGIN = "exchange.test/ledger/1"
SINCE = "2026-01-05T08:00:00.000000Z"
AT = int(datetime.fromisoformat(SINCE).timestamp())
KEYS = [SigningKey(bytes([number]) * 32) for number in range(4)]
LEDGER = [note.Signer(ORIGIN, bytes([number]) * 32) for number in range(10, 14)]


def statement(old: int, new: int, *, since: str = SINCE, origin: str = ORIGIN) -> str:
    first, second = (note.Signer("exchange.test/answers", KEYS[number].seed) for number in (old, new))
    change = rotation.Rotation(origin, "answers", first.verifier, second.verifier, 10, since)
    return note.sign(change.text(), [first])


def ledger_statement(old: int, new: int, size: int, *, origin: str = ORIGIN) -> str:
    change = rotation.Rotation(origin, "ledger", LEDGER[old].verifier, LEDGER[new].verifier, size, SINCE)
    return note.sign(change.text(), [LEDGER[old]])


def identity(*statements: str, key: int = 1, vkey: int = 0) -> dict[str, Any]:
    public = base64.urlsafe_b64encode(KEYS[key].public).decode().rstrip("=")
    return {
        "name": "exchange.test",
        "origin": ORIGIN,
        "vkey": LEDGER[vkey].vkey,
        "keys": [{"keyid": KEYS[key].keyid, "algorithm": "ed25519", "public_key": public}],
        "rotations": list(statements),
    }


PINNED = Trust("exchange.test", ORIGIN, LEDGER[0].vkey, {KEYS[0].keyid: KEYS[0].public})


def test_what_a_pinned_key_announces_is_pinned() -> None:
    now = PINNED.follow(identity(statement(0, 1)))
    assert now.public_key(KEYS[1].keyid, at=AT + 10**6) == KEYS[1].public
    assert now.public_key(KEYS[0].keyid, at=AT + 60) == KEYS[0].public
    assert now.public_key(KEYS[0].keyid) == KEYS[0].public
    with pytest.raises(TrustError, match="had been rotated"):
        now.public_key(KEYS[0].keyid, at=AT + 61)
    assert Trust.parse(now.document()) == now
    assert now.follow(identity(statement(0, 1))) == now
    assert now.is_same(Trust.parse(identity()))
    assert not PINNED.is_same(Trust.parse(identity()))
    chained = PINNED.follow(identity(statement(0, 1), statement(1, 2, since="2026-02-05T08:00:00.000000Z")))
    assert chained.public_key(KEYS[2].keyid)


def test_a_key_that_no_pinned_key_announces_is_not_pinned() -> None:
    for statements in ((), (statement(2, 1),), (statement(1, 2),)):
        now = PINNED.follow(identity(*statements))
        assert now == PINNED
        with pytest.raises(KeyNotPinned):
            now.public_key(KEYS[1].keyid)
    forged = note.sign(note.text_of(statement(0, 1)), [note.Signer("exchange.test/answers", KEYS[3].seed)])
    for broken in (identity(forged), identity() | {"rotations": [3]}, identity() | {"keys": []}):
        with pytest.raises(TrustError):
            PINNED.follow(broken)


@pytest.mark.parametrize("since", ["2026-01-04T08:00:00.000000Z", SINCE, "2027-01-04T08:00:00.000000Z"])
def test_a_rotated_key_announces_no_second_successor(since: str) -> None:
    now = PINNED.follow(identity(statement(0, 1)))
    assert now.follow(identity(statement(0, 3, since=since))) == now


def test_the_ledgers_key_is_followed_too() -> None:
    now = PINNED.follow(identity(ledger_statement(0, 1, 100), ledger_statement(1, 2, 200), key=0, vkey=2))
    assert now.vkey == LEDGER[2].vkey
    assert [now.history().at(size).vkey for size in (99, 100, 199, 200)] == [LEDGER[i].vkey for i in (0, 1, 1, 2)]
    assert Trust.parse(now.document()) == now
    for wrong in (ledger_statement(2, 3, 200), ledger_statement(1, 3, 300), ledger_statement(0, 3, 50)):
        assert now.follow(identity(wrong, key=0)) == now
    assert PINNED.follow(identity(ledger_statement(0, 1, 100, origin="exchange.test/ledger/2"))) == PINNED


def test_a_client_takes_over_what_was_announced(exchange: Any, key: SigningKey, tmp_path: Any) -> None:
    file = tmp_path / "trust.json"
    with Client(exchange.url, key, trust=file) as client:
        client.request("GET", "/api/v1/me")
        old, exchange.key = exchange.key, SigningKey.generate()
        with pytest.raises(TrustError, match="not pinned"):
            client.request("GET", "/api/v1/me")
        first, second = (note.Signer("exchange.test/answers", answer_key.seed) for answer_key in (old, exchange.key))
        change = rotation.Rotation(ORIGIN, "answers", first.verifier, second.verifier, 1, SINCE)
        known = exchange.identity
        exchange.identity = lambda: known() | {"rotations": [note.sign(change.text(), [first])]}
        assert client.request("GET", "/api/v1/me").status == 200
        assert set(Trust.load(file).keys) == {old.keyid, exchange.key.keyid}
        exchange.key = old  # it has given way, and what it signs now counts for nothing
        with pytest.raises(TrustError, match="had been rotated"):
            client.request("GET", "/api/v1/me")
