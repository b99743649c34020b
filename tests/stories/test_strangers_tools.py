"""The main job by a client that shares no code with the exchange, against a real server process.

Requests are signed and answers verified with `http-message-signatures`; receipts and checkpoints are checked with
`scitt-cose`, sigstore's code for Merkle trees and checkpoints, tessera's `fsck` and Go's `sumdb`. All this test knows of
the exchange are its documents: addresses, header names, and the formats' specifications.
"""

import base64
import hashlib
import json
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import http_message_signatures as hms
import httpx2
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures.httpx2 import adapt_message
from scitt_cose import merkle as scitt
from sigstore._internal.rekor import checkpoint as rekor
from sigstore._utils import KeyID

from admin.server.reaching import free_port
from tests.support.exchanges.starting import delete_rows, start_exchange
from tests.support.ledgers.other_verifiers import OUTSIDERS, Keyring, check_receipt, fsck_url
from tests.support.processes.server import serve_exchange, settings_on

pytestmark = pytest.mark.endurance

LEDGER = Path(sys.executable).with_name("ledger")
TAG = "data-exchange"
BOUND = {'"@method";req', '"@target-uri";req', '"signature";req;key="sig1"', '"@status"'}


def b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def digest_of(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


@dataclass
class Stranger:
    """Somebody with a key and other people's libraries."""

    http: httpx2.Client
    identity: dict[str, Any]
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public_key(self) -> str:
        return b64url(self.private.public_key().public_bytes_raw())

    def register(self, organisation: str, principal: str) -> dict[str, Any]:
        """The key and the proof that its holder agrees to the registration, from docs/signing.md alone."""
        expires = int(time.time()) + 600
        text = (
            f"data-exchange/key-registration/v1\nexchange {str(self.http.base_url).rstrip('/')}\n"
            f"organisation {organisation}\nprincipal {principal}\nkey {self.public_key}\nexpires {expires}\n"
        )
        proof = {"expires": expires, "signature": b64url(self.private.sign(text.encode()))}
        return {"public_key": self.public_key, "proof": proof}

    @property
    def keyid(self) -> str:
        """RFC 7638: the digest of the JWK's required members in order of their names."""
        jwk = {"crv": "Ed25519", "kty": "OKP", "x": self.public_key}
        return b64url(hashlib.sha256(json.dumps(jwk, separators=(",", ":")).encode()).digest())

    def request(
        self, method: str, path: str, document: Any = None, *, purpose: str | None = None, accept: str | None = None
    ) -> httpx2.Request:
        """A signed request."""
        request = self.http.build_request(method, path, json=document, headers={"accept": accept} if accept else {})
        covered = ["@method", "@target-uri"]
        if document is not None:
            request.headers["content-digest"] = digest_of(request.read())
            covered.append("content-digest")
        if purpose is not None:
            request.headers["exchange-purpose"] = purpose
            covered.append("exchange-purpose")
        now = datetime.now(UTC)
        resolver = hms.MappingKeyResolver(private_keys={self.keyid: self.private}, public_keys={})
        hms.HTTPMessageSigner(signature_algorithm=hms.algorithms.ED25519, key_resolver=resolver).sign(
            adapt_message(request),
            key_id=self.keyid,
            created=now,
            expires=now + timedelta(seconds=60),
            nonce=secrets.token_urlsafe(18),
            label="sig1",
            tag=TAG,
            use_existing_digest=document is not None,
            covered_component_ids=tuple(covered),
        )
        return request

    def call(self, method: str, path: str, document: Any = None, **more: Any) -> httpx2.Response:
        """Send a signed request and verify that the answer is the exchange's answer to this very request."""
        response = self.http.send(self.request(method, path, document, **more))
        self.verify(response)
        return response

    def verify(self, response: httpx2.Response, *, is_stream: bool = False) -> None:
        keys = {
            key["keyid"]: Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["public_key"] + "="))
            for key in self.identity["keys"]
        }
        resolver = hms.MappingKeyResolver(private_keys={}, public_keys=keys)
        verifier = hms.HTTPMessageVerifier(signature_algorithm=hms.algorithms.ED25519, key_resolver=resolver)
        [result] = verifier.verify(adapt_message(response), expect_tag=TAG)
        covered = set(result.covered_components)
        assert covered >= BOUND
        if "exchange-entry" in response.headers:
            assert '"exchange-entry"' in covered
        if not is_stream:
            assert '"content-digest"' in covered
            assert response.headers["content-digest"] == digest_of(response.content)

    def done(self, method: str, path: str, document: Any = None, **more: Any) -> Any:
        response = self.call(method, path, document, **more)
        assert response.is_success, response.text
        return response.json() if response.content else None


