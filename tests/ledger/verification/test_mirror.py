"""Mirroring a ledger from a real server, which may be interrupted, may have grown, and may lie."""

import json

import pytest

from ledger.bundle.files import Unreadable
from ledger.format import note, tiles, trust_policy
from ledger.format.cosignature import CosignerKey
from ledger.verification import mirror
from ledger.verification.verify import verify
from tests.support.ledgers.log_server import serve_log


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    """Ask again as often as always, without the pauses."""
    monkeypatch.setattr("ledger.bundle.http.PAUSE", 0.0)


def content(directory) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize(
    "sizes",
    [(0,), (1,), (255, 256), (1, 2, 3, 100, 256, 300, 700), pytest.param((65_800,), marks=pytest.mark.endurance)],
)
def test_an_export_is_the_whole_ledger_and_verifies(new_log, tmp_path, sizes):
    log = new_log(*sizes)
    with serve_log(log) as server:
        exported = mirror.export(server.url, tmp_path)
    assert exported.report.is_ok, exported.report.text()
    assert exported.checkpoint.size == sizes[-1]
    expected = log.files()
    if sizes == (0,):  # the list of past checkpoints begins after size 0
        expected["checkpoints/0"] = expected["checkpoint"]
    assert content(tmp_path) == expected


def test_an_export_needs_nothing_else_to_be_verified(new_log, tmp_path):
    log = new_log(1, 300)
    with serve_log(log) as server:
        mirror.export(server.url, tmp_path)
    assert verify(tmp_path, verifier=log.signer.verifier).is_ok


def test_a_second_export_fetches_only_what_is_new(new_log, tmp_path):
    log = new_log(100, 700)
    with serve_log(log) as server:
        mirror.export(server.url, tmp_path)
        log.append(400)
        log.sign()
        server.requests.clear()
        exported = mirror.export(server.url, tmp_path)
    assert exported.report.is_ok
    assert content(tmp_path) == log.files()  # and the partial tiles of the earlier size are gone
    assert "tile/0/000" not in server.requests
    assert "tile/entries/001" not in server.requests
    assert len([path for path in server.requests if path.startswith("tile/entries/")]) == 3
    assert server.requests.count("checkpoints") == 2


def test_nothing_new_costs_next_to_nothing(new_log, tmp_path):
    log = new_log(700)
    with serve_log(log) as server:
        mirror.export(server.url, tmp_path)
        before = content(tmp_path)
        server.requests.clear()
        exported = mirror.export(server.url, tmp_path)
    assert exported.report.is_ok
    assert content(tmp_path) == before
    assert not any(path.startswith("tile/entries/") for path in server.requests)


def test_an_interrupted_export_is_taken_up_again(new_log, tmp_path):
    log = new_log(100, 300, 1500)
    with serve_log(log) as server:
        server.broken["tile/entries/003"] = 503
        with pytest.raises(mirror.ExportFailed, match="status 503"):
            mirror.export(server.url, tmp_path)
        assert not (tmp_path / "checkpoint").exists()
        server.broken.clear()
        server.requests.clear()
        exported = mirror.export(server.url, tmp_path)
    assert exported.report.is_ok
    assert "tile/entries/002" not in server.requests
    assert content(tmp_path) == log.files()


def test_a_partial_tile_may_have_given_way_to_the_full_one(new_log, tmp_path):
    log = new_log(100, 300)
    older = {path: data for path, data in log.files().items() if not path.startswith("tile/")}
    log.append(400)
    with serve_log(log) as server:
        server.broken["checkpoint"] = log.checkpoints[300].encode()
        server.broken |= dict.fromkeys(("tile/0/001.p/44", "tile/entries/001.p/44"), 404)
        server.broken |= {"tile/1/000.p/1": log.read(1, 0, 1), "tile/0/001": log.full[0, 1]}
        server.broken["tile/entries/001"] = tiles.pack(log.leaves[256:512])
        server.broken["tile/entries/000"] = tiles.pack(log.leaves[:256])
        server.broken["tile/0/000"] = log.full[0, 0]
        exported = mirror.export(server.url, tmp_path)
    assert exported.report.is_ok, exported.report.text()
    assert exported.report.size == 300
    assert older.items() <= content(tmp_path).items()


@pytest.mark.parametrize(
    "path", ["tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/001", "tile/entries/002.p/188"]
)
def test_a_server_cannot_put_anything_into_the_directory_that_was_not_signed(new_log, tmp_path, path):
    log = new_log(100, 700)
    with serve_log(log) as server:
        data = bytearray(log.files()[path])
        data[40] ^= 1
        server.broken[path] = bytes(data)
        with pytest.raises(mirror.ExportRefused) as refused:
            mirror.export(server.url, tmp_path)
        if path.startswith("tile/entries/"):
            first = 512 if path.endswith("188") else 256
            assert f"entry {first} is not the one that was logged" in str(refused.value)
            assert log.hashes[first].hex() in str(refused.value)
        assert not (tmp_path / path).exists()
        assert not (tmp_path / "checkpoint").exists()
        server.broken.clear()
        assert mirror.export(server.url, tmp_path).report.is_ok


def test_a_log_that_does_not_continue_the_directory_s_is_refused_and_nothing_changes(new_log, tmp_path):
    with serve_log(new_log(100, 300)) as server:
        mirror.export(server.url, tmp_path)
    before = content(tmp_path)
    forked = new_log(100)
    forked.append(600, forked=True)
    forked.sign()
    sibling = new_log(100)
    sibling.append(200, forked=True)
    sibling.sign()
    for other, message in (
        (forked, "does not continue"),
        (sibling, "does not continue"),
        (new_log(100), "has shrunk"),
        (new_log(100, 300, seed=bytes(32)), "not the one in the directory"),
        (new_log(100, 300, origin="other.example/ledger/1"), "not the one in the directory"),
    ):
        with serve_log(other) as server, pytest.raises(mirror.ExportRefused, match=message):
            mirror.export(server.url, tmp_path)
        assert content(tmp_path) == before


