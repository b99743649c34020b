"""Receipts: what they prove, and everything that must not pass for one."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.format import checkpoint, entry, merkle, note, tiles
from ledger.format.receipt import Receipt, ReceiptInvalid, verify_receipt


@pytest.fixture(scope="module")
def log(new_log):
    return new_log(1, 300)


@pytest.fixture(scope="module")
def receipt(log):
    return Receipt(37, tuple(tiles.inclusion_proof(log.read, 37, 300)), log.newest)


def test_a_receipt_proves_its_entry(log):
    for size, signed in log.checkpoints.items():
        for index in {0, size // 2, size - 1}:
            text = Receipt(index, tuple(tiles.inclusion_proof(log.read, index, size)), signed).text()
            proven = verify_receipt(text, log.leaves[index], log.signer.verifier)
            assert (proven.size, proven.origin) == (size, log.signer.name)


def test_the_text_is_the_specification_s(receipt):
    lines = receipt.text().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 37"]
    assert [base64.b64decode(line) for line in lines[2 : 2 + len(receipt.proof)]] == list(receipt.proof)
    assert "\n".join(lines[3 + len(receipt.proof) :]) == receipt.checkpoint


def test_a_golden_log_s_entries_are_proven_by_its_own_checkpoints(vectors):
    log = vectors("golden_log.json")
    verifier = note.Verifier.parse(log["vkey"])
    entries = tiles.unpack(base64.b64decode(log["entries"]))
    tile = base64.b64decode(log["tile"])
    for size in range(1, 16):
        for index in range(size):
            hashes = tiles.inclusion_proof(lambda *_: tile, index, size)
            read = Receipt.parse(Receipt(index, tuple(hashes), log["checkpoints"][size]).text())
            assert read.verify(leaf=merkle.leaf_hash(entries[index]), verifier=verifier).size == size


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.binary(max_size=40),
    st.sampled_from(["a checkpoint\n", "one\n\ntwo\n"]),
)
def test_a_receipt_reads_back(index, hashes, extra, signed):
    ours = Receipt(index, tuple(hashes), signed, extra)
    assert Receipt.parse(ours.text()) == ours


def test_another_entry_is_not_proven(log, receipt):
    leaf = log.leaves[37]
    for other in (log.leaves[36], leaf + b" ", leaf[:-1], b"", leaf.replace(b'"n":37', b'"n":38')):
        with pytest.raises(ReceiptInvalid):
            verify_receipt(receipt.text(), other, log.signer.verifier)


def test_another_key_does_not_prove_it(log, receipt):
    for key in (
        note.Signer(log.signer.name, bytes(32)).verifier,
        note.Verifier("other.example", log.signer.verifier.public_key),
    ):
        with pytest.raises(ReceiptInvalid):
            verify_receipt(receipt.text(), log.leaves[37], key)


def test_another_checkpoint_does_not_prove_it(log, receipt):
    forged = checkpoint.Checkpoint(log.signer.name, 300, merkle.leaf_hash(log.leaves[37]))
    stranger = note.Signer(log.signer.name, bytes(32))
    for signed in (
        log.checkpoints[1],
        checkpoint.sign(forged, stranger),
        log.newest.replace("300", "301"),
        "",
        "no checkpoint\n",
    ):
        with pytest.raises(ReceiptInvalid):
            verify_receipt(Receipt(37, receipt.proof, signed).text(), log.leaves[37], log.signer.verifier)


def test_every_changed_character_of_a_receipt_is_noticed(log, receipt):
    text = receipt.text()
    for position, character in enumerate(text):
        changed = text[:position] + ("B" if character != "B" else "C") + text[position + 1 :]
        with pytest.raises(ReceiptInvalid):
            verify_receipt(changed, log.leaves[37], log.signer.verifier)


def test_an_entry_that_names_another_index_is_not_taken(log):
    leaf = entry.splice(body=b"{}", prev=log.hashes[0], seq=5)
    signed = checkpoint.sign(checkpoint.Checkpoint(log.signer.name, 1, merkle.leaf_hash(leaf)), log.signer)
    with pytest.raises(ReceiptInvalid, match="number 5"):
        verify_receipt(Receipt(0, (), signed).text(), leaf, log.signer.verifier)
    other = b"not an entry"
    signed = checkpoint.sign(checkpoint.Checkpoint(log.signer.name, 1, merkle.leaf_hash(other)), log.signer)
    with pytest.raises(ReceiptInvalid, match="bytes as they were hashed"):
        verify_receipt(Receipt(0, (), signed).text(), other, log.signer.verifier)


HASH = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v2\nindex 1\n\nsigned\n",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n\n",
        "c2sp.org/tlog-proof@v1\n\nindex 1\n\nsigned\n",
        "c2sp.org/tlog-proof@v1\nindex 01\n\nsigned\n",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nsigned\n",
        "c2sp.org/tlog-proof@v1\nindex\n\nsigned\n",
        "c2sp.org/tlog-proof@v1\nindex 1 \n\nsigned\n",
        "c2sp.org/tlog-proof@v1\nindex 1\nextra AAAA\n\nsigned\n",
        "c2sp.org/tlog-proof@v1\nextra \nindex 1\n\nsigned\n",
        "c2sp.org/tlog-proof@v1\nextra AAA\nindex 1\n\nsigned\n",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 1\n\nsigned\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH[:-4]}\n\nsigned\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n {HASH}\n\nsigned\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH}\r\n\nsigned\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n" + f"{HASH}\n" * 64 + "\nsigned\n",
    ],
)
def test_what_is_not_a_receipt_is_refused(text):
    with pytest.raises(ReceiptInvalid):
        Receipt.parse(text)
