"""OPA as a deployment runs it: signed bundles, a token, TLS, and ten thousand decisions that are those of our engine."""

import asyncio
import gzip
import io
import json
import tarfile
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest

from policies.decision.documents import DeliveryInput
from policies.engines.embedded import EmbeddedEngine
from policies.engines.interpreter import ENTRY_POINT
from policies.engines.opa_server import open_opa_server
from policies.rego.bundle import Bundle
from policies.rego.signing import (
    ALGORITHM,
    SIGNATURES,
    build_authorization,
    derive_public_key,
    generate_key,
    sign_bundle,
    sign_files,
)
from tests.support.policy_samples import allowed_document, any_document
from tests.support.services.opa import OpaEnded, certificate, run_opa

TOKEN = "token-of-the-exchange"
TEN_THOUSAND = 10_000
CHUNK = 500


@pytest.fixture(scope="module")
def key() -> bytes:
    return generate_key()


@pytest.fixture
def laid_out(own_bundle: Bundle, key: bytes, tmp_path: Path) -> Path:
    """A directory with the signed bundle, and the key that OPA verifies it with."""
    (tmp_path / "bundle.tar.gz").write_bytes(sign_bundle(own_bundle, key=key))
    (tmp_path / "key.pem").write_bytes(derive_public_key(key))
    return tmp_path


def verified(directory: Path, *bundles: str) -> list[str | Path]:
    paths: list[str | Path] = [directory / name for name in bundles or ("bundle.tar.gz",)]
    return ["--bundle", *paths, "--verification-key", directory / "key.pem", "--signing-alg", ALGORITHM]


@pytest.mark.endurance
async def test_ten_thousand_decisions_of_a_server_with_a_signed_bundle_are_ours(
    opa: str, engine: EmbeddedEngine, laid_out: Path
):
    random = Random(4)
    documents = [any_document(random) for _ in range(TEN_THOUSAND)]
    query = f"answers := [answer | some document in input; answer := {ENTRY_POINT} with input as document]"
    allowed_ = differing = 0
    async with run_opa(opa, *verified(laid_out)) as url, httpx2.AsyncClient(base_url=url, timeout=30) as client:

        async def theirs(begin: int) -> list[Any]:
            # Many at once through an ad-hoc query: ten thousand single requests would measure the client.
            question = {"query": query, "input": documents[begin : begin + CHUNK]}
            answer = await client.post("/v1/query", json=question)
            evaluated: list[Any] = answer.raise_for_status().json()["result"][0]["answers"]
            return evaluated

        waiting = asyncio.create_task(theirs(0))
        for begin in range(0, TEN_THOUSAND, CHUNK):
            answers = await waiting
            waiting = asyncio.create_task(theirs((begin + CHUNK) % TEN_THOUSAND))
            await asyncio.sleep(0)
            assert len(answers) == CHUNK
            for document, answer in zip(documents[begin : begin + CHUNK], answers, strict=True):
                ours = json.loads(engine.evaluate(json.dumps(document)))
                differing += ours != answer
                allowed_ += ours["allow"]
        await waiting
    assert differing == 0
    assert 0.2 < allowed_ / TEN_THOUSAND < 0.8


@pytest.mark.endurance
async def test_many_questions_at_once_get_each_its_own_answer(opa: str, engine: EmbeddedEngine, laid_out: Path):
    random = Random(5)
    questions = [DeliveryInput.model_validate_json(json.dumps(any_document(random))) for _ in range(300)]
    async with (
        run_opa(opa, *verified(laid_out)) as url,
        open_opa_server(url, revision=engine.revision, within=20) as remote,
    ):
        answers = await asyncio.gather(*map(remote.decide, questions))
    assert answers == [engine.decide_now(question) for question in questions]


