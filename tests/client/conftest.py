"""A small exchange that speaks the documented wire format on loopback, with real signatures and a real tree.

It stands in for the service so that these tests also run where only the client is installed; `spoil` lets a test play
the attacker on the way.
"""

import base64
import contextlib
import csv
import hashlib
import io
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pytest

import signatures
from data_exchange_client import SigningKey
from ledger.format import canonical, checkpoint, entry, merkle, note
from ledger.format.receipt import Receipt

ROWS = [
    {
        "id": number,
        "name": f"王{'*' * (number % 3)}",
        "score": f"{number}.50",
        "region": None if number == 3 else "330100",
    }
    for number in range(1, 26)
]
FIELDS = ["id", "name", "score", "region"]
ORIGIN = "exchange.test/ledger/1"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    is_stream: bool = False


@dataclass
class SmallExchange:
    url: str = ""
    key: SigningKey = field(default_factory=SigningKey.generate)
    signer: note.Signer = field(default_factory=lambda: note.Signer(ORIGIN, secrets.token_bytes(32)))
    leaves: list[bytes] = field(default_factory=list)
    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    requests: list[dict[str, Any]] = field(default_factory=list)
    spoil: Callable[[str, Reply], Reply] = lambda _path, reply: reply
    polls_until_completed: int = 1
    checkpoint_after: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def append(self, **body: Any) -> int:
        with self.lock:
            prev = merkle.leaf_hash(self.leaves[-1]) if self.leaves else entry.GENESIS
            self.leaves.append(entry.splice(body=canonical.dumps(body), prev=prev, seq=len(self.leaves)))
            return len(self.leaves) - 1

    def identity(self) -> dict[str, Any]:
        key = {"keyid": self.key.keyid, "algorithm": "ed25519", "public_key": self.key.public_text}
        return {"name": "Test", "origin": ORIGIN, "vkey": self.signer.vkey, "keys": [key], "endpoints": {}}

    def receipt(self, index: int) -> str:
        hashes = [merkle.leaf_hash(leaf) for leaf in self.leaves]
        size = len(hashes)

        def node(level: int, at: int) -> bytes:
            return merkle.root(hashes[at << level : (at + 1) << level])

        signed = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, size, merkle.root(hashes)), self.signer)
        return Receipt(index, tuple(merkle.inclusion_proof(node, index, size)), signed).text()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        path = urlsplit(target).path
        if path.startswith(("/.well-known/", "/ledger/", "/catalog")):
            return self.spoil(path, self.public(path))
        try:
            request = signatures.read_request(method=method, target_uri=self.url + target, headers=headers)
            signatures.check_times(request, now=time.time())
            signatures.verify_ed25519(
                base64.urlsafe_b64decode(headers["x-public"] + "="), request.base, request.signature
            )
            if body:
                assert "content-digest" in request.components
                signatures.check_content_digest(headers["content-digest"], hashlib.sha256(body).digest())
            assert request.nonce not in self.nonces
            self.nonces.add(request.nonce)
        except (signatures.SignatureProblem, AssertionError) as error:
            return self.problem(401, "signature-invalid", detail=str(error))
        self.requests.append({"method": method, "target": target, "headers": headers, "body": body})
        return self.spoil(path, self.signed(self.private(path, headers, body), request))

    def signed(self, reply: Reply, request: signatures.SignedRequest) -> Reply:
        headers = dict(reply.headers)
        if not reply.is_stream:
            headers["content-digest"] = signatures.content_digest(reply.body)
        headers |= signatures.sign_response(
            key=self.key.pair,
            keyid=self.key.keyid,
            status=reply.status,
            headers=headers,
            request=request,
            created=int(time.time()),
        )
        return replace(reply, headers=headers)

    def problem(self, status: int, slug: str, **members: Any) -> Reply:
        document = {"type": f"/problems/{slug}", "title": slug, "status": status, **members}
        return Reply(status, {"content-type": "application/problem+json"}, json.dumps(document).encode())

    def public(self, path: str) -> Reply:
        if path == "/catalog":
            graph = [{"@type": "dcat:Dataset", "dct:identifier": "hr/talents", "dct:title": [{"@value": "人才"}]}]
            return Reply(200, {}, json.dumps({"@graph": graph}).encode())
        if path.startswith("/.well-known/"):
            return Reply(200, {}, json.dumps(self.identity()).encode())
        if path.startswith("/ledger/receipts/"):
            index = int(path.rpartition("/")[2])
            if time.monotonic() < self.checkpoint_after:
                return replace(self.problem(503, "receipt-pending"), headers={"retry-after": "1"})
            return Reply(200, {}, self.receipt(index).encode()) if index < len(self.leaves) else self.problem(404, "x")
        return Reply(200, {}, self.leaves[int(path.rpartition("/")[2])])

    def private(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path == "/api/v1/me":
            return Reply(200, {}, b'{"handle":"platform"}')
        if path == "/api/v1/nothing":
            return Reply(204, {}, b"")
        if path.endswith("/content"):
            return Reply(200, {}, json.dumps({"bytes": len(body)}).encode())
        if path.startswith("/api/v1/deliveries/"):
            stream = self.streams[path.rpartition("/")[2]]
            stream["polls"] = stream.get("polls", 0) + 1
            state = dict(stream) if stream["polls"] >= self.polls_until_completed else {"state": "started"}
            return Reply(200, {}, json.dumps(state).encode())
        if headers.get("exchange-purpose") != "talent-service":
            index = self.append(type="delivery.refused")
            reasons = [{"code": "purpose-not-granted", "rule": "purpose", "remedy": "Apply for this purpose."}]
            refusal = self.problem(403, "purpose-not-granted", detail="Apply.", entry=index, reasons=reasons)
            return replace(refusal, headers=refusal.headers | {"exchange-entry": str(index)})
        return self.deliver(json.loads(body), headers["accept"])

    def deliver(self, question: dict[str, Any], accept: str) -> Reply:
        start = int(question.get("cursor") or 0)
        fields = question.get("fields", FIELDS)
        limit = question.get("limit", 10 if accept == "application/json" else len(ROWS))
        rows = [{name: row[name] for name in fields} for row in ROWS[start : start + limit]]
        delivery, index = secrets.token_hex(8), self.append(type="delivery.started")
        headers = {"content-type": accept, "exchange-entry": str(index), "exchange-delivery": delivery}
        if accept == "application/json":
            if start + limit < len(ROWS):
                headers["exchange-next"] = str(start + limit)
            return Reply(200, headers, json.dumps({"fields": fields, "rows": rows}, ensure_ascii=False).encode())
        content = rendered(rows, accept)
        self.streams[delivery] = {
            "state": "completed",
            "rows": len(rows),
            "bytes": len(content),
            "content": signatures.content_digest(content),
            "entry": self.append(type="delivery.completed"),
        }
        return Reply(200, headers, content, is_stream=True)


def rendered(rows: list[dict[str, Any]], accept: str) -> bytes:
    if accept == "application/x-ndjson":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if accept == "text/csv":
        text = io.StringIO()
        lines = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        lines.writeheader()
        lines.writerows(rows)
        return text.getvalue().encode()
    table = pa.Table.from_pylist(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    exchange: SmallExchange
    publics: dict[str, str]

    def respond(self) -> None:
        # A client that refuses an answer hangs up in the middle of it.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.exchange_one()

    def exchange_one(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        headers["x-public"] = next(iter(self.publics.values()), "")
        if headers.get("transfer-encoding") == "chunked":
            raise AssertionError("the client knows the length of what it sends")
        body = self.rfile.read(int(headers.get("content-length", 0)))
        # ASGI servers hand the target on in this form: an empty query leaves no trace.
        reply = self.exchange.answer(self.command, self.path.removesuffix("?"), headers, body)
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.is_stream:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for start in range(0, len(reply.body), 100):
                part = reply.body[start : start + 100]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            if "x-cut" in reply.headers:
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")
            return
        if reply.status != 204:
            self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body if reply.status != 204 else b"")

    do_GET = do_POST = do_PUT = respond  # noqa: N815 - the names the library calls

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the library has it
        pass


@pytest.fixture(scope="session")
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
def exchange(key: SigningKey) -> Iterator[SmallExchange]:
    small = SmallExchange()
    handler = type("Bound", (Handler,), {"exchange": small, "publics": {key.keyid: key.public_text}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        small.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield small
        server.shutdown()
        thread.join()
