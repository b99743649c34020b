"""The bytes of an entry: what is written is what is read, and nothing else is."""

import hashlib
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.format import canonical, entry, merkle

PREV = bytes(range(32))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
BODIES = st.dictionaries(st.text("abc\"',:{}", max_size=8), TEXTS | st.integers(-9, 9) | st.none(), max_size=4)


def test_the_documented_bytes():
    leaf = entry.splice(body=canonical.dumps({"type": "key.registered", "at": "…"}), prev=entry.GENESIS, seq=0)
    expected = '{"body":{"at":"…","type":"key.registered"},"prev":"' + "0" * 64 + '","seq":0,"v":1}'
    assert leaf == expected.encode()
    assert merkle.leaf_hash(leaf) == hashlib.sha256(b"\0" + expected.encode()).digest()


@given(BODIES, st.binary(min_size=32, max_size=32), st.integers(0, canonical.MAX_INTEGER))
def test_an_entry_is_canonical_json_and_reads_back(body, prev, seq):
    leaf = entry.splice(body=canonical.dumps(body), prev=prev, seq=seq)
    assert leaf == rfc8785.dumps({"body": body, "prev": prev.hex(), "seq": seq, "v": 1})
    assert entry.parse(leaf) == entry.Entry(seq=seq, prev=prev, body=body)


def test_a_body_that_looks_like_the_end_of_an_entry_is_still_a_body():
    inner = {"prev": "0" * 64, "seq": 1, "v": 1}
    body = {"body": inner, "text": ',"prev":"' + "0" * 64 + '","seq":1,"v":1}', **inner}
    leaf = entry.splice(body=canonical.dumps(body), prev=PREV, seq=7)
    assert entry.parse(leaf) == entry.Entry(seq=7, prev=PREV, body=body)


GOOD = entry.splice(body=b'{"a":1}', prev=PREV, seq=12)


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"{}",
        GOOD + b"\n",
        b" " + GOOD,
        GOOD[:-1],
        GOOD.replace(b'"v":1', b'"v":2'),
        GOOD.replace(b'"v":1', b'"v":1.0'),
        GOOD.replace(b'"seq":12', b'"seq":012'),
        GOOD.replace(b'"seq":12', b'"seq":-1'),
        GOOD.replace(b'"seq":12', b'"seq":"12"'),
        GOOD.replace(b'"seq":12', b'"seq":9007199254740992'),
        GOOD.replace(b'"seq":12', b'"seq":' + b"9" * 30),
        GOOD.replace(b'"seq":12', '"seq":١٢'.encode()),
        GOOD.replace(PREV.hex().encode(), PREV.hex().upper().encode()),
        GOOD.replace(PREV.hex().encode(), PREV.hex().encode()[2:]),
        GOOD.replace(b'{"a":1}', b'{"a": 1}'),
        GOOD.replace(b'{"a":1}', b"[1]"),
        GOOD.replace(b'{"a":1}', b"null"),
        GOOD.replace(b'{"a":1}', b""),
        GOOD.replace(b'{"a":1}', b'{"b":1,"a":1}'),
        GOOD.replace(b'"a":1', b'"a":1},"body":{"a":1'),
        json.dumps(json.loads(GOOD)).encode(),
        b'{"body":{"a":"' + b"x" * entry.MAX_ENTRY + GOOD[14:],
    ],
)
def test_bytes_that_no_ledger_wrote_are_refused(leaf):
    with pytest.raises(entry.MalformedEntry):
        entry.parse(leaf)


def test_the_largest_body_fits_anywhere_and_one_byte_more_nowhere():
    body = b'{"a":"' + b"x" * (entry.MAX_BODY - 8) + b'"}'
    entry.check_body(body)
    leaf = entry.splice(body=body, prev=PREV, seq=canonical.MAX_INTEGER)
    assert len(leaf) == entry.MAX_ENTRY
    assert entry.parse(leaf).seq == canonical.MAX_INTEGER
    with pytest.raises(entry.EntryTooLarge):
        entry.splice(body=body[:-2] + b'x"}', prev=PREV, seq=0)
    with pytest.raises(entry.EntryTooLarge):
        entry.check_body(body + b" ")


@pytest.mark.parametrize(("prev", "seq"), [(bytes(31), 0), (bytes(32), -1), (bytes(32), 2**53)])
def test_an_entry_has_a_whole_hash_before_it_and_a_number(prev, seq):
    with pytest.raises(ValueError, match="32 bytes"):
        entry.splice(body=b"{}", prev=prev, seq=seq)
