"""The witness as a real process: every answer the protocol knows, races, kills, and what hostile clients send."""

import hashlib
import itertools
import signal
import socket
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx2
import pytest

from ledger.format import checkpoint, merkle, note, tiles
from ledger.format.cosignature import Cosigner
from ledger.witness import protocol
from ledger.witness.server import MAX_CONNECTIONS
from tests.support.services import witnesses

SIZES = (0, 1, 5, 9, 300, 700)
ORIGIN = "exchange.example/ledger/1"


@pytest.fixture(scope="module")
def log(new_log):
    return new_log(*SIZES)


@pytest.fixture(scope="module")
def fork(new_log):
    """The same log under the same key, with another history from entry 5 on."""
    forked = new_log(5)
    for size in SIZES[3:]:
        forked.append(size - forked.size, forked="yes")
        forked.sign()
    return forked


def request(log, old: int, new: int, *, signed: str | None = None) -> str:
    proof = tiles.consistency_proof(log.read, old, new) if 0 < old <= new else []
    return protocol.AddCheckpoint(old, tuple(proof), signed or log.checkpoints[new]).text()


@pytest.fixture
def directory(log, tmp_path):
    witnesses.make_witness(tmp_path / "witness", log.signer.vkey)
    return tmp_path / "witness"


@pytest.fixture
def running(directory):
    with witnesses.serve_witness(directory) as running:
        yield running


@pytest.fixture(scope="module")
def shared(log, tmp_path_factory):
    """One for all that changes nothing."""
    directory = tmp_path_factory.mktemp("shared") / "witness"
    witnesses.make_witness(directory, log.signer.vkey)
    with witnesses.serve_witness(directory) as running:
        yield running


def cosigners(running) -> list[Cosigner]:
    return [Cosigner.parse(vkey) for vkey in running.vkeys]


def check(running, log, size: int, answer: httpx2.Response) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8"), answer.text
    keys = cosigners(running)
    assert note.open(log.checkpoints[size] + answer.text, keys).signed_by == tuple(keys)


def shown(running) -> httpx2.Response:
    return httpx2.get(f"{running.url}/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint")


def test_a_log_is_cosigned_as_it_grows_and_monitors_see_it(running, log):
    assert shown(running).status_code == 404
    for old, new in itertools.pairwise((0, *SIZES, SIZES[-1])):
        check(running, log, new, running.add(request(log, old, new)))
        keys = cosigners(running)
        opened = note.open(shown(running).text, [log.signer.verifier, *keys])
        assert opened.signed_by == (log.signer.verifier, *keys)
        assert checkpoint.parse(opened.text).size == new
    assert httpx2.get(f"{running.url}/{'0' * 64}/checkpoint").status_code == 404


def test_every_refusal_has_the_status_of_the_specification(running, log, fork, new_log):
    other = new_log(1, origin="other.example/log")
    thief = new_log(1, seed=bytes(32))
    signed = log.checkpoints[1]
    assert running.add(request(other, 0, 1)).status_code == 404
    assert running.add(request(thief, 0, 1)).status_code == 403
    assert running.add(request(log, 0, 1, signed=signed + thief.signer.line("x\n"))).status_code == 200
    assert running.add(request(log, 1, 1, signed=signed + log.signer.line("x\n"))).status_code == 403
    assert running.add(request(log, 5, 1)).status_code == 400
    conflict = running.add(request(log, 5, 9))
    assert (conflict.status_code, conflict.text) == (409, "1\n")
    assert conflict.headers["content-type"] == "text/x.tlog.size"
    assert running.add(request(log, 0, 5)).text == "1\n"
    check(running, log, 5, running.add(request(log, 1, 5)))
    proof = tuple(tiles.consistency_proof(log.read, 5, 9))
    bad = [(), proof[:-1], (*proof, proof[0]), proof[::-1], (bytes(32), *proof[1:])]
    for wrong in bad:
        body = protocol.AddCheckpoint(5, wrong, log.checkpoints[9]).text()
        assert running.add(body).status_code == 422
    assert running.add(protocol.AddCheckpoint(5, proof, log.checkpoints[5]).text()).status_code == 422
    check(running, log, 9, running.add(request(log, 5, 9)))
    for answer in (running.add(request(fork, 9, 300)), running.add(request(fork, 9, 9))):
        assert answer.status_code == 422  # signed by the log, and yet another history
    assert running.add(request(log, 5, 9)).status_code == 409  # replayed
    assert running.add(request(log, 1, 5)).status_code == 409
    assert checkpoint.parse(note.split(shown(running).text)[0]).size == 9