@dataclass
class Town:
    """A running exchange with its operator, and the libraries of strangers around it."""

    http: httpx2.Client
    identity: dict[str, Any]
    operator: Stranger
    people: str

    def join(self, handle: str, kind: str, code: str) -> tuple[str, Stranger]:
        member = Stranger(self.http, self.identity)
        first = {"kind": "member", "handle": "steward", "title": "Steward", **member.register(handle, "steward")}
        document = {
            "handle": handle,
            "kind": kind,
            "code": code,
            "level": "province" if kind == "department" else "none",
            "name_zh": handle,
            "name_en": handle,
            "first_member": first | {"roles": ["steward", "approver", "consumer", "security_administrator"]},
        }
        joined = self.operator.done("POST", "/api/v1/organisations", document)
        self.operator.done("POST", f"/api/v1/organisations/{joined['id']}/admission")
        return joined["id"], member


@pytest.fixture(scope="module")
async def town(database_url: str, people_table: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    await delete_rows(database_url)
    settings = settings_on(free_port(), database_url=database_url, data=tmp_path_factory.mktemp("town"))
    async with start_exchange(settings) as exchange:
        seed = bytes(exchange.keys["operator"].signing)
    with serve_exchange(settings), httpx2.Client(base_url=settings.public_url, timeout=30) as http:
        identity = http.get("/.well-known/data-exchange").json()
        operator = Stranger(http, identity, Ed25519PrivateKey.from_private_bytes(seed))
        yield Town(http, identity, operator, people_table)


def publish(town: Town, owner_id: str, owner: Stranger) -> Any:
    table = {"kind": "postgresql", "title": "人员", "dsn": town.people, "table": "people"}
    source = owner.done("POST", "/api/v1/sources", {"organisation": owner_id, "source": table})
    personal = {"person_id", "name", "born"}
    document = {
        "title": {"zh": "人员", "en": "People"},
        "description": {"zh": "合成数据", "en": "Synthetic"},
        "fields": [
            {
                "name": field["name"],
                "type": field["type"],
                "title": {"zh": field["name"], "en": field["name"]},
                "level": "G3" if field["name"] in personal else "G1",
                "personal": field["name"] in personal,
            }
            for field in source["description"]["fields"]
        ],
        "sharing": {"attribute": "conditional", "scope": "省内", "use": "人才服务"},
        "assessments": {"impact": {"reference": "made up", "digest": "00" * 32, "concluded_on": "2026-01-31"}},
        "terms": {
            "purposes": ["talent-service"],
            "basis": "statutory-duty",
            "fields": ["person_id", "name", "city", "born"],
            "masks": {"person_id": {"kind": "hash"}, "born": {"kind": "year"}},
            "row_filter": {"field": "city", "op": "eq", "value": "330120"},
        },
    }
    draft = owner.done("POST", "/api/v1/datasets", {"source": source["id"], "handle": "people", "document": document})
    return owner.done("POST", f"/api/v1/datasets/{draft['id']}/publication")


def test_the_whole_story_with_other_peoples_tools(town: Town, tmp_path: Path) -> None:
    owner_id, owner = town.join("stranger-owner", "department", "11330000002482031M")
    _, consumer = town.join("stranger-platform", "institution", "12330000470003281H")
    publish(town, owner_id, owner)
    listed = town.http.get("/catalog").json()
    assert "stranger-owner/people" in {node.get("dct:identifier") for node in listed["@graph"]}

    application = {
        "dataset": "stranger-owner/people",
        "fields": ["person_id", "name", "born"],
        "purpose": "talent-service",
        "basis": "浙江省公共数据条例",
        "scenario": "人才服务",
        "scope": "申请人",
        "not_after": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }
    applied = consumer.done("POST", "/api/v1/applications", application)
    narrower = {"fields": ["person_id", "born"], "row_cap": 100}
    approved = owner.done("POST", f"/api/v1/applications/{applied['id']}/approval", narrower)
    agreement = approved["agreement"]["id"]

    question = {"dataset": "stranger-owner/people", "limit": 5}
    answer = consumer.call("POST", "/api/v1/deliveries", question, purpose="talent-service")
    page = answer.json()
    assert page["fields"] == ["person_id", "born"]
    assert len(page["rows"]) == 5
    assert all(len(row["person_id"]) == 64 for row in page["rows"])

    # The same question in the plain form, and as a stream whose digest comes with its end.
    plain = consumer.call("GET", "/api/v1/deliveries?dataset=stranger-owner/people&limit=5", purpose="talent-service")
    assert plain.json()["rows"] == page["rows"]
    stream = consumer.http.send(
        consumer.request(
            "POST",
            "/api/v1/deliveries",
            {"dataset": "stranger-owner/people"},
            purpose="talent-service",
            accept="application/vnd.apache.arrow.stream",
        )
    )
    consumer.verify(stream, is_stream=True)
    rows = pa.ipc.open_stream(stream.content).read_all()
    assert rows.num_rows == 100
    ended = consumer.done("GET", f"/api/v1/deliveries/{stream.headers['exchange-delivery']}")
    assert (ended["state"], ended["content"]) == ("completed", digest_of(stream.content))

    # Refusals are signed, and on the ledger, as answers are.
    replayed = consumer.request("POST", "/api/v1/deliveries", question, purpose="talent-service")
    assert consumer.http.send(replayed).status_code == 200
    refusals = {
        "nonce-reused": consumer.http.send(replayed),
        "purpose-not-granted": consumer.call("POST", "/api/v1/deliveries", question, purpose="statistics"),
        "field-not-granted": consumer.call(
            "POST", "/api/v1/deliveries", question | {"fields": ["name"]}, purpose="talent-service"
        ),
        "key-unknown": Stranger(town.http, town.identity).call(
            "POST", "/api/v1/deliveries", question, purpose="talent-service"
        ),
    }
    owner.done("POST", f"/api/v1/agreements/{agreement}/suspension", {"reason": "核查"})
    refusals["agreement-suspended"] = consumer.call("POST", "/api/v1/deliveries", question, purpose="talent-service")
    for problem, refused in refusals.items():
        consumer.verify(refused)
        assert refused.json()["type"] == f"/problems/{problem}"

    # Every one of these answers has a receipt that code of others accepts.
    vkey = town.http.get("/ledger/vkey").text.strip()
    bodies = {}
    for response in (answer, plain, stream, *refusals.values()):
        index = int(response.headers["exchange-entry"])
        receipt = town.http.get(f"/ledger/receipts/{index}", headers={"prefer": "wait=10"})
        leaf = town.http.get(f"/ledger/entries/{index}").content
        assert check_receipt(receipt.text, leaf, index, vkey) > index
        bodies[index] = json.loads(leaf)["body"]
    completed = bodies[int(answer.headers["exchange-entry"])]
    assert completed["result"]["content"] == hashlib.sha256(answer.content).hexdigest()
    for problem, refused in refusals.items():
        assert bodies[refused.json()["entry"]]["problem"] == problem

    # The entry proves who requested: it has the key, the signature, and the digest of the signed base.
    assert completed["request"]["signature"] == answer.request.headers["signature"].split(":")[1]
    assert completed["actor"]["key"] == consumer.keyid

    check_tree(town, vkey, tmp_path)


def check_tree(town: Town, vkey: str, directory: Path) -> None:
    """The served tree has the roots that were signed, at every checkpoint, and each grew out of the one before."""
    keyring = Keyring(vkey)
    notes = town.http.get("/ledger/checkpoints").json()["checkpoints"]
    parsed = []
    for signed_note in notes:
        signed = rekor.SignedCheckpoint.from_text(signed_note["note"])
        ring: Any = keyring
        signed.signed_note.verify(ring, KeyID(keyring.key_id))
        assert signed.checkpoint.log_size == signed_note["size"]
        parsed.append(signed.checkpoint)
    newest = parsed[-1].log_size
    leaves = [town.http.get(f"/ledger/entries/{index}").content for index in range(newest)]
    for checkpoint in parsed:
        assert scitt.merkle_root([leaf.hex() for leaf in leaves[: checkpoint.log_size]]) == checkpoint.log_hash
    previous = "0" * 64
    for index, leaf in enumerate(leaves):
        assert json.loads(leaf)["prev"] == previous
        assert json.loads(leaf)["seq"] == index
        previous = hashlib.sha256(b"\0" + leaf).hexdigest()
    # tessera's checker reads the addresses themselves, and Go's checksum database an export of them.
    assert fsck_url(f"{town.http.base_url}/ledger/", directory / "served", vkey) is None
    subprocess.run([LEDGER, "export", directory / "export", "--url", str(town.http.base_url)], check=True)
    for name, verdict in OUTSIDERS.items():
        assert verdict(directory / "export", vkey) is None, name


def test_an_answer_cannot_be_passed_off_as_the_answer_to_another_question(town: Town) -> None:
    member = town.operator
    answer = member.call("GET", "/api/v1/me")
    other = member.request("GET", "/api/v1/organisations")
    answer.request = other
    with pytest.raises(hms.InvalidSignature):
        member.verify(answer)
