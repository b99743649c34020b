"""docs/webhooks.md: the receiver in it takes what the exchange posts, once it verifies, and nothing else."""

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import HTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.request import Request, urlopen

import pytest

from data_exchange_client import Trust
from data_exchange_client.webhooks import Webhook
from groundwork import base64url
from ledger.format import note
from signatures import Ed25519, public_of, thumbprint
from signatures.webhooks import sign_webhook

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"
SEED = bytes(range(32))
KEY = Ed25519(public_of(SEED), SEED)
URL = "https://hooks.example.org/exchange"
BODY = json.dumps({"type": "deadline.near", "timestamp": "2027-03-29T01:00:00.000000Z", "data": {"day": "2027-03-31"}})


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, SimpleQueue[Webhook]]]:
    """The page's receiver behind a server: its address, and what it received."""
    keyid = thumbprint(KEY.public)
    key = {"keyid": keyid, "algorithm": "ed25519", "public_key": base64url.encode(KEY.public)}
    vkey = note.Signer("exchange.example/ledger/1", SEED).verifier.vkey
    identity = {"name": "exchange", "origin": "exchange.example/ledger/1", "vkey": vkey, "keys": [key]}
    monkeypatch.chdir(tmp_path)
    Trust.parse(identity).save("exchange.trust.json")
    example = re.search(r"^```python\n(.*?)\n```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert example
    names: dict[str, Any] = {}
    exec(compile(example[1], str(PAGE), "exec"), names)  # noqa: S102 - our own page
    server = HTTPServer(("127.0.0.1", 0), names["Receiver"])
    monkeypatch.setattr(names["Receiver"], "log_message", lambda *_: None)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/exchange", names["RECEIVED"]
    server.shutdown()
    thread.join()
    server.server_close()


def post(address: str, body: str, fields: dict[str, str]) -> int:
    request = Request(address, body.encode(), fields | {"content-type": "application/json"})  # noqa: S310 - loopback
    try:
        with urlopen(request) as answer:  # noqa: S310
            return int(answer.status)
    except OSError as error:
        return int(getattr(error, "code", 0))


def test_the_receiver_of_the_page_stores_what_verifies(receiver: tuple[str, SimpleQueue[Webhook]]) -> None:
    address, received = receiver
    keyid, now = thumbprint(KEY.public), int(time.time())
    fields = sign_webhook(KEY, keyid=keyid, url=URL, identifier="1", created=now, body=BODY.encode())
    assert post(address, BODY, fields) == 204
    webhook = received.get_nowait()
    assert (webhook.id, webhook.type, webhook.data) == ("1", "deadline.near", {"day": "2027-03-31"})
    assert post(address, BODY.replace("near", "over"), fields) == 401
    old = sign_webhook(KEY, keyid=keyid, url=URL, identifier="1", created=now - 400, body=BODY.encode())
    assert post(address, BODY, old) == 401
    assert post(address, BODY, {}) == 401
    assert received.empty()
