"""Receipts and evidence: what a consuming system can prove to others, and forgeries that fail."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data_exchange_client import (
    Client,
    Delivery,
    DeliveryAborted,
    Evidence,
    ExchangeProblem,
    ReceiptInvalid,
    ResponseUntrusted,
    Trust,
    TrustError,
)
from data_exchange_client.keys import SigningKey
from data_exchange_client.receipts import verify
from ledger.format import note

PURPOSE = "talent-service"


@pytest.fixture
def client(exchange, key):
    with Client(exchange.url, key) as client:
        yield client


def filled(exchange: Any, size: int) -> None:
    for number in range(size):
        exchange.append(type="test.appended", number=number)


@pytest.mark.parametrize(("size", "index"), [(1, 0), (2, 1), (5, 2), (256, 255), (257, 256), (300, 7), (600, 299)])
def test_a_receipt_is_fetched_and_verified_with_its_entry(client, exchange, size, index, tmp_path):
    filled(exchange, size)
    receipt = client.receipt(index)
    assert receipt.body == {"number": index, "type": "test.appended"}
    assert receipt.leaf == exchange.leaves[index]
    assert receipt.checkpoint.size == size
    text, leaf = receipt.save(tmp_path / "receipts")
    verified = verify(text.read_text(encoding="utf-8"), leaf.read_bytes(), client.trust)
    assert verified == receipt


def test_anyone_can_fetch_a_receipt(exchange):
    filled(exchange, 3)
    with Client(exchange.url) as anyone:
        assert anyone.receipt(1).index == 1


def test_a_receipt_that_is_not_there_yet_is_waited_for(client, exchange):
    filled(exchange, 3)
    exchange.checkpoint_after = time.monotonic() + 0.4
    assert client.receipt(2).checkpoint.size == 3
    exchange.checkpoint_after = time.monotonic() + 60
    with pytest.raises(ExchangeProblem) as caught:
        client.receipt(2, wait=0.3)
    assert caught.value.type == "receipt-pending"
    with pytest.raises(ExchangeProblem) as caught:
        client.receipt(99, wait=0)
    assert caught.value.status in {404, 503}


def spoilt(old: bytes, new: bytes) -> Callable[[str, Any], Any]:
    return lambda _path, reply: replace(reply, body=reply.body.replace(old, new, 1))


@pytest.mark.parametrize(
    "spoil",
    [
        spoilt(b"index 3", b"index 4"),
        spoilt(b'"number":3', b'"number":8'),
        spoilt(b"tlog-proof@v1", b"tlog-proof@v2"),
        lambda path, reply: replace(reply, body=b"") if "entries" in path else reply,
        lambda path, reply: replace(reply, body=reply.body[:20]) if "entries" in path else reply,
        lambda path, reply: replace(reply, body=b"\xff") if "receipts" in path else reply,
        lambda path, reply: (
            replace(reply, body=reply.body.replace(b"\n\nexchange", b"\nAAAA\n\nexchange"))
            if "receipts" in path
            else reply
        ),
    ],
)
def test_a_spoilt_receipt_or_entry_is_refused(client, exchange, spoil):
    filled(exchange, 10)
    assert client.trust
    exchange.spoil = spoil
    with pytest.raises(ReceiptInvalid):
        client.receipt(3)


def test_a_receipt_of_another_ledger_is_refused(client, exchange):
    filled(exchange, 10)
    assert client.trust
    exchange.signer = note.Signer(exchange.signer.name, bytes(32))
    with pytest.raises(ReceiptInvalid):
        client.receipt(3)


def kept(client: Client, tmp_path: Path, **options: Any) -> tuple[Evidence, Delivery]:
    delivery = client.fetch("hr/talents", purpose=PURPOSE, to=tmp_path / "data", **options)
    (tmp_path / "evidence.json").write_text(delivery.evidence.text(), encoding="utf-8")
    return Evidence.parse((tmp_path / "evidence.json").read_text(encoding="utf-8")), delivery


@pytest.mark.parametrize("form", ["json", "csv"])
def test_evidence_proves_a_file_offline(client, tmp_path, form):
    evidence, delivery = kept(client, tmp_path, format=form)
    assert evidence == delivery.evidence
    assert evidence.entry == delivery.entry == 0
    evidence.verify(client.trust, tmp_path / "data")


@pytest.mark.parametrize("form", ["json", "csv"])
def test_evidence_does_not_prove_another_file(client, tmp_path, form):
    evidence, _ = kept(client, tmp_path, format=form)
    content = (tmp_path / "data").read_bytes()
    for other in (content + b"\n", content[:-1], content.replace(b"1.50", b"9.50"), b""):
        (tmp_path / "data").write_bytes(other)
        with pytest.raises(ResponseUntrusted):
            evidence.verify(client.trust, tmp_path / "data")


def test_altered_evidence_proves_nothing(client, tmp_path):
    evidence, _ = kept(client, tmp_path, format="csv")
    assert evidence.completion is not None
    _, other = kept(client, tmp_path, format="csv")
    ended = json.loads(evidence.completion) | {"entry": 99}
    for altered in (
        replace(evidence, method="GET"),
        replace(evidence, target_uri=evidence.target_uri + "?"),
        replace(evidence, signature=None),
        replace(evidence, signature=":AAAA:"),
        replace(evidence, signature="x"),
        replace(evidence, status=201),
        replace(evidence, fields={**evidence.fields, "exchange-entry": "5"}),
        replace(evidence, completion=json.dumps(ended)),
        replace(evidence, completed=None),
        replace(evidence, completion=None),
        replace(evidence, completion=other.evidence.completion, completed=other.evidence.completed),
    ):
        with pytest.raises(ResponseUntrusted):
            altered.verify(client.trust, tmp_path / "data")
    with pytest.raises(DeliveryAborted):
        # Each file has its own evidence, even where the same was asked twice.
        replace(evidence, completion=json.dumps(ended)).check_content(sha256=bytes(32), size=3)


def test_evidence_is_worth_nothing_without_the_right_key(client, exchange, tmp_path):
    evidence, _ = kept(client, tmp_path)
    exchange.key = SigningKey.generate()
    with pytest.raises(TrustError):
        evidence.verify(Trust.parse(exchange.identity()), tmp_path / "data")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"method":1}', "null"])
def test_what_is_not_evidence_is_refused(text):
    with pytest.raises(ResponseUntrusted):
        Evidence.parse(text)