def test_nothing_comes_before_the_empty_tree(running, log):
    wrong = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, 0, bytes(32)), log.signer)
    assert running.add(request(log, 0, 0, signed=wrong)).status_code == 422
    body = protocol.AddCheckpoint(0, (merkle.EMPTY_ROOT,), log.checkpoints[5]).text()
    assert running.add(body).status_code == 422
    check(running, log, 0, running.add(request(log, 0, 0)))
    check(running, log, 700, running.add(request(log, 0, 700)))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:0],
        lambda text: text.replace("old 0", "old 00"),
        lambda text: text.replace("old 0", "old -1"),
        lambda text: text.replace("old 0", "Old 0"),
        lambda text: text.replace("old 0", "old  0"),
        lambda text: text.replace("old 0", "old 0\r"),
        lambda text: text.replace("old 0", "old 9223372036854775808"),
        lambda text: text.replace("old 0\n", "old 0\nAAAA\n"),
        lambda text: text.replace("old 0\n", "old 0\n!\n"),
        lambda text: text.replace("old 0\n", "old 0\n" + (note.encode_base64(bytes(32)) + "\n") * 64),
        lambda text: text.replace("\n\n", "\n", 1),
        lambda text: text[: text.index("—")],
        lambda text: text.replace("—", "-"),
        lambda text: text.encode("utf-16"),
        lambda text: text[:-1],
    ],
)
def test_what_is_not_a_request_is_400(shared, log, change):
    assert shared.add(change(request(log, 0, 1))).status_code == 400


@pytest.mark.endurance
def test_of_two_concurrent_requests_the_slower_one_does_not_roll_back(directory, log):
    """Two processes share the state here, as after a careless restart; the comparison holds between them too."""
    with ExitStack() as stack:
        pair = [stack.enter_context(witnesses.serve_witness(directory)) for _ in range(2)]
        pool = stack.enter_context(ThreadPoolExecutor(16))
        check(pair[0], log, 1, pair[0].add(request(log, 0, 1)))
        size = 1
        for new in SIZES[2:]:
            jobs = [
                pool.submit(pair[turn % 2].add, request(log, size, goal)) for turn in range(8) for goal in (new, 700)
            ]
            answers = [job.result() for job in jobs]
            assert {answer.status_code for answer in answers} <= {200, 409}
            size = checkpoint.parse(note.split(shown(pair[0]).text)[0]).size
            assert all(int(answer.text) in {new, size} for answer in answers if answer.status_code == 409)
            if size == 700:
                break
        assert size == 700 or new == 700
        assert shown(pair[0]).text == shown(pair[1]).text


KILLED = """
import os, signal
from ledger.witness import server

async def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

server._send = killed
from ledger.cli import main; main()
"""


def test_a_witness_killed_between_keeping_and_answering_cosigns_the_same_again(directory, log):
    with witnesses.serve_witness(directory, program=KILLED) as running:
        with pytest.raises(httpx2.TransportError):
            running.add(request(log, 0, 5))
        assert running.process.wait(20) == -signal.SIGKILL
    with witnesses.serve_witness(directory) as running:
        conflict = running.add(request(log, 0, 5))
        assert (conflict.status_code, conflict.text) == (409, "5\n")
        check(running, log, 5, running.add(request(log, 5, 5)))
        check(running, log, 9, running.add(request(log, 5, 9)))


@pytest.mark.endurance
def test_a_restart_forgets_nothing_and_a_log_can_have_a_second_key(directory, log, new_log):
    with witnesses.serve_witness(directory) as running:
        check(running, log, 300, running.add(request(log, 0, 300)))
        before = shown(running).text
    second = new_log(*SIZES, seed=bytes(32))
    witnesses.run_witness("trust", directory, second.signer.vkey)
    witnesses.run_witness("trust", directory, log.signer.vkey)  # again, which changes nothing
    assert f"{ORIGIN} 300 " in witnesses.run_witness("show", directory)
    with witnesses.serve_witness(directory) as running:
        assert shown(running).text == before
        assert running.add(request(log, 5, 9)).status_code == 409
        check(running, second, 700, running.add(request(second, 300, 700)))


