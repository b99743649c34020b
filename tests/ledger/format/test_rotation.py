"""Rotated keys of a log: each signs its own range of sizes and no other, and an entry announces each."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ledger.bundle.http import Fetcher
from ledger.bundle.remote import Remote
from ledger.cli import app
from ledger.format import canonical, checkpoint, merkle, note, rotation, tiles
from ledger.format.receipt import Receipt
from ledger.format.rotation import History, Rotation, RotationInvalid
from ledger.format.trust_policy import TrustPolicy
from ledger.verification.mirror import export
from ledger.verification.report import Code
from ledger.verification.verify import verify
from tests.support.ledgers.bundle_server import serve_bundle
from tests.support.ledgers.logs import ORIGIN, Log

OLD, NEW, LAST = (note.Signer(ORIGIN, bytes([number]) * 32) for number in (1, 2, 3))
SINCE = "2026-01-05T08:00:00.250000Z"
NewLog = Callable[..., Log]


def statement(old: note.Signer = OLD, new: note.Signer = NEW, size: int = 301, **other: object) -> str:
    change = Rotation(ORIGIN, "ledger", old.verifier, new.verifier, size, SINCE)
    return note.sign(change.text(), [old])


def rotated(new_log: NewLog, directory: Path, *, announce: bool = True) -> tuple[Log, Path]:
    """A log of 700 entries whose entry 300 announces another key, written as a bundle."""
    log = new_log(100, 300)
    for size, text in list(log.checkpoints.items()):
        log.checkpoints[size] = checkpoint.sign(checkpoint.parse(note.text_of(text)), OLD)
    change = Rotation(ORIGIN, "ledger", OLD.verifier, NEW.verifier, 301, SINCE)
    body = {"type": rotation.ENTRY_TYPE, "new": change.new.vkey, "statement": statement()}
    log.append(1, **(body if announce else {}))
    log.signer = NEW
    log.sign()
    log.append(399)
    log.sign()
    log.write(directory)
    (directory / "rotations").write_text(json.dumps([statement()]))
    return log, directory


@pytest.mark.parametrize("pinned", [OLD, NEW])
def test_either_key_is_enough_to_verify_all(new_log: NewLog, tmp_path: Path, pinned: note.Signer) -> None:
    _, directory = rotated(new_log, tmp_path / "bundle")
    report = verify(directory, verifier=pinned.verifier)
    assert report.is_ok, report.text()
    assert report.checkpoints_matched == 4
    assert not verify(directory, verifier=LAST.verifier).is_ok


def test_it_is_followed_over_http_too(new_log: NewLog, tmp_path: Path) -> None:
    _, directory = rotated(new_log, tmp_path / "bundle")
    (directory / "checkpoints" / "300.tsr").write_bytes(b"a token")
    with serve_bundle(directory) as url:
        for pinned in (OLD, NEW):
            with Fetcher(url) as source:
                report = verify(Remote(source), verifier=pinned.verifier)
            assert report.is_ok, report.text()
            assert report.checkpoints_matched == 4
            assert "1 timestamps were not checked" in report.text()
        with Fetcher(url) as source:
            assert not verify(Remote(source), verifier=LAST.verifier).is_ok
        assert export(url, tmp_path / "mirror", verifier=OLD.verifier).report.is_ok
    assert (tmp_path / "mirror" / "checkpoints" / "300.tsr").read_bytes() == b"a token"
    assert json.loads((tmp_path / "mirror" / "rotations").read_bytes()) == [statement()]


def test_a_receipt_is_verified_by_any_of_the_keys(new_log: NewLog, tmp_path: Path) -> None:
    """Where the key was rotated after it was pinned, the announcements in the export lead to the one that signed."""
    log, directory = rotated(new_log, tmp_path / "bundle")
    receipt, leaf = tmp_path / "receipt", tmp_path / "entry"
    receipt.write_text(Receipt(37, tuple(tiles.inclusion_proof(log.read, 37, 700)), log.newest).text())
    leaf.write_bytes(log.leaves[37])

    def run(key: note.Signer, *more: object) -> Result:
        words = ["receipt", receipt, "--entry", leaf, "--vkey", key.vkey, *more]
        return CliRunner().invoke(app, [str(word) for word in words])

    assert run(NEW).exit_code == 0
    refused = run(OLD)
    assert refused.exit_code == 1
    assert "--rotations" in refused.stderr
    with serve_bundle(directory) as url:
        for place in (directory, url):
            assert run(OLD, "--rotations", place).exit_code == 0
            assert "do not lead" in run(LAST, "--rotations", place).stderr


def test_a_policy_may_name_any_of_the_keys(new_log: NewLog, tmp_path: Path) -> None:
    _, directory = rotated(new_log, tmp_path / "bundle")
    for signer, is_one in ((OLD, True), (NEW, True), (LAST, False)):
        assert verify(directory, trust=TrustPolicy.for_log(signer.verifier)).is_ok is is_one


def test_the_announcement_may_be_pruned(new_log: NewLog, tmp_path: Path) -> None:
    _, directory = rotated(new_log, tmp_path / "bundle")
    for bundle in (tiles.entries_path(0), tiles.entries_path(1)):
        (directory / bundle).unlink()
    report = verify(directory, verifier=OLD.verifier, minimum=512)
    assert report.is_ok, report.text()
    assert "entry 300, which announces a key of the log, is pruned" in report.text()


@pytest.mark.parametrize(("size", "wrong"), [(100, NEW), (300, NEW), (301, OLD), (700, OLD)])
def test_a_key_signs_its_own_range_only(new_log: NewLog, tmp_path: Path, size: int, wrong: note.Signer) -> None:
    log, directory = rotated(new_log, tmp_path / "bundle")
    (directory / "checkpoints" / str(size)).write_text(
        checkpoint.sign(checkpoint.parse(note.text_of(log.checkpoints[size])), wrong)
    )
    report = verify(directory, verifier=OLD.verifier)
    assert [(finding.code, finding.path) for finding in report.findings] == [
        (Code.CHECKPOINT_INVALID, f"checkpoints/{size}")
    ]


def test_a_rotation_without_its_entry_is_found(new_log: NewLog, tmp_path: Path) -> None:
    _, directory = rotated(new_log, tmp_path / "bundle", announce=False)
    [finding] = verify(directory, verifier=OLD.verifier).findings
    assert (finding.code, finding.index) == (Code.KEY_DIFFERS, 300)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[1]", b'["x"]', b"[" * 100_000, json.dumps([statement(NEW, OLD)]).encode(), b"[]"],
)
def test_statements_that_do_not_lead_to_the_key_are_refused(new_log: NewLog, tmp_path: Path, content: bytes) -> None:
    _, directory = rotated(new_log, tmp_path / "bundle")
    (directory / "rotations").write_bytes(content)
    assert not verify(directory, verifier=OLD.verifier).is_ok


def test_statements_follow_each_other() -> None:
    history = History.from_announcements([statement(), statement(NEW, LAST, 500)])
    assert [history.at(size) for size in (0, 300, 301, 499, 500, 10**9)] == [
        signer.verifier for signer in (OLD, OLD, NEW, NEW, LAST, LAST)
    ]
    for wrong in (
        [],
        [statement(NEW, LAST, 500), statement()],
        [statement(), statement(NEW, LAST, 301)],
        [statement(), statement(OLD, LAST, 500)],
    ):
        with pytest.raises(RotationInvalid):
            History.from_announcements(wrong)


def test_a_statement_is_the_old_keys() -> None:
    good = statement()
    assert rotation.parse(good).text() == note.text_of(good)
    text = note.text_of(good)
    with pytest.raises(RotationInvalid):
        rotation.parse(note.sign(text, [NEW]))
    for before, after in (("ledger\n", "other\n"), ("301", "0301"), (SINCE, "now"), ("/v1", "/v2")):
        with pytest.raises(RotationInvalid):
            rotation.parse(note.sign(text.replace(before, after, 1), [OLD]))
    with pytest.raises(RotationInvalid):
        rotation.parse(statement(OLD, OLD))
    with pytest.raises(checkpoint.MalformedCheckpoint):
        checkpoint.parse(text)
    assert canonical.loads(canonical.dumps({"statement": good})) == {"statement": good}
    assert merkle.EMPTY_ROOT
