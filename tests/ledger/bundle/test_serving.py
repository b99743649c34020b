"""`ledger serve`: an export, served as an exchange serves its ledger, and nothing else of the machine."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from admin.server.reaching import free_port
from ledger.bundle.http import Fetcher
from ledger.bundle.pruning import prune
from ledger.bundle.remote import Remote
from ledger.format import tiles
from ledger.verification.mirror import export
from ledger.verification.verify import verify
from tests.support.ledgers.bundle_server import serve_bundle
from tests.support.ledgers.logs import Log
from tests.support.ledgers.other_verifiers import fsck_url

SIZES = (1, 100, 256, 300, 700)


@pytest.fixture(scope="module")
def log() -> Log:
    return Log.signed_at(*SIZES)


@pytest.fixture
def exported(log: Log, tmp_path: Path) -> Path:
    return log.write(tmp_path / "export")


@pytest.fixture
def url(exported: Path) -> Iterator[str]:
    with serve_bundle(exported) as address:
        yield address


def test_whoever_reads_an_exchange_reads_it(log: Log, url: str, tmp_path: Path) -> None:
    assert export(url, tmp_path / "mirror", verifier=log.signer.verifier).report.is_ok
    with Fetcher(url) as source:
        report = verify(Remote(source), verifier=log.signer.verifier)
    assert report.is_ok
    assert report.checkpoints_matched == len(SIZES)
    assert fsck_url(f"{url}/ledger/", tmp_path / "served", log.signer.vkey) is None


@pytest.mark.parametrize(
    ("path", "media_type", "caching"),
    [
        ("checkpoint", "text/plain; charset=utf-8", "no-cache"),
        ("vkey", "text/plain; charset=utf-8", "no-cache"),
        ("policy", "text/plain; charset=utf-8", "no-cache"),
        ("checkpoints?after=0&limit=2", "application/json", "no-cache"),
        ("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("tile/1/000.p/2", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("tile/entries/000", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("tile/entries/002.p/188", "application/octet-stream", "public, max-age=31536000, immutable"),
    ],
)
def test_answers_say_what_they_are_and_how_long_they_keep(log, exported, url, path, media_type, caching):
    answer = httpx2.get(f"{url}/ledger/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["cache-control"] == caching
    if "?" not in path:
        assert answer.content == (exported / path).read_bytes()
    head = httpx2.head(f"{url}/ledger/{path}")
    assert (head.headers["content-length"], head.content) == (str(len(answer.content)), b"")


def test_partial_tiles_of_any_older_tree_follow_from_what_is_there(log, url):
    for width in (1, 44, 187):
        assert httpx2.get(f"{url}/ledger/tile/0/001.p/{width}").content == log.full[0, 1][: width * 32]
        assert httpx2.get(f"{url}/ledger/tile/0/002.p/{width}").content == log.full[0, 2][: width * 32]
        entries = httpx2.get(f"{url}/ledger/tile/entries/002.p/{width}").content
        assert tiles.unpack(entries) == log.leaves[512 : 512 + width]
    assert httpx2.get(f"{url}/ledger/tile/1/000.p/1").content == log.full[1, 0][:32]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "ledger",
        "ledger/",
        "ledger/tile",
        "ledger/tile/0/",
        "ledger/tile/0/003",
        "ledger/tile/0/002",
        "ledger/tile/0/002.p/189",
        "ledger/tile/0/000.p/0",
        "ledger/tile/0/000.p/256",
        "ledger/tile/2/000.p/1",
        "ledger/tile/00/000",
        "ledger/tile/entries/002",
        "ledger/checkpoints/300",
        "ledger/minimum-index",
        "ledger/../secret",
        "ledger/tile/0/../../../secret",
        "ledger/%2e%2e/secret",
        "ledger//etc/passwd",
        "ledger/tile/entries/000%00",
        "secret",
    ],
)
def test_nothing_else_is_there(exported, url, path):
    (exported.parent / "secret").write_text("secret")
    (exported / "secret").write_text("secret")
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=10) as raw:
        raw.sendall(f"GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"no-store" in answer
    assert not answer.endswith(b"secret")


def test_a_link_out_of_the_export_is_not_followed(exported, url, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (exported / "vkey").unlink()
    (exported / "vkey").symlink_to(tmp_path / "secret")
    answer = httpx2.get(f"{url}/ledger/vkey")
    assert (answer.status_code, "secret" in answer.text) == (500, False)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_is_read_only(url, method):
    assert httpx2.request(method, f"{url}/ledger/checkpoint").status_code == 501


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=9999999", "limit=0", "after=9" * 50, "x=%ff"])
def test_a_strange_question_for_checkpoints_gets_an_answer(url, query):
    assert httpx2.get(f"{url}/ledger/checkpoints?{query}").status_code in {200, 500}


def test_a_pruned_export_says_that_what_was_there_is_gone(log, exported, url):
    prune(exported, 300)
    pruned = httpx2.get(f"{url}/ledger/tile/entries/000")
    assert (pruned.status_code, pruned.headers["cache-control"]) == (410, "no-store")
    assert httpx2.get(f"{url}/ledger/tile/entries/001").status_code == 200
    assert httpx2.get(f"{url}/ledger/minimum-index").text == "300\n"
    assert httpx2.get(f"{url}/ledger/tile/0/000").content == log.full[0, 0]


def test_the_command_serves(log: Log, exported: Path) -> None:
    port = free_port()
    command = [str(Path(sys.executable).with_name("ledger")), "serve", str(exported), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address == f"http://127.0.0.1:{port}/ledger/checkpoint"
            assert httpx2.get(address).text == log.newest
        finally:
            process.terminate()
