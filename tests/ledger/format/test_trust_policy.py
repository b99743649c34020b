"""Policies: the specification's example, every rule of its syntax, and quorums against a naive reading of them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.format import checkpoint, note, trust_policy
from ledger.format.cosignature import ED25519, ML_DSA_44, CosignerKey

LOG = note.Signer("log.example/l", bytes(32))
KEYS = {
    f"{side}{number}": CosignerKey(f"w.example/{side}{number}", ED25519, bytes([ord(side), number] * 16))
    for side in "XY"
    for number in (1, 2, 3)
}
VKEYS = {name: key.cosigner.vkey for name, key in KEYS.items()}
EXAMPLE = f"""# a policy
log {LOG.vkey}

witness X1 {VKEYS["X1"]}
  witness\tX2   {VKEYS["X2"]} https://x2.example/prefix\t
witness X3 {VKEYS["X3"]}
group X-witnesses 2 X1 X2 X3

witness Y1 {VKEYS["Y1"]}
witness Y2 {VKEYS["Y2"]}
witness Y3 {VKEYS["Y3"]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
   # done
quorum X-and-Y
"""
TEXT = checkpoint.Checkpoint(LOG.name, 1, bytes(32)).text()


def cosigned(*names: str) -> str:
    return note.sign(TEXT, [LOG]) + "".join(KEYS[name].line(TEXT, time=1) for name in names)


def test_the_example_is_read():
    parsed = trust_policy.parse(EXAMPLE)
    assert [log.key for log in parsed.logs] == [LOG.verifier]
    assert [witness.name for witness in parsed.witnesses] == list(KEYS)
    assert [witness.url for witness in parsed.witnesses].count(None) == 5
    assert parsed.witnesses[1].url == "https://x2.example/prefix"
    assert [(group.name, group.threshold) for group in parsed.groups] == [
        ("X-witnesses", 2),
        ("Y-witnesses", 1),
        ("X-and-Y", 2),
    ]


def test_a_quorum_is_what_it_says():
    parsed = trust_policy.parse(EXAMPLE)
    for count in range(7):
        for names in itertools.combinations(KEYS, count):
            enough = sum(name[0] == "X" for name in names) >= 2 and any(name[0] == "Y" for name in names)
            assert parsed.is_satisfied([KEYS[name].cosigner for name in names]) is enough
            if enough:
                assert [witness.name for witness in parsed.check(cosigned(*names))] == list(names)
            else:
                with pytest.raises(trust_policy.QuorumMissing):
                    parsed.check(cosigned(*names))


def test_the_order_and_repetition_of_cosignatures_do_not_matter():
    parsed = trust_policy.parse(EXAMPLE)
    assert len(parsed.check(cosigned("Y3", "X2", "X1", "X2"))) == 3
    with pytest.raises(trust_policy.QuorumMissing):
        parsed.check(cosigned("Y3", "X1", "X1", "X1"))


def test_strangers_cosignatures_are_left_alone_and_known_ones_that_fail_are_not():
    parsed = trust_policy.parse(EXAMPLE)
    stranger = CosignerKey("w.example/z", ML_DSA_44, bytes(32))
    assert parsed.check(cosigned("X1", "X2", "Y1") + stranger.line(TEXT, time=1))
    bad = note.line(KEYS["X3"].name, KEYS["X3"].cosigner.key_id, bytes(72))
    with pytest.raises(note.SignatureInvalid):
        parsed.check(cosigned("X1", "X2", "Y1") + bad)


def test_a_text_is_read_as_it_is_written():
    parsed = trust_policy.parse(EXAMPLE)
    assert trust_policy.parse(parsed.text()) == parsed
    assert "https" not in parsed.text(with_urls=False)
    assert trust_policy.parse(trust_policy.TrustPolicy.for_log(LOG.verifier).text()).is_satisfied([])


def test_octets_beyond_ascii_are_opaque():
    raw = (
        b"witness \xff\xe2\x84\xaa " + VKEYS["X1"].encode() + b"\ngroup \xc2\xa0 1 \xff\xe2\x84\xaa\nquorum \xc2\xa0\n"
    )
    parsed = trust_policy.parse(raw)
    assert trust_policy.encode(parsed.text()) == raw
    assert not parsed.is_satisfied([])


def test_one_witness_may_be_the_quorum_and_keys_may_be_of_either_type():
    key = CosignerKey("w.example/pq", ML_DSA_44, bytes(32))
    parsed = trust_policy.parse(f"witness pq {key.cosigner.vkey}\nquorum pq\n")
    assert parsed.check(note.sign(TEXT, [LOG]) + key.line(TEXT, time=5))
    assert parsed.logs == ()


W = f"witness a {VKEYS['X1']}\nwitness b {VKEYS['X2']}\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no quorum"),
        ("quorum none", "newline"),
        ("quorum none\nquorum none\n", "line 2: a second quorum"),
        ("quorum\n", "a quorum is"),
        ("quorum none none\n", "a quorum is"),
        ("quorum a\n", "no witness or group 'a'"),
        (f"quorum a\n{W}", "no witness or group 'a'"),
        ("Quorum none\n", "begins with"),
        ("quorum none\r\n", "control character"),
        ("quorum\x0bnone\n", "control character"),
        ("quorum none\x7f\n", "control character"),
        ("quorum none # ours\n", "a quorum is"),
        (f"{W}group g 3 a b\nquorum g\n", "3 of 2"),
        (f"{W}group g 0 a b\nquorum g\n", "threshold"),
        (f"{W}group g 01 a b\nquorum g\n", "threshold"),
        (f"{W}group g +1 a b\nquorum g\n", "threshold"),
        (f"{W}group g ANY a b\nquorum g\n", "threshold"),
        (f"{W}group g all\nquorum g\n", "a group is"),
        (f"{W}group g any a a\nquorum g\n", "already in a group"),
        (f"{W}group g any a\ngroup h any a b\nquorum h\n", "already in a group"),
        (f"{W}group g any a none\nquorum g\n", "no witness or group 'none'"),
        (f"{W}group g any g\nquorum g\n", "no witness or group 'g'"),
        (f"{W}group a any b\nquorum a\n", "a second witness or group 'a'"),
        (f"{W}group none any b\nquorum none\n", "a reserved name"),
        (f"witness none {VKEYS['X1']}\nquorum none\n", "a reserved name"),
        (f"{W}witness c {VKEYS['X1']}\nquorum none\n", "a second witness with this public key"),
        (f"log {LOG.vkey}\nlog {LOG.vkey}\nquorum none\n", "a second log"),
        (f"log {VKEYS['X1']}\nquorum none\n", "log's key is of type"),
        (f"witness a {LOG.vkey}\nquorum a\n", "a cosigner's key is of type"),
        ("witness a\nquorum a\n", "a witness is"),
        (f"witness a {VKEYS['X1']} http://a more\nquorum a\n", "a witness is"),
        ("log x\nquorum none\n", "verifier key is"),
        ("log\nquorum none\n", "a log is"),
    ],
)
def test_what_is_not_a_policy_is_refused_with_its_place(text, reason):
    with pytest.raises(trust_policy.MalformedPolicy, match=reason):
        trust_policy.parse(text)


def test_duplicates_are_told_by_the_public_key():
    same = CosignerKey("another.example/name", ED25519, KEYS["X1"].seed).cosigner
    with pytest.raises(trust_policy.MalformedPolicy, match="public key"):
        trust_policy.parse(f"{W}witness c {same.vkey}\nquorum none\n")


def test_size_and_number_are_bounded():
    with pytest.raises(trust_policy.MalformedPolicy, match="bytes"):
        trust_policy.parse("#" * 65_536 + "\nquorum none\n")
    many = [CosignerKey(f"w{number}", ED25519, number.to_bytes(32, "big")).cosigner.vkey for number in range(257)]
    lines = [f"witness w{number} {vkey}\n" for number, vkey in enumerate(many)]
    assert len(trust_policy.parse("".join(lines[:256]) + "quorum none\n").witnesses) == 256
    with pytest.raises(trust_policy.MalformedPolicy, match="more than 256"):
        trust_policy.parse("".join(lines) + "quorum none\n")


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_anything_else_is_a_policy_or_an_error(data):
    try:
        parsed = trust_policy.parse(data)
    except trust_policy.MalformedPolicy:
        return
    assert trust_policy.parse(parsed.text()) == parsed
