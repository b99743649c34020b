"""Signed notes and checkpoints: the specification's example, a golden log, and everything that is not a note."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigstore._internal.rekor.checkpoint import SignedCheckpoint

from ledger.format import checkpoint, merkle, note, tiles

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
TEXT = "This is an example message.\n"
LINE = (
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
NOTE = f"{TEXT}\n{LINE}"
EM_SPACE, RETURN = "\u2003", "\r"
KEY = note.Verifier.parse(VKEY)
ALICE = note.Signer("alice.example/log", bytes(range(32)))
BOB = note.Signer("bob.example", bytes(range(1, 33)))


def test_the_specification_s_example():
    assert note.open(NOTE, [KEY]) == note.Note(TEXT, (KEY,))
    assert note.open(NOTE.encode(), [KEY]).text == TEXT
    assert KEY.vkey == VKEY
    assert KEY.key_id.hex() == "530d903a"


def test_the_checkpoints_of_a_golden_log_are_read_and_would_be_signed_alike(vectors):
    log = vectors("golden_log.json")
    verifier = note.Verifier.parse(log["vkey"])
    signer = note.Signer(verifier.name, base64.b64decode(log["seed"]))
    assert signer.vkey == log["vkey"]
    hashes = tiles.hashes(base64.b64decode(log["tile"]))
    for size, signed in enumerate(log["checkpoints"]):
        expected = checkpoint.Checkpoint("example.com/log/testdata", size, merkle.root(hashes[:size]))
        assert checkpoint.open(signed, verifier) == expected
        assert checkpoint.sign(expected, signer) == signed


def test_another_implementation_reads_our_checkpoints():
    ours = checkpoint.Checkpoint(ALICE.name, 20_852_163, merkle.EMPTY_ROOT)
    theirs = SignedCheckpoint.from_text(checkpoint.sign(ours, ALICE))
    assert (theirs.checkpoint.origin, theirs.checkpoint.log_size) == (ours.origin, ours.size)
    assert theirs.checkpoint.log_hash == ours.root.hex()
    (signature,) = theirs.signed_note.signatures
    assert signature.name == ALICE.name
    assert signature.sig_hash == ALICE.verifier.key_id
    ALICE.verifier.verify(theirs.signed_note.note, base64.b64decode(signature.signature))


@given(st.lists(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=20), max_size=5))
def test_any_text_can_be_signed_and_opened(lines):
    text = "\n".join(lines) + "\n"
    signed = note.sign(text, [ALICE, BOB])
    assert note.open(signed, [BOB.verifier, KEY]) == note.Note(text, (BOB.verifier,))
    assert note.open(signed, [ALICE.verifier, BOB.verifier]).signed_by == (ALICE.verifier, BOB.verifier)


def test_lines_of_unknown_keys_are_ignored_whatever_they_hold():
    other_type = base64.b64encode(ALICE.verifier.key_id[::-1] + bytes(2420)).decode()
    same_id = base64.b64encode(KEY.key_id + b"x").decode()
    signed = f"{NOTE}— alice.example/log {other_type}\n— not-example.com/foo {same_id}\n"
    assert note.open(signed, [KEY, ALICE.verifier]).signed_by == (KEY,)


def test_a_note_may_carry_many_signatures_but_not_any_number():
    sixteen = "".join(f"— key{number} {base64.b64encode(bytes(3400)).decode()}\n" for number in range(16))
    assert note.open(f"{TEXT}\n{sixteen}{LINE}", [KEY]).text == TEXT
    with pytest.raises(note.MalformedNote):
        note.open(f"{TEXT}\n{sixteen * 4}{LINE}", [KEY])
    with pytest.raises(note.MalformedNote, match="too large"):
        note.open("x" * (note.MAX_NOTE + 1), [KEY])


def test_a_known_key_that_fails_condemns_the_note():
    forged = ALICE.line("another text\n")
    with pytest.raises(note.SignatureInvalid):
        note.open(NOTE + forged, [KEY, ALICE.verifier])
    with pytest.raises(note.SignatureInvalid):
        note.open(NOTE.replace("example message", "exemplary message"), [KEY])
    with pytest.raises(note.SignatureInvalid):
        note.open(NOTE + f"— example.com/foo {base64.b64encode(KEY.key_id + bytes(64)).decode()}\n", [KEY])
    with pytest.raises(note.SignatureInvalid):
        note.open(NOTE + f"— example.com/foo {base64.b64encode(KEY.key_id + b'x').decode()}\n", [KEY])


def test_a_note_that_nobody_known_signed_is_refused():
    for keys in ([], [ALICE.verifier], [note.Verifier("example.com/bar", KEY.public_key)]):
        with pytest.raises(note.SignatureMissing):
            note.open(NOTE, keys)


@pytest.mark.parametrize(
    "signed",
    [
        "",
        TEXT,
        f"{TEXT}{LINE}",
        f"{TEXT}\n",
        f"{TEXT}\n{LINE}\n",
        f"{TEXT}\n{LINE}".removesuffix("\n"),
        f"{TEXT}\n{LINE.replace('—', '-')}",
        f"{TEXT}\n{LINE.replace('— ', '—')}",
        f"{TEXT}\n{LINE.replace('foo ', 'foo  ')}",
        f"{TEXT}\n{LINE.replace('example.com/foo', '')}",
        f"{TEXT}\n{LINE.replace('example.com/foo', 'a+b')}",
        f"{TEXT}\n{LINE.replace('example.com/foo', 'a' + EM_SPACE + 'b')}",
        f"{TEXT}\n{LINE.replace('aQM=', 'aQM')}",
        f"{TEXT}\n{LINE.replace('aQM=', 'aQN=')}",
        f"{TEXT}\n{LINE.replace('Uw2Q', 'Uw2_')}",
        f"{TEXT}\n{LINE}trailing\n",
        f"{TEXT}\n{LINE.replace('foo', 'foo' + RETURN)}",
        f"{TEXT}\t\n{LINE}",
        f"{TEXT}\0\n{LINE}",
        f"{TEXT}\n— example.com/foo Uw2QOg==\n",
        NOTE.encode() + b"\xff",
        NOTE.encode("utf-16"),
    ],
)
def test_what_is_not_a_note_is_refused(signed):
    with pytest.raises(note.MalformedNote):
        note.open(signed, [KEY])


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "return\r\n", "\ud800\n"])
def test_what_no_note_can_carry_is_not_signed(text):
    with pytest.raises(note.MalformedNote):
        note.sign(text, [ALICE])


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "example.com/foo",
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("+Aeky", "+Beky"),
        VKEY.replace("+Aeky", "+BOky"),
        VKEY.replace("foo", "fo o"),
        VKEY.replace("foo", "fo\no"),
        VKEY + "\n",
        VKEY[:-4],
        VKEY.replace("example.com/foo", ""),
        f"{VKEY}+",
        "a+b+" + VKEY,
    ],
)
def test_what_is_not_a_verifier_key_is_refused(vkey):
    with pytest.raises(note.MalformedKey):
        note.Verifier.parse(vkey)


def test_a_signer_does_not_show_its_seed():
    assert repr(ALICE.seed)[2:-1] not in repr(ALICE)
    with pytest.raises(note.MalformedKey):
        note.Signer("short", bytes(31))
    with pytest.raises(ValueError, match="signer"):
        note.sign(TEXT, [])


def checkpoint_text(origin: str = ALICE.name, size: str = "3", root: str = base64.b64encode(bytes(32)).decode()) -> str:
    return f"{origin}\n{size}\n{root}\n"


@pytest.mark.parametrize(
    "text",
    [
        checkpoint_text(size="03"),
        checkpoint_text(size="-3"),
        checkpoint_text(size="+3"),
        checkpoint_text(size="３"),
        checkpoint_text(size=""),
        checkpoint_text(size=str(2**63)),
        checkpoint_text(size="9" * 400),
        checkpoint_text(root="AAAA"),
        checkpoint_text(root="A" * 43),
        checkpoint_text(root="A" * 42 + "B="),
        checkpoint_text(origin=""),
        checkpoint_text(origin="with space"),
        checkpoint_text() + "an extension line\n",
        checkpoint_text() + "\n",
        checkpoint_text().removesuffix("\n") + " \n",
        "\n" + checkpoint_text(),
    ],
)
def test_what_is_not_a_checkpoint_is_refused_though_it_was_signed(text):
    with pytest.raises(checkpoint.MalformedCheckpoint):
        checkpoint.open(note.sign(text, [ALICE]), ALICE.verifier)


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_reads_back(size, root):
    ours = checkpoint.Checkpoint(ALICE.name, size, root)
    assert checkpoint.parse(ours.text()) == ours


def test_a_key_speaks_for_its_own_log_only():
    ours = checkpoint.Checkpoint("another.example/log", 3, bytes(32))
    with pytest.raises(checkpoint.OriginDiffers):
        checkpoint.sign(ours, ALICE)
    with pytest.raises(checkpoint.OriginDiffers):
        checkpoint.open(note.sign(ours.text(), [ALICE]), ALICE.verifier)
