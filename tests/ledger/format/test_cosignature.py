"""Cosignatures and keys of both types: what is signed, what is refused, and what is left alone."""

import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.format import checkpoint, cosignature, note
from ledger.format.cosignature import ED25519, ML_DSA_44, Cosigner, CosignerKey

LOG = note.Signer("example.com/behind-the-sofa", bytes(range(32)))
TEXT = checkpoint.Checkpoint(LOG.name, 20852163, bytes(range(32))).text()
SIGNED = note.sign(TEXT, [LOG])
KEYS = [CosignerKey("witness.example/w1", kind, bytes([kind]) * 32) for kind in (ED25519, ML_DSA_44)]
TIME = 1679315147
both = pytest.mark.parametrize("key", KEYS, ids=["ed25519", "ml-dsa-44"])


@both
def test_a_cosigned_checkpoint_opens_with_log_and_witness(key):
    signed = SIGNED + key.line(TEXT, time=TIME)
    keys: list[note.Key] = [LOG.verifier, key.cosigner]
    assert note.open(signed, keys).signed_by == (LOG.verifier, key.cosigner)
    assert checkpoint.open(signed, LOG.verifier).size == 20852163  # who does not know the witness reads it as before


@both
def test_a_key_is_read_as_it_is_written(key):
    assert Cosigner.parse(key.cosigner.vkey) == key.cosigner
    assert cosignature.parse_key(key.cosigner.vkey) == key.cosigner
    assert cosignature.parse_key(LOG.vkey) == LOG.verifier
    with pytest.raises(note.MalformedKey):
        note.Verifier.parse(key.cosigner.vkey)


def test_the_signed_bytes_are_those_of_the_specification():
    [(_, ed25519), (_, ml_dsa)] = note.split(TEXT + "\n" + "".join(key.line(TEXT, time=TIME) for key in KEYS))[1]
    assert struct.unpack(">Q", ed25519[4:12]) == struct.unpack(">Q", ml_dsa[4:12]) == (TIME,)
    note.Verifier("x", KEYS[0].cosigner.public_key).verify(f"cosignature/v1\ntime {TIME}\n{TEXT}", ed25519[12:])
    name, origin = b"witness.example/w1", b"example.com/behind-the-sofa"
    message = b"subtree/v1\n\x00" + bytes([len(name)]) + name + TIME.to_bytes(8, "big") + bytes([len(origin)]) + origin
    message += (0).to_bytes(8, "big") + (20852163).to_bytes(8, "big") + bytes(range(32))
    MLDSA44PublicKey.from_public_bytes(KEYS[1].cosigner.public_key).verify(ml_dsa[12:], message)
    assert (len(ed25519), len(ml_dsa)) == (4 + 8 + 64, 4 + 8 + 2420)


@both
@given(data=st.data())
def test_any_bit_that_is_changed_is_noticed(key, data):
    [(name, material)] = note.split(TEXT + "\n" + key.line(TEXT, time=TIME))[1]
    position = data.draw(st.integers(4 * 8, len(material) * 8 - 1))
    changed = bytearray(material)
    changed[position // 8] ^= 1 << position % 8
    with pytest.raises(note.SignatureInvalid):
        note.open(SIGNED + note.line(name, bytes(changed[:4]), bytes(changed[4:])), [key.cosigner])


@both
def test_a_cosignature_is_of_one_checkpoint(key):
    line = key.line(TEXT, time=TIME)
    for other in (
        checkpoint.Checkpoint(LOG.name, 20852164, bytes(range(32))).text(),
        checkpoint.Checkpoint(LOG.name, 20852163, bytes(32)).text(),
        checkpoint.Checkpoint("example.com/other", 20852163, bytes(range(32))).text(),
    ):
        with pytest.raises(note.SignatureInvalid):
            note.open(f"{other}\n{line}", [key.cosigner])


@both
@pytest.mark.parametrize("shortened", [b"", b"\0" * 8, b"\0" * 71, b"\0" * 73, b"\xff" * 8 + b"\0" * 64])
def test_a_cosignature_of_another_length_or_time_is_refused(key, shortened):
    with pytest.raises(note.SignatureInvalid):
        key.cosigner.verify(TEXT, shortened)


def test_extension_lines_are_signed_by_one_type_and_passed_over_by_the_other():
    extended = TEXT + "extension 1\n"
    for key, is_bound in zip(KEYS, (True, False), strict=True):
        line = key.line(extended, time=TIME)
        note.open(f"{extended}\n{line}", [key.cosigner])
        if is_bound:
            with pytest.raises(note.SignatureInvalid):
                note.open(f"{TEXT}\n{line}", [key.cosigner])
        else:
            note.open(f"{TEXT}\n{line}", [key.cosigner])


def test_a_log_may_sign_with_ml_dsa_without_a_time():
    key = KEYS[1]
    keys: list[note.Key] = [key.cosigner]
    assert note.open(f"{TEXT}\n{key.line(TEXT, time=0)}", keys).signed_by == (key.cosigner,)


@both
def test_only_checkpoints_are_cosigned(key):
    for text in ("hello\n", TEXT + "\n", TEXT.replace("20852163", "020852163"), TEXT[:-1]):
        with pytest.raises(checkpoint.MalformedCheckpoint):
            key.line(text, time=TIME)


def test_the_same_public_key_of_another_type_is_another_key():
    key = KEYS[0].cosigner
    assert note.Verifier(key.name, key.public_key).key_id != key.key_id
    with pytest.raises(note.SignatureMissing):
        note.open(f"{TEXT}\n{KEYS[0].line(TEXT, time=TIME)}", [note.Verifier(key.name, key.public_key)])


@pytest.mark.parametrize("kind", [0, 1, 2, 5, 7, 255])
def test_other_types_are_not_cosigners(kind):
    with pytest.raises(note.MalformedKey):
        Cosigner("w", kind, bytes(32))
    material = note.encode_base64(bytes([kind]) + bytes(32))
    with pytest.raises(note.MalformedKey):
        Cosigner.parse(f"w+{note.key_id_of('w', kind, bytes(32)).hex()}+{material}")


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "w",
        "w+00000000",
        "w+00000000+",
        "w+00000000+BA==",
        f"w+00000000+{note.encode_base64(bytes([4]) + bytes(32))}",
    ],
)
def test_what_is_not_a_key_is_refused(vkey):
    with pytest.raises(note.MalformedKey):
        Cosigner.parse(vkey)
