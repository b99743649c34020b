"""An OPA server decides what the embedded engine decides, and not reaching it is a denial."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from admin.server.reaching import free_port
from policies.decision.documents import DeliveryInput
from policies.engines.embedded import EmbeddedEngine
from policies.engines.interpreter import ENTRY_POINT
from policies.engines.opa_server import open_opa_server
from policies.rego.bundle import Bundle, write_bundle
from tests.support.policy_samples import allowed, any_document
from tests.support.services.opa import run_opa

SECRET = "secret-value"


def document(**changes: Any) -> DeliveryInput:
    return DeliveryInput.model_validate_json(json.dumps({**allowed(), **changes}))


@pytest.fixture(scope="module")
async def server(opa: str, own_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a real OPA server with the exchange's bundle."""
    directory = tmp_path_factory.mktemp("opa")
    write_bundle(own_bundle, directory)
    async with run_opa(opa, directory) as url:
        yield url


async def test_the_server_decides_as_the_embedded_engine_does(server: str, engine: EmbeddedEngine):
    random = Random(20261123)
    async with open_opa_server(server, revision=engine.revision, within=10) as remote:
        for _ in range(200):
            question = DeliveryInput.model_validate_json(json.dumps(any_document(random)))
            assert await remote.decide(question) == await engine.decide(question)


async def test_another_revision_on_the_server_denies(server: str, caplog: pytest.LogCaptureFixture):
    async with open_opa_server(server, revision="0" * 64, within=10) as remote:
        decision = await remote.decide(document())
    assert [reason.code for reason in decision.reasons] == ["policy-unavailable"]
    assert "another policy revision" in caplog.text


async def test_a_server_that_is_down_denies_at_once(caplog: pytest.LogCaptureFixture):
    async with open_opa_server(f"http://127.0.0.1:{free_port()}", revision="r") as remote:
        decision = await remote.decide(document(purpose=SECRET))
    assert [reason.code for reason in decision.reasons] == ["policy-unavailable"]
    assert SECRET not in caplog.text


class Impostor(asyncio.Protocol):
    """Something on the port that is no OPA server: answers every request with the same bytes, or with nothing."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - whatever is asked
        self.transport.write(self.answer)


def http(status: str, body: bytes, kind: str = "application/json") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"\x00\x01",
        http("200 OK", b"{}"),
        http("200 OK", b"[]"),
        http("200 OK", b'{"result": true}'),
        http("200 OK", b'{"result": {"allow": true, "reasons": [], "revision": "r"}}'),
        http("200 OK", b'{"result": {"allow": true, "revision": "r"'),
        http("200 OK", b"<html>", "text/html"),
        http("404 Not Found", b"{}"),
        http("500 Internal Server Error", b'{"code": "internal_error"}'),
    ],
)
async def test_an_answer_that_is_no_decision_denies(answer: bytes):
    listening = await asyncio.get_running_loop().create_server(lambda: Impostor(answer), "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        async with open_opa_server(f"http://127.0.0.1:{port}", revision="r", within=0.2) as remote:
            decision = await remote.decide(document())
    assert [reason.code for reason in decision.reasons] == ["policy-unavailable"]


async def test_a_server_that_never_answers_is_waited_for_until_the_limit_only(caplog: pytest.LogCaptureFixture):
    is_asked, is_left = asyncio.Event(), asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        is_asked.set()
        while await reader.read(1 << 16):
            pass
        is_left.set()
        writer.close()

    listening = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        async with open_opa_server(f"http://127.0.0.1:{port}", revision="r", within=0.2) as remote:
            decision = await remote.decide(document())
            await is_left.wait()
    assert is_asked.is_set()
    assert [reason.code for reason in decision.reasons] == ["policy-unavailable"]
    assert "TimeoutError" in caplog.text


@pytest.mark.parametrize("url", ["", "localhost:8181", "ftp://opa", "http://", "http://opa/v1/data", "http://opa?x=1"])
async def test_only_an_address_is_accepted(url: str):
    with pytest.raises(ValueError, match="has the form"):
        async with open_opa_server(url, revision="r"):
            pass


def decided_by_opa(opa: str, own_bundle: Bundle, documents: list[Any], directory: Path) -> list[Any]:
    """OPA's answer to each document, from one process; None where it has no answer."""
    write_bundle(own_bundle, directory / "bundle")
    (directory / "input.json").write_text(json.dumps({"documents": documents}), encoding="utf-8")
    query = f"[[answer | answer := {ENTRY_POINT} with input as document] | some document in input.documents]"
    result = subprocess.run(
        [opa, "eval", "--format=raw", "--data", directory / "bundle", "--input", directory / "input.json", query],
        capture_output=True,
        check=True,
    )
    return [answers[0] if answers else None for answers in json.loads(result.stdout)]


@pytest.mark.endurance
def test_two_thousand_decisions_are_the_same_on_opa(
    opa: str, own_bundle: Bundle, engine: EmbeddedEngine, tmp_path: Path
):
    random = Random(1)
    documents = [any_document(random) for _ in range(2000)]
    theirs = decided_by_opa(opa, own_bundle, documents, tmp_path)
    ours = [json.loads(engine.evaluate(json.dumps(document))) for document in documents]
    assert [index for index, (own, other) in enumerate(zip(ours, theirs, strict=True)) if own != other] == []
    assert 500 < sum(decision["allow"] for decision in ours) < 1500


@pytest.mark.endurance
def test_documents_that_lack_a_fact_are_decided_alike_too(
    opa: str, own_bundle: Bundle, engine: EmbeddedEngine, tmp_path: Path
):
    # No such document passes the schema; should one ever reach an engine, no engine may be the more generous.
    random = Random(2)
    documents = [any_document(random) for _ in range(1000)]
    for document in documents:
        part: Any = document
        while isinstance(part, dict | list) and part:
            key = random.choice([*part] if isinstance(part, dict) else range(len(part)))
            if random.random() < 0.3 or not isinstance(part[key], dict | list) or not part[key]:
                del part[key]
                break
            part = part[key]
    theirs = decided_by_opa(opa, own_bundle, documents, tmp_path)
    for document, their in zip(documents, theirs, strict=True):
        our = engine.evaluate(json.dumps(document))
        assert (None if our == '"<undefined>"' else json.loads(our)) == their