def test_the_key_that_was_given_is_the_one_that_counts(new_log, tmp_path):
    log = new_log(10)
    with serve_log(log) as server:
        with pytest.raises(mirror.ExportRefused, match="that was given"):
            mirror.export(server.url, tmp_path, verifier=note.Signer(log.signer.name, bytes(32)).verifier)
        assert content(tmp_path) == {}
        exported = mirror.export(server.url, tmp_path, verifier=log.signer.verifier)
        assert exported.report.key_given


def test_past_checkpoints_are_taken_only_with_a_signature_and_in_order(new_log, tmp_path):
    log = new_log(5, 10, 20)
    stranger = new_log(5, 10, 20, seed=bytes(32))
    with serve_log(log) as server:
        for notes, error in (
            ([stranger.checkpoints[10]], mirror.ExportRefused),
            ([log.checkpoints[10], log.checkpoints[5]], mirror.ExportFailed),
        ):
            page = {"checkpoints": [{"size": 0, "note": signed} for signed in notes]}
            server.broken["checkpoints"] = json.dumps(page).encode()
            with pytest.raises(error):
                mirror.export(server.url, tmp_path)
            assert not (tmp_path / "checkpoint").exists()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("vkey", b"no key"),
        ("vkey", b"\xff"),
        ("vkey", b"x" * 100_000),
        ("vkey", 404),
        ("checkpoint", b"no checkpoint"),
        ("checkpoint", b"\xff\xff"),
        ("checkpoint", 500),
        ("checkpoint", 302),
        ("checkpoints", b"[" * 100_000),
        ("checkpoints", b'{"checkpoints":[1]}'),
        ("checkpoints", b"null"),
        ("checkpoints", b'{"checkpoints":[{"note":"\\ud800"}]}'),
        ("tile/0/000.p/10", b""),
        ("tile/0/000.p/10", b"x" * 9000),
        ("tile/0/000.p/10", 404),
        ("tile/entries/000.p/10", b"\xff\xff"),
    ],
)
def test_rubbish_from_the_server_is_a_clear_error(new_log, tmp_path, path, data):
    with serve_log(new_log(10)) as server:
        server.broken[path] = data
        with pytest.raises((mirror.ExportFailed, mirror.ExportRefused)) as failed:
            mirror.export(server.url, tmp_path)
    assert str(failed.value)
    assert not (tmp_path / "checkpoint").exists()


def test_entries_that_a_server_leaves_out_are_named(new_log, tmp_path):
    log = new_log(300)
    with serve_log(log) as server:
        server.broken["tile/entries/001.p/44"] = tiles.pack(log.leaves[256:270])
        with pytest.raises(mirror.ExportRefused, match="does not have entry 270"):
            mirror.export(server.url, tmp_path)


def test_what_the_server_says_about_its_refusal_is_passed_on(new_log, tmp_path):
    with serve_log(new_log(10)) as server:
        server.broken["tile/entries/000.p/10"] = 403
        server.problem = json.dumps({"detail": "Ask an auditor.\x1b[31m"}).encode()
        with pytest.raises(mirror.ExportFailed, match=r"status 403: Ask an auditor.\[31m$"):
            mirror.export(server.url, tmp_path)


def test_no_server_and_no_url_are_a_clear_error(tmp_path):
    for url in ("http://127.0.0.1:9", "nonsense", "http://[", "ftp://x"):
        with pytest.raises(mirror.ExportFailed, match="ledger/vkey"):
            mirror.export(url, tmp_path)


def test_a_directory_that_cannot_be_written_is_a_clear_error(new_log, tmp_path):
    target = tmp_path / "file"
    target.write_text("in the way")
    with serve_log(new_log(10)) as server, pytest.raises(Unreadable):
        mirror.export(server.url, target)


def test_a_link_in_the_directory_is_not_written_through(new_log, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    directory = tmp_path / "bundle"
    directory.mkdir()
    (directory / "tile").symlink_to(elsewhere)
    with serve_log(new_log(10)) as server, pytest.raises(Unreadable):
        mirror.export(server.url, directory)
    assert content(elsewhere) == {}


def test_the_servers_policy_is_kept_as_it_is_and_held_to(new_log, tmp_path):
    log = new_log(5, 300)
    key = CosignerKey("w.example", 4, bytes(32))
    text = f"# ours\nlog {log.signer.vkey}\nwitness W {key.cosigner.vkey}\nquorum W\n"
    for size, signed in log.checkpoints.items():
        if size == 300:
            log.checkpoints[size] = signed + key.line(note.split(signed)[0], time=1)
    with serve_log(log) as server:
        server.broken["policy"] = text.encode()
        exported = mirror.export(server.url, tmp_path, trust=trust_policy.parse(text))
        assert exported.report.is_ok, exported.report.text()
        assert (tmp_path / "policy").read_text() == text
        server.broken["policy"] = 404  # an exchange of before
        assert mirror.export(server.url, tmp_path).report.is_ok
        assert (tmp_path / "policy").read_text() == f"log {log.signer.vkey}\nquorum none\n"


@pytest.mark.parametrize(
    ("text", "failure"),
    [(b"nonsense\n", mirror.ExportFailed), (b"quorum none\n", mirror.ExportRefused), (b"\xff", mirror.ExportFailed)],
)
def test_a_policy_that_is_none_or_of_another_log_is_not_taken(new_log, tmp_path, text, failure):
    with serve_log(new_log(5)) as server:
        server.broken["policy"] = text
        with pytest.raises(failure):
            mirror.export(server.url, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
