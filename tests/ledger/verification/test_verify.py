"""The verifier reports each fault of a ledger that somebody changed."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.format import canonical, checkpoint, entry, merkle, note, tiles
from ledger.verification.report import Code, Report
from ledger.verification.verify import verify

SIZES = (1, 100, 256, 300, 700)


@pytest.fixture
def log(new_log):
    return new_log(*SIZES)


@pytest.fixture
def bundle(log, tmp_path):
    return log.write(tmp_path / "bundle")


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def alter(bundle: Path, index: int, change: Callable[[bytes], bytes]) -> bytes:
    """Change one entry in its bundle of entries, and nothing else; returns its new leaf hash."""
    path = bundle / entries_file(index)
    entries = tiles.unpack(path.read_bytes())
    entries[index % 256] = change(entries[index % 256])
    path.write_bytes(tiles.pack(entries))
    return merkle.leaf_hash(entries[index % 256])


def entries_file(index: int) -> str:
    return tiles.entries_path(index // 256, min(256, SIZES[-1] - index // 256 * 256))


def lie(leaf: bytes) -> bytes:
    """The entry with another body, in good form."""
    parsed = entry.parse(leaf)
    return entry.splice(body=canonical.dumps({**parsed.body, "n": -1}), prev=parsed.prev, seq=parsed.seq)


def rebuild_tiles(bundle: Path) -> None:
    """Compute all tiles anew from the entries as they are now, as somebody with the database in hand would."""
    hashes = [
        merkle.leaf_hash(leaf)
        for start in range(0, SIZES[-1], 256)
        for leaf in tiles.unpack((bundle / entries_file(start)).read_bytes())
    ]
    for (level, index), data in tiles.extend(0, {}, hashes).items():
        (bundle / tiles.path(level, index, len(data) // 32)).write_bytes(data)


def only(report: Report):
    assert not report.is_ok
    assert len(report.findings) == 1, report.text()
    return report.findings[0]


def test_a_ledger_as_it_was_signed_is_in_order(log, bundle):
    report = verify(bundle, verifier=log.signer.verifier)
    assert report.is_ok
    assert (report.origin, report.size, report.entries) == (log.signer.name, 700, 700)
    assert report.root == merkle.root(log.hashes).hex()
    assert (report.checkpoints, report.checkpoints_matched) == (5, 5)
    assert report.key_given
    assert report.remarks == ()
    assert report.text().startswith("OK: all 700 entries are what the log signed")


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513])
def test_logs_of_all_shapes_are_in_order(new_log, tmp_path, size):
    log = new_log(size)
    report = verify(log.write(tmp_path / "bundle"))
    assert report.is_ok, report.text()
    assert report.size == size


def test_a_key_that_came_with_the_bundle_is_named_as_such(log, bundle):
    report = verify(bundle)
    assert report.is_ok
    assert not report.key_given
    assert any(log.signer.vkey in remark for remark in report.remarks)


@pytest.mark.parametrize("index", [0, 1, 37, 255, 256, 299, 300, 650, 698, 699])
def test_an_altered_entry_is_named(log, bundle, index):
    altered = alter(bundle, index, lie)
    finding = only(report := verify(bundle))
    assert report.first_bad_index == finding.index == index
    assert finding.code == Code.ENTRY_ALTERED
    assert finding.expected == log.hashes[index].hex()
    assert finding.found == altered.hex()
    assert "tile" in finding.evidence
    assert any(evidence.startswith("checkpoint ") for evidence in finding.evidence)
    assert report.text().startswith(f"FAILED: the first bad entry is {index}\n")


@pytest.mark.parametrize("index", [0, 37, 255, 256, 650, 698])
def test_an_altered_entry_is_named_though_all_tiles_were_made_to_fit(log, bundle, index):
    alter(bundle, index, lie)
    rebuild_tiles(bundle)
    finding, *further = verify(bundle).findings
    assert (finding.code, finding.index) == (Code.ENTRY_ALTERED, index)
    assert finding.expected == log.hashes[index].hex()
    assert f"prev of entry {index + 1}" in finding.evidence
    assert [other.path for other in further] in ([], ["tile/1/000.p/2"])  # made to fit, and hence altered too


def test_several_altered_entries_are_all_named(bundle):
    for index in (5, 6, 260, 699):
        alter(bundle, index, lie)
    report = verify(bundle)
    assert [(finding.code, finding.index) for finding in report.findings] == [
        (Code.ENTRY_ALTERED, index) for index in (5, 6, 260, 699)
    ]


def test_an_altered_prev_is_blamed_on_the_entry_that_has_it(bundle):
    def other_prev(leaf: bytes) -> bytes:
        parsed = entry.parse(leaf)
        return entry.splice(body=canonical.dumps(parsed.body), prev=bytes(32), seq=parsed.seq)

    alter(bundle, 400, other_prev)
    assert only(verify(bundle)).index == 400
    rebuild_tiles(bundle)
    assert only(verify(bundle)).index == 400


def test_a_rewritten_end_of_the_log_is_narrowed_down_by_the_checkpoints(log, new_log, bundle, tmp_path):
    """The entries from 280 on are written anew, with their chain and their tiles: only signatures reveal it."""
    other = new_log(280)
    other.append(420, forged=True)
    other.sign()
    forged = {path: data for path, data in other.files().items() if path.startswith("tile/")}
    for path, data in forged.items():
        (bundle / path).write_bytes(data)
    finding = only(report := verify(bundle))
    assert finding.code == Code.ROOT_DIFFERS
    assert (finding.index, finding.until) == (256, 300)
    assert (report.checkpoints, report.checkpoints_matched) == (5, 3)
    assert "one of 256 to 299" in report.text()


def test_what_a_checkpoint_has_settled_does_not_blur_what_comes_later(new_log, bundle):
    other = new_log(280)
    other.append(420, forged=True)
    other.sign()
    for path, data in other.files().items():
        if path.startswith("tile/"):
            (bundle / path).write_bytes(data)
    flip(bundle / "tile/0/000", 5 * 32)
    tile, rewritten = verify(bundle).findings
    assert (tile.code, tile.index) == (Code.TILE_ALTERED, 5)
    assert (rewritten.code, rewritten.index, rewritten.until) == (Code.ROOT_DIFFERS, 256, 300)


def test_swapped_entries_are_both_named(log, bundle):
    first, second = log.leaves[10], log.leaves[20]
    alter(bundle, 10, lambda _: second)
    alter(bundle, 20, lambda _: first)
    report = verify(bundle)
    assert [finding.index for finding in report.findings] == [10, 20]
    assert "has the number 20" in report.findings[0].detail


@pytest.mark.parametrize("index", [0, 37, 255, 300, 698, 699])
def test_a_flipped_bit_in_a_leaf_tile_is_blamed_on_the_tile(log, bundle, index):
    width = min(256, 700 - index // 256 * 256)
    flip(bundle / tiles.path(0, index // 256, width), index % 256 * 32 + 5)
    finding = only(verify(bundle))
    assert (finding.code, finding.index) == (Code.TILE_ALTERED, index)
    assert finding.expected == log.hashes[index].hex()
    assert "entry" in finding.evidence


def test_a_flipped_bit_in_an_upper_tile_is_blamed_on_that_tile(log, bundle):
    flip(bundle / "tile/1/000.p/2", 40)
    finding = only(verify(bundle))
    assert (finding.code, finding.path) == (Code.TILE_ALTERED, "tile/1/000.p/2")
    assert finding.expected == log.full[1, 0][32:].hex()


def test_whatever_is_changed_counts(log, tmp_path, new_log):
    """Whichever byte of whichever file is changed (every third is tried), the bundle does not pass."""
    small = new_log(2)
    directory = small.write(tmp_path / "small")
    for path, data in small.files().items():
        for position in range(0, len(data), 3):
            (directory / path).write_bytes(data[:position] + bytes([data[position] ^ 0x20]) + data[position + 1 :])
            assert not verify(directory, verifier=small.signer.verifier).is_ok, (path, position)
        (directory / path).write_bytes(data)
    assert verify(directory).is_ok


@pytest.mark.parametrize("length", [1, 100, 8000])
def test_a_truncated_bundle_of_entries_names_the_first_missing(log, bundle, length):
    path = bundle / "tile/entries/001"
    path.write_bytes(path.read_bytes()[:-length])
    whole, _ = tiles.split(path.read_bytes())
    finding = verify(bundle).findings[0]
    assert (finding.code, finding.index) == (Code.ENTRY_MISSING, 256 + len(whole))


def test_missing_entries_are_named_even_without_their_tile(bundle):
    (bundle / "tile/entries/001").unlink()
    report = verify(bundle)
    assert (report.findings[0].code, report.first_bad_index) == (Code.ENTRY_MISSING, 256)
    (bundle / "tile/0/001").unlink()
    report = verify(bundle)
    assert report.first_bad_index == 256
    assert report.checkpoints_matched == 3
    assert any("could not be matched" in remark for remark in report.remarks)


def test_missing_and_misshapen_tiles_are_named(bundle):
    (bundle / "tile/0/001").unlink()
    finding = only(verify(bundle))
    assert (finding.code, finding.path) == (Code.TILE_MISSING, "tile/0/001")
    (bundle / "tile/0/001").write_bytes(b"x" * 8193)
    assert only(verify(bundle)).code == Code.FILE_UNUSABLE
    (bundle / "tile/0/001").write_bytes(b"")
    assert only(verify(bundle)).path == "tile/0/001"


def test_a_log_that_was_cut_back_is_found_out_by_whoever_holds_a_later_checkpoint(log, new_log, tmp_path):
    shorter = new_log(1, 100, 256)
    bundle = shorter.write(tmp_path / "bundle")
    assert verify(bundle).is_ok
    finding = only(verify(bundle, known=[log.newest]))
    assert (finding.code, finding.index) == (Code.LOG_TRUNCATED, 256)
    assert verify(bundle, known=[log.checkpoints[100]]).is_ok


def test_a_replayed_checkpoint_is_noticed(log, bundle):
    (bundle / "checkpoint").write_text(log.checkpoints[300])
    finding = only(report := verify(bundle))
    assert (finding.code, finding.expected, finding.found) == (Code.CHECKPOINT_REPLAYED, "700", "300")
    assert report.size == 700


def test_a_dropped_newest_checkpoint_does_not_hide_the_log(bundle):
    (bundle / "checkpoint").unlink()
    finding = only(report := verify(bundle))
    assert finding.code == Code.CHECKPOINT_MISSING
    assert report.size == 700


def test_a_second_history_under_the_same_key_is_a_fork(log, new_log, bundle):
    other = new_log(100)
    other.append(200, other=True)
    forked = other.sign()
    finding = only(verify(bundle, known=[forked]))
    assert (finding.code, finding.path) == (Code.CHECKPOINT_FORKED, "known checkpoint 1")
    (bundle / "checkpoints/300").write_text(forked)
    assert only(verify(bundle)).code == Code.CHECKPOINT_FORKED


def test_checkpoints_that_nobody_signed_are_named(log, bundle):
    stranger = note.Signer(log.signer.name, bytes(32))
    signed = checkpoint.sign(checkpoint.Checkpoint(log.signer.name, 300, bytes(32)), stranger)
    (bundle / "checkpoints/300").write_text(signed)
    finding = only(verify(bundle))
    assert (finding.code, finding.path) == (Code.CHECKPOINT_INVALID, "checkpoints/300")
    (bundle / "checkpoints/300").write_text(log.checkpoints[256])
    assert only(verify(bundle)).found == "256"
    (bundle / "checkpoints/300").write_text(log.checkpoints[300])
    (bundle / "checkpoints/9000").write_text(signed)
    assert only(verify(bundle)).path == "checkpoints/9000"


def test_another_key_than_the_log_s_proves_nothing(log, bundle):
    other = note.Signer(log.signer.name, bytes(32))
    report = verify(bundle, verifier=other.verifier)
    assert not report.is_ok
    assert report.size is None
    finding = only(report)
    assert (finding.code, finding.expected, finding.found) == (Code.KEY_DIFFERS, other.vkey, log.signer.vkey)
    assert "exchange's operator" in finding.detail
    (bundle / "vkey").write_text(other.vkey)
    assert not verify(bundle).is_ok


def test_a_log_that_signed_a_malformed_entry_is_told_so(new_log, tmp_path):
    log = new_log()
    log.append(3)
    for body in (b'{"a": 1}', b"\xff", b"", log.leaves[1][8:].split(b',"prev"')[0]):
        leaf = log.leaves[2] if body == b"" else b'{"body":' + body + b',"prev":"' + b"0" * 64 + b'","seq":7,"v":1}'
        bad = new_log()
        bad.leaves, bad.hashes = [*log.leaves[:2], leaf], [*log.hashes[:2], merkle.leaf_hash(leaf)]
        bad.full = tiles.extend(0, {}, bad.hashes)
        bad.sign()
        report = verify(bad.write(tmp_path / "bundle"))
        assert report.is_ok == (body == b"")
        assert report.first_bad_index in (None, 1, 2)


def test_a_log_that_begins_in_the_middle_is_told_so(new_log, tmp_path):
    log = new_log()
    leaf = entry.splice(body=b"{}", prev=bytes([1]) * 32, seq=0)
    log.leaves, log.hashes = [leaf], [merkle.leaf_hash(leaf)]
    log.full = tiles.extend(0, {}, log.hashes)
    log.sign()
    finding = only(verify(log.write(tmp_path / "bundle")))
    assert (finding.code, finding.index) == (Code.CHAIN_BROKEN, 0)


def test_a_policy_that_cannot_be_met_is_not_passed_over(log, bundle):
    (bundle / "policy").write_text(f"# ours\nlog {log.signer.vkey} https://x.example\nquorum none\n")
    assert verify(bundle).is_ok
    (bundle / "policy").write_text(f"log {log.signer.vkey}\nwitness W {log.signer.vkey}\nquorum W\n")
    assert only(verify(bundle)).code == Code.POLICY_INVALID
    (bundle / "policy").write_text("quorum none\n")
    assert only(verify(bundle)).code == Code.KEY_DIFFERS


@pytest.mark.parametrize("path", ["checkpoint", "vkey", "policy", "checkpoints/300", "tile/0/001", "tile/entries/001"])
def test_links_pipes_and_directories_are_not_read(bundle, tmp_path, path):
    real = tmp_path / "real"
    (bundle / path).rename(real)
    (bundle / path).symlink_to(real)
    assert path in [finding.path for finding in verify(bundle).findings]
    (bundle / path).unlink()
    os.mkfifo(bundle / path)
    assert path in [finding.path for finding in verify(bundle).findings]
    (bundle / path).unlink()
    (bundle / path).mkdir()
    assert path in [finding.path for finding in verify(bundle).findings]


def test_a_linked_directory_is_not_followed(bundle, tmp_path):
    (bundle / "tile").rename(tmp_path / "elsewhere")
    (bundle / "tile").symlink_to(tmp_path / "elsewhere")
    report = verify(bundle)
    assert not report.is_ok
    assert report.entries == 0


@pytest.mark.parametrize("path", ["checkpoint", "vkey", "policy", "checkpoints/300", "tile/0/001", "tile/entries/001"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\n" * 70_000, b"\x00" * 8192, b"\xff" * 8192])
def test_rubbish_in_any_file_is_a_finding_and_nothing_else(bundle, path, content):
    (bundle / path).write_bytes(content)
    assert not verify(bundle).is_ok


def test_a_file_far_larger_than_it_can_be_is_not_read(bundle):
    with (bundle / "tile/entries/001").open("wb") as file:
        file.truncate(1 << 40)
    finding = verify(bundle).findings[0]
    assert (finding.code, finding.index) == (Code.ENTRY_MISSING, 256)
    assert "at most" in finding.detail


def test_a_checkpoint_of_an_absurd_size_comes_to_an_end(log, bundle):
    absurd = checkpoint.Checkpoint(log.signer.name, (1 << 63) - 1, bytes(32))
    (bundle / "checkpoint").write_text(checkpoint.sign(absurd, log.signer))
    report = verify(bundle)
    assert report.first_bad_index == 512
    assert report.entries == 512


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_mutilated_bundle_never_passes_and_never_breaks_the_verifier(log, tmp_path, data):
    files = log.files()
    directory = tmp_path / "mutilated"
    if not directory.exists():
        log.write(directory)
    paths = data.draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=3, unique=True))
    for path in paths:
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(files[path]))] * 2)))
        middle = data.draw(st.binary(max_size=40) | st.just(files[data.draw(st.sampled_from(sorted(files)))]))
        (directory / path).write_bytes(files[path][:start] + middle + files[path][end:])
    report = verify(directory, verifier=log.signer.verifier)
    changed = {path for path in paths if (directory / path).read_bytes() != files[path]}
    assert report.is_ok == (not changed) or changed <= {"policy", "vkey"}, report.text()  # these have room for comments
    assert json.dumps(report.to_json())
    for path in paths:
        (directory / path).write_bytes(files[path])


def test_an_empty_directory_and_none_at_all_are_reported(tmp_path):
    assert not verify(tmp_path).is_ok
    assert not verify(tmp_path / "nowhere").is_ok


def test_a_thoroughly_broken_log_fills_no_memory(bundle):
    for index in range(0, 700, 2):
        alter(bundle, index, lie)
    report = verify(bundle)
    assert len(report.findings) == 100
    assert report.omitted == 250
    assert report.first_bad_index == 0


def test_the_report_as_json_says_what_the_text_says(bundle):
    alter(bundle, 37, lie)
    report = verify(bundle)
    printed = json.loads(json.dumps(report.to_json()))
    assert printed["ok"] is False
    assert printed["first_bad_index"] == 37
    assert printed["findings"][0]["code"] == "entry-altered"
    assert set(printed["findings"][0]) == {"code", "detail", "index", "path", "expected", "found", "evidence"}
