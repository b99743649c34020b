"""A log's further signature lines: for those who know them, no hindrance to those who do not, checked by OpenSSL."""

import subprocess

import pytest

from ledger.format import checkpoint, further, note, sm2, trust_policy
from ledger.format.cosignature import Cosigner
from tests.support.services.tools import program

pytest.importorskip("tongsuopy")
SEED = bytes(range(32))
BOTH = (further.Kind.ML_DSA_44, further.Kind.SM2)
SIGNER = further.LogSigner("exchange.example/ledger/1", SEED, BOTH)
CHECKPOINT = checkpoint.Checkpoint(SIGNER.name, 7, bytes(range(32)))
SIGNED = checkpoint.sign(CHECKPOINT, SIGNER)
SM2_SPKI = bytes.fromhex(
    "3059301306072a8648ce3d020106082a811ccf5501822d034200"
)  # RFC 8998's curve, as SubjectPublicKeyInfo


def keys() -> tuple[Cosigner, sm2.Sm2Verifier]:
    return Cosigner.parse(SIGNER.further_vkeys[0]), sm2.Sm2Verifier.parse(SIGNER.further_vkeys[1])


def test_the_checkpoint_is_as_ever_for_who_knows_ed25519_only():
    plain = note.Signer(SIGNER.name, SEED)
    assert SIGNER.vkey == plain.vkey
    assert SIGNED.startswith(checkpoint.sign(CHECKPOINT, plain))
    assert checkpoint.open(SIGNED, plain.verifier) == CHECKPOINT
    assert checkpoint.sign(CHECKPOINT, further.LogSigner(SIGNER.name, SEED)) == checkpoint.sign(CHECKPOINT, plain)


def test_further_lines_verify_and_their_keys_are_read_as_they_are_written():
    ml_dsa, sm2_key = keys()
    known: list[note.Key] = [SIGNER.verifier, ml_dsa, sm2_key]
    assert note.open(SIGNED, known).signed_by == tuple(known)
    assert (ml_dsa.vkey, sm2_key.vkey) == SIGNER.further_vkeys


def test_an_auditor_can_demand_them_by_a_policy():
    lines = [f"log {SIGNER.vkey}", *(f"witness w{n} {vkey}" for n, vkey in enumerate(SIGNER.further_vkeys))]
    trusted = trust_policy.parse("\n".join([*lines, "group g all w0 w1", "quorum g"]) + "\n")
    assert len(trusted.check(SIGNED)) == 2
    assert trust_policy.parse(trusted.text()) == trusted
    with pytest.raises(trust_policy.QuorumMissing):
        trusted.check(checkpoint.sign(CHECKPOINT, note.Signer(SIGNER.name, SEED)))


@pytest.mark.parametrize("which", [0, 1])
def test_a_further_line_that_fails_refuses_the_note_of_who_knows_its_key(which):
    key = keys()[which]
    text, lines = note.split(SIGNED)
    name, material = lines[which + 1]
    for position in (4, 20, len(material) - 1):
        changed = bytearray(material)
        changed[position] ^= 1
        lines[which + 1] = name, bytes(changed)
        bad = text + "\n" + "".join(note.line(name, part[:4], part[4:]) for name, part in lines)
        assert checkpoint.open(bad, SIGNER.verifier) == CHECKPOINT
        with pytest.raises(note.SignatureInvalid):
            note.open(bad, [key])


def test_keys_follow_from_the_seed_and_from_nothing_else():
    repeated = further.LogSigner(SIGNER.name, SEED, BOTH)
    other = further.LogSigner(SIGNER.name, bytes(32), BOTH)
    assert repeated.further_vkeys == SIGNER.further_vkeys
    assert not set(other.further_vkeys) & set(SIGNER.further_vkeys)


def test_openssl_verifies_the_sm2_signature_and_ours_verifies_openssls(tmp_path):
    text, lines = note.split(SIGNED)
    _, sm2_key = keys()
    (tmp_path / "text").write_text(text)
    (tmp_path / "signature").write_bytes(lines[2][1][4:])
    (tmp_path / "public.der").write_bytes(SM2_SPKI + sm2_key.public_key)
    options = ["-sm3", "-sigopt", "distid:1234567812345678"]

    def openssl(*arguments: str) -> bytes:
        result = subprocess.run([program("openssl"), *arguments], cwd=tmp_path, capture_output=True, check=False)
        if b"unsupported" in result.stderr.lower():
            pytest.skip("this OpenSSL has no SM2")
        assert result.returncode == 0, result.stderr
        return result.stdout

    openssl("pkey", "-pubin", "-inform", "DER", "-in", "public.der", "-out", "public.pem")
    assert b"OK" in openssl("dgst", *options, "-verify", "public.pem", "-signature", "signature", "text")
    openssl("genpkey", "-algorithm", "SM2", "-out", "private.pem")
    openssl("dgst", *options, "-sign", "private.pem", "-out", "theirs", "text")
    point = openssl("pkey", "-in", "private.pem", "-pubout", "-outform", "DER")[-65:]
    sm2.Sm2Verifier("openssl", point).verify(text, (tmp_path / "theirs").read_bytes())


@pytest.mark.parametrize("point", [bytes(64), bytes(65), b"\4" + bytes(64), b"\4" + b"\xff" * 64, b"\2" + bytes(64)])
def test_what_is_no_point_of_the_curve_is_no_key(point):
    with pytest.raises(note.MalformedKey):
        sm2.Sm2Verifier("a", point)


def test_other_keys_of_type_255_are_not_sm2():
    material = note.encode_base64(b"\xffsomething else")
    for read in (sm2.Sm2Verifier.parse, Cosigner.parse):
        with pytest.raises(note.MalformedKey):
            read(f"a+00000000+{material}")


def test_without_the_library_there_is_a_word_of_what_is_missing(monkeypatch):
    monkeypatch.setattr(sm2, "ec", None)
    with pytest.raises(sm2.NotInstalled, match="pip install tongsuopy"):
        further.LogSigner(SIGNER.name, SEED, BOTH)
    assert further.LogSigner(SIGNER.name, SEED, (further.Kind.ML_DSA_44,)).further_vkeys == SIGNER.further_vkeys[:1]
    with pytest.raises(trust_policy.MalformedPolicy, match="tongsuopy"):
        trust_policy.parse(f"witness a {SIGNER.further_vkeys[1]}\nquorum a\n")
