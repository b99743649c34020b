"""Exports are what other people's verifiers take them for: each of them accepts a good one, and refuses a bad one."""

import pytest
from scitt_cose import merkle as scitt

from ledger import entries
from ledger.format import canonical, checkpoint, note, tiles
from ledger.format.receipt import Receipt
from ledger.verification.verify import verify
from tests.support.ledgers.logs import Log
from tests.support.ledgers.other_verifiers import OUTSIDERS, check_receipt, fsck, sumdb
from tests.support.pages import example

SIZES = [1, 2, 255, 256, 257, 512, 700]


@pytest.mark.parametrize("outsider", OUTSIDERS)
@pytest.mark.parametrize("size", SIZES)
def test_logs_of_all_shapes_are_accepted(outsider, size, tmp_path):
    log = Log.signed_at(*{1, 2, size // 2 + 1, size} - {0} if size > 2 else {size})
    assert OUTSIDERS[outsider](log.write(tmp_path / "export"), log.signer.vkey) is None


def test_a_log_of_three_levels_is_accepted(tmp_path):
    log = Log.signed_at(1, 256, 65_535, 65_536, 65_800)
    directory = log.write(tmp_path / "export")
    assert fsck(directory, log.signer.vkey) is None
    assert sumdb(directory, log.signer.vkey) is None


def test_a_log_with_every_type_of_entry_is_accepted(tmp_path):
    log = Log.signed_at(1)
    bodies = [example(model, name) for model in entries.all_bodies() for name in entries.types_of(model)]
    for body in bodies:
        body.pop("account", None)  # made up one by one, the places in an account are no chain
    log.append_bodies([canonical.dumps(body) for body in bodies])
    log.sign()
    directory = log.write(tmp_path / "export")
    for name, outsider in OUTSIDERS.items():
        assert outsider(directory, log.signer.vkey) is None, name
    assert verify(directory, verifier=log.signer.verifier).findings == ()


@pytest.mark.parametrize("outsider", OUTSIDERS)
def test_an_altered_entry_is_refused(outsider, tmp_path):
    log = Log.signed_at(100, 300, 700)
    directory = log.write(tmp_path / "export")
    path = directory / tiles.entries_path(2, 700 - 512)
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    assert OUTSIDERS[outsider](directory, log.signer.vkey) is not None


@pytest.mark.parametrize("outsider", ["fsck", "sumdb", "sigstore"])
def test_another_key_is_refused(outsider, tmp_path):
    log = Log.signed_at(300)
    stranger = note.Signer(log.signer.name, bytes(32))
    assert OUTSIDERS[outsider](log.write(tmp_path / "export"), stranger.vkey) is not None


def test_our_receipts_and_consistency_proofs_are_accepted():
    log = Log.signed_at(*SIZES)
    for index in (0, 1, 254, 255, 256, 511, 512, 698, 699):
        path = tiles.inclusion_proof(log.read, index, log.size)
        receipt = Receipt(index, tuple(path), log.newest).text()
        assert check_receipt(receipt, log.leaves[index], index, log.signer.vkey) == log.size
    roots = {size: checkpoint.open(signed, log.signer.verifier).root.hex() for size, signed in log.checkpoints.items()}
    for old in SIZES:
        for new in (size for size in SIZES if size >= old):
            hashes = [value.hex() for value in tiles.consistency_proof(log.read, old, new)]
            assert scitt.verify_consistency(roots[old], roots[new], old, new, hashes)
            if hashes:
                assert not scitt.verify_consistency(roots[old], roots[new], old, new, hashes[::-1] + hashes[:1])