@pytest.mark.endurance
def test_a_full_or_locked_database_cosigns_nothing(directory, log):
    with witnesses.serve_witness(directory) as running:
        check(running, log, 1, running.add(request(log, 0, 1)))
        holder = sqlite3.connect(directory / "witness.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert running.add(request(log, 1, 5)).status_code == 500
        holder.execute("ROLLBACK")
        holder.close()
        check(running, log, 5, running.add(request(log, 1, 5)))


def raw(running, data: bytes) -> bytes:
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(data)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
        return received


HOST = b"Host: w\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 404),
        (b"GET /add-checkpoint HTTP/1.0\r\n\r\n", 405),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413),
        (b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: 65536\r\n\r\n" + b"y" * 65536, 400),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length : 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n", 431),
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"\x16\x03\x01\r\n\r\n", 400),
    ],
)
def test_what_is_not_http_as_expected_is_answered_and_ended(shared, data, status):
    assert raw(shared, data).startswith(f"HTTP/1.1 {status} ".encode())


def test_connections_are_bounded_and_may_be_used_again(running, log):
    host, port = running.url.removeprefix("http://").split(":")
    with ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            stack.enter_context(socket.create_connection((host, int(port)), timeout=30))
        surplus = stack.enter_context(socket.create_connection((host, int(port)), timeout=30))
        assert surplus.recv(1) == b""
    with httpx2.Client(base_url=running.url) as client:
        for old, new in itertools.pairwise(SIZES):
            check(running, log, new, client.post("/add-checkpoint", content=request(log, old, new).encode()))


def test_keys_are_made_once_and_are_the_owners_alone(directory):
    keys = directory / "witness.keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    before = keys.read_bytes()
    assert "has a witness's keys already" in witnesses.run_witness(
        "init", directory, "--name", "witness.example/w1", status=1
    )
    assert keys.read_bytes() == before
    keys.chmod(0o644)
    assert "others can read it" in witnesses.run_witness("serve", directory, status=1)
    keys.chmod(0o600)
    keys.write_bytes(before.replace(b"w1+", b"w2+", 1))
    assert "key id" in witnesses.run_witness("show", directory, status=1)


def test_an_ed25519_witness_alone(tmp_path):
    [vkey] = witnesses.run_witness("init", tmp_path / "w", "--name", "w", "--ed25519-only").split()
    assert Cosigner.parse(vkey).kind == 4
    assert witnesses.run_witness("init", tmp_path / "x", "--name", "a b", status=1)
    witnesses.run_witness("trust", tmp_path / "w", "nonsense", status=2)


def test_litewitness_gives_the_same_answers(tmp_path, log, fork, new_log):
    """A witness that others wrote agrees with ours: its signatures verify here, and it refuses the same requests."""
    with witnesses.serve_litewitness(tmp_path / "lite", log.signer.verifier) as running:
        assert running.add(request(new_log(1, origin="other.example/log"), 0, 1)).status_code == 404
        assert running.add(request(new_log(1, seed=bytes(32)), 0, 1)).status_code == 403
        for old, new in itertools.pairwise(SIZES[1:-1]):
            before = 0 if old == 1 else old
            answer = running.add(request(log, before, new))
            keys = cosigners(running)
            assert answer.status_code == 200, answer.text
            assert note.open(log.checkpoints[new] + answer.text, keys).signed_by == tuple(keys)
        conflict = running.add(request(log, 5, 9))
        assert (conflict.status_code, conflict.text) == (409, "300\n")
        assert protocol.parse_size(conflict.content) == 300
        assert running.add(request(fork, 300, 700)).status_code == 422
        assert running.add(request(log, 700, 300)).status_code == 400
        assert running.add(request(log, 300, 300)).status_code == 200
        assert running.add(request(log, 300, 700)).status_code == 200
