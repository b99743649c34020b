"""The walk over a log: the fast pass over sound blocks agrees with judging each entry, and both need little memory."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.format import canonical, entry
from ledger.verification import blocks
from ledger.verification.report import Report
from ledger.verification.verify import verify
from tests.support.ledgers.logs import Log

# A body that some block takes only upon a closer look, bodies of all shapes, and an entry that no ledger would write.
BODIES = [
    {"n": 2**53 - 1},
    {"text": "人才🎓", "list": [[[]], {}]},
    {"deep": json.loads("[" * 60 + "]" * 60)},
    {"many": [[] for _ in range(100)]},
    {"\ud7ff": -1, "\uffff": "\u0000\u001f\u007f\u2028"},
]


@pytest.fixture(scope="module")
def long_log():
    log = Log.signed_at(1, 256, 300, 511, 512, 700, 768, 1024, 1300)
    for body in BODIES:
        log.append(3, extra=body)
        log.sign()
    return log


def careful_report(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    with monkeypatch.context() as patched:
        patched.setattr(blocks, "_is_chain", lambda *_: False)
        return verify(directory)


def test_hurrying_and_judging_agree_on_a_log_that_is_in_order(long_log, tmp_path, monkeypatch):
    directory = long_log.write(tmp_path / "export")
    report = verify(directory)
    assert report.is_ok
    assert report == careful_report(directory, monkeypatch)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_hurrying_and_judging_agree_whatever_is_wrong(long_log, tmp_path, monkeypatch, data):
    files = long_log.files()
    directory = long_log.write(tmp_path / "export")
    paths = data.draw(st.lists(st.sampled_from(sorted(files)), max_size=4, unique=True))
    for path in paths:
        kind = data.draw(st.sampled_from(["drop", "flip", "cut", "other"]))
        content = bytearray(files[path])
        position = data.draw(st.integers(0, max(0, len(content) - 1)))
        if kind == "flip":
            content[position] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "cut":
            del content[position:]
        elif kind == "other":
            content = bytearray(files[data.draw(st.sampled_from(sorted(files)))])
        (directory / path).unlink() if kind == "drop" else (directory / path).write_bytes(content)
    assert verify(directory) == careful_report(directory, monkeypatch)


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats(allow_nan=False) | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
            max_leaves=8,
        ).map(lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
        | st.sampled_from(['{"a": 1}', "{}", "{},{}", '{"a":1', '"b":2}', '{"b":1,"a":2}', '{"a":1,"a":1}', "{}{}", ""])
        | st.sampled_from([r'{"a":"\u0061"}', r'{"a":"\ud800"}', '{"\U0001f393":1}', '{"a":"\U0001f393"}', '{"a":-0}']),
        max_size=4,
    )
)
def test_texts_that_are_taken_together_are_taken_one_by_one(texts):
    encoded = [text.encode(errors="surrogatepass") for text in texts]

    def is_taken(text: bytes) -> bool:
        try:
            return isinstance(canonical.loads(text), dict)
        except canonical.NotCanonical:
            return False

    if canonical.are_plain_objects(encoded):
        assert all(is_taken(text) for text in encoded)


@pytest.mark.parametrize("count", [1, 2, 32])
def test_plain_objects_are_recognised(count):
    choice = random.Random(count)
    bodies = [
        canonical.dumps({"n": choice.randrange(10**12), "text": "浙江" * choice.randrange(9)}) for _ in range(count)
    ]
    assert canonical.are_plain_objects(bodies)
    for position in range(count):
        for bad in (b'{"a": 1}', b"\xff", b"[]", b'{"a":"\xed\xa0\x80"}', b'{"a":1.0}', b'{"a":NaN}', b"{" * 70):
            assert not canonical.are_plain_objects([*bodies[:position], bad, *bodies[position + 1 :]])


def test_the_body_of_an_entry_in_its_place_is_the_one_that_is_parsed(long_log):
    for seq, leaf in enumerate(long_log.leaves[:300]):
        prev = long_log.hashes[seq - 1] if seq else entry.GENESIS
        body = entry.body_at(leaf, prev, seq)
        assert body is not None
        assert canonical.loads(body) == entry.parse(leaf).body
        assert entry.body_at(leaf, prev, seq + 1) is None
        assert entry.body_at(leaf, bytes(31) + b"\x01", seq) is None
