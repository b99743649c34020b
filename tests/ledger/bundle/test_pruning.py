"""A pruned ledger: what is gone is gone, what is left is proven, and nobody's word hides an entry that should be there."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.bundle.files import Bundle, Unreadable
from ledger.bundle.pruning import PruningRefused, prune
from ledger.cli import app
from ledger.format import canonical, checkpoint, entry, merkle, tiles
from ledger.format.receipt import Receipt
from ledger.verification.mirror import export
from ledger.verification.report import Code
from ledger.verification.verify import verify
from tests.support.ledgers.log_server import serve_log
from tests.support.ledgers.logs import Log

SIZES = (1, 100, 256, 300, 700)


@pytest.fixture
def log() -> Log:
    return Log.signed_at(*SIZES)


@pytest.fixture
def pruned(log: Log, tmp_path: Path) -> Path:
    directory = log.write(tmp_path / "export")
    assert prune(directory, 600).removed == 2
    return directory


def test_what_is_left_is_verified_and_the_report_says_what_was(log, pruned):
    report = verify(pruned, verifier=log.signer.verifier, minimum=600)
    assert report.is_ok, report.text()
    assert (report.entries, report.pruned, report.size) == (188, 512, 700)
    assert (report.checkpoints_matched, report.tiles) == (5, 2)
    assert report.text().startswith("OK: 188 of 700 entries are what the log signed; 512 are pruned")


def test_proofs_stay(log, pruned):
    signed = checkpoint.open(log.newest, log.signer.verifier)
    for index in (0, 300, 699):
        path = tiles.inclusion_proof(Bundle(pruned).read_tile, index, 700)
        receipt = Receipt(index, tuple(path), log.newest)
        assert receipt.verify(leaf=log.hashes[index], verifier=log.signer.verifier) == signed


@pytest.mark.parametrize("minimum", [0, 511])
def test_the_log_s_own_word_hides_nothing(pruned, minimum):
    """Only the auditor can accept that entries are gone, since a log that dropped them would state they were pruned."""
    report = verify(pruned, minimum=minimum)
    assert not report.is_ok
    assert report.first_bad_index == (0 if minimum < 256 else 256)
    assert any("--minimum-index 600" in remark for remark in report.remarks)


def test_entries_that_could_be_gone_and_are_there_are_checked(log, tmp_path):
    directory = log.write(tmp_path / "export")
    assert verify(directory, minimum=600).entries == 700
    path = directory / "tile/entries/000"
    path.write_bytes(tiles.pack([log.leaves[1], *log.leaves[1:256]]))
    report = verify(directory, minimum=600)
    assert (report.first_bad_index, report.findings[0].code) == (0, Code.ENTRY_ALTERED)
    path.write_bytes(tiles.pack(log.leaves[:100]))
    report = verify(directory, minimum=600)
    assert (report.first_bad_index, report.findings[0].code) == (100, Code.ENTRY_MISSING)


def test_hashes_of_pruned_entries_are_still_held_to_what_was_signed(pruned):
    data = bytearray((pruned / "tile/0/000").read_bytes())
    data[37 * 32] ^= 1
    (pruned / "tile/0/000").write_bytes(data)
    assert {finding.code for finding in verify(pruned, minimum=600).findings} == {Code.TILE_ALTERED, Code.ROOT_DIFFERS}
    (pruned / "tile/0/000").unlink()
    assert Code.TILE_MISSING in {finding.code for finding in verify(pruned, minimum=600).findings}


def test_a_hash_that_the_first_entry_left_names_is_told_from_its_tile(log, pruned):
    data = bytearray((pruned / "tile/0/001").read_bytes())
    data[-1] ^= 1
    (pruned / "tile/0/001").write_bytes(data)
    [finding] = verify(pruned, minimum=600).findings
    assert (finding.code, finding.index, finding.expected) == (Code.TILE_ALTERED, 511, log.hashes[511].hex())


def test_a_chain_that_was_signed_broken_is_found_at_the_first_entry_left(tmp_path):
    log = Log.signed_at(512)
    leaf = entry.splice(body=canonical.dumps({"type": "x"}), prev=bytes([7]) * 32, seq=512)
    edge = {(tile.level, tile.index): log.full[tile.level, tile.index] for tile in tiles.tiles_for_root(512)}
    log.leaves.append(leaf)
    log.hashes.append(merkle.leaf_hash(leaf))
    log.full |= tiles.extend(512, edge, [merkle.leaf_hash(leaf)])
    log.sign()
    directory = log.write(tmp_path / "export")
    before = verify(directory).findings
    prune(directory, 512)
    assert [(finding.code, finding.index) for finding in before] == [(Code.CHAIN_BROKEN, 512)]
    assert [(finding.code, finding.index) for finding in verify(directory, minimum=512).findings] == [
        (Code.CHAIN_BROKEN, 512)
    ]


def test_pruning_goes_forward_only_and_not_beyond_the_log(log, pruned):
    with pytest.raises(PruningRefused, match="600 are pruned"):
        prune(pruned, 599)
    with pytest.raises(PruningRefused, match="700"):
        prune(pruned, 701)
    assert prune(pruned, 700).removed == 0
    assert verify(pruned, minimum=700).entries == 188  # the bundle on the edge is not full yet
    with pytest.raises(Unreadable):
        prune(pruned / "nowhere", 1)


@pytest.mark.parametrize("text", ["", "x", "-1", "01", "1" * 40])
def test_a_minimum_index_that_is_none_is_a_finding(pruned, text):
    (pruned / "minimum-index").write_text(text)
    assert Code.FILE_UNUSABLE in {finding.code for finding in verify(pruned, minimum=600).findings}
    with pytest.raises(Unreadable):
        prune(pruned, 650)


def test_a_mirror_of_a_pruned_log_has_what_there_is(log, pruned, tmp_path):
    with serve_log(log) as server:
        whole = tmp_path / "whole"
        assert export(server.url, whole).report.is_ok
        server.broken |= {"minimum-index": b"600\n", "tile/entries/000": 410, "tile/entries/001": 410}
        exported = export(server.url, tmp_path / "mirror", minimum=600)
        assert exported.report.is_ok
        assert exported.report.pruned == 512
        assert not export(server.url, tmp_path / "mirror").report.is_ok  # nobody accepted it
        # An earlier mirror has the entries, and keeps them.
        assert export(server.url, whole).report.entries == 700
        assert not (whole / "minimum-index").exists()


def test_the_commands(log, pruned, tmp_path):
    run = CliRunner().invoke
    assert run(app, ["verify", str(pruned)]).exit_code == 1
    result = run(app, ["verify", str(pruned), "--minimum-index", "600"])
    assert (result.exit_code, "512 entries, of which only the hashes were checked" in result.stdout) == (0, True)
    assert run(app, ["prune", str(pruned), "100"]).exit_code == 1
    result = run(app, ["prune", str(log.write(tmp_path / "other")), "300"])
    assert (result.exit_code, result.stdout) == (0, "1 bundles of entries removed; the minimum index is 300\n")