def repacked(packed: bytes, changes: dict[str, bytes | None]) -> bytes:
    """A bundle with other files in it, under the signature it had."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        files = {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for path, content in {**files, **changes}.items():
            if content is not None:
                member = tarfile.TarInfo(path)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


async def refuses_to_start(opa: str, directory: Path) -> bool:
    try:
        async with run_opa(opa, *verified(directory)):
            return False
    except OpaEnded:
        return True


async def test_opa_does_not_start_with_a_bundle_that_was_changed(
    opa: str, own_bundle: Bundle, laid_out: Path, key: bytes
):
    file = laid_out / "bundle.tar.gz"
    packed = file.read_bytes()
    policy = own_bundle.files["delivery.rego"]
    changes: list[dict[str, bytes | None]] = [
        {},
        {"delivery.rego": policy.replace(b"default allow := false", b"default allow := true ")},
        {"data.json": json.dumps({"bundle": {"revision": "0" * 64}}).encode()},
        {".manifest": b'{"roots": [""]}'},
        {"more.rego": b"package exchange.more\n"},
        {"delivery.rego": None},
        {SIGNATURES: sign_files({"delivery.rego": policy}, key=key)},
        {SIGNATURES: None},
    ]
    outcomes = []
    for change in changes:
        file.write_bytes(repacked(packed, change))
        outcomes.append(await refuses_to_start(opa, laid_out))
    assert outcomes == [bool(change) for change in changes]
    file.write_bytes(packed)
    (laid_out / "key.pem").write_bytes(derive_public_key(generate_key()))
    assert await refuses_to_start(opa, laid_out)


async def test_opa_itself_vouches_for_our_signature(opa: str, laid_out: Path, tmp_path: Path):
    command = (opa, "build", *verified(laid_out), "--output", tmp_path / "built.tar.gz")
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, output = await process.communicate()
    assert process.returncode == 0, output.decode()


async def test_only_who_shows_the_token_is_answered_and_only_the_one_question(
    opa: str, engine: EmbeddedEngine, laid_out: Path, key: bytes
):
    packed = build_authorization(TOKEN, key=key)
    assert TOKEN.encode() not in gzip.decompress(packed)
    (laid_out / "authorization.tar.gz").write_bytes(packed)
    secured = (
        *verified(laid_out, "bundle.tar.gz", "authorization.tar.gz"),
        "--authentication=token",
        "--authorization=basic",
    )
    async with run_opa(opa, *secured) as url:
        for token in (TOKEN, None, "", "another", TOKEN[:-1]):
            async with open_opa_server(url, revision=engine.revision, token=token, within=10) as remote:
                decision = await remote.decide(allowed_document())
            assert decision.allow == (token == TOKEN)
            if token != TOKEN:
                assert [reason.code for reason in decision.reasons] == ["policy-unavailable"]
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(base_url=url, headers=headers) as client:
            for method, path in (
                ("PUT", "/v1/policies/more"),
                ("DELETE", "/v1/policies/delivery.rego"),
                ("GET", "/v1/policies"),
                ("PUT", "/v1/data/bundle"),
                ("GET", "/v1/data"),
                ("POST", "/v1/data"),
                ("POST", "/v1/query"),
                ("POST", "/v1/compile"),
                ("GET", "/v1/config"),
            ):
                assert (await client.request(method, path, content="{}")).status_code in {401, 403}, path


async def test_tls_is_checked_against_the_file_of_authorities(
    opa: str, engine: EmbeddedEngine, laid_out: Path, tmp_path: Path
):
    chain, secret = certificate(tmp_path)
    tls = ("--tls-cert-file", chain, "--tls-private-key-file", secret)
    async with run_opa(opa, *verified(laid_out), *tls, tls=chain) as url:
        async with open_opa_server(url, revision=engine.revision, ca=chain, within=10) as remote:
            assert await remote.decide(allowed_document()) == await engine.decide(allowed_document())
        for address in (url, url.replace("https", "http")):  # the system's authorities; no TLS at all
            async with open_opa_server(address, revision=engine.revision, within=2) as remote:
                decision = await remote.decide(allowed_document())
            assert [reason.code for reason in decision.reasons] == ["policy-unavailable"]
