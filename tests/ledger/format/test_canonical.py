"""Canonical JSON: the RFC's own examples, an independent implementation, and what is refused."""

import json
from enum import StrEnum

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.format import canonical

KEYS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INTEGERS = st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


class Kind(StrEnum):
    ONE = "one"


def test_the_rfc_s_examples(vectors):
    outcomes = {}
    for name, source, expected in vectors("rfc8785.json")["cases"]:
        value = json.loads(source, parse_float=lambda text: int(float(text)) if text == "56.0" else float(text))
        try:
            assert canonical.dumps(value) == expected.encode(), name
        except canonical.NotCanonical as refused:
            outcomes[name] = refused.reason
        else:
            assert canonical.loads(expected.encode()) == value
    # The two that leave the subset: floating-point numbers, and a key outside the basic multilingual plane.
    assert outcomes == {
        "values": "a float has no canonical form here",
        "weird": "an object with a key outside the basic multilingual plane",
    }


@given(DOCUMENTS)
def test_the_bytes_are_those_of_an_independent_implementation(document):
    written = canonical.dumps(document)
    assert written == rfc8785.dumps(document)
    assert canonical.loads(written) == document


@given(st.characters(max_codepoint=0x9F))
def test_each_control_character_is_written_as_the_rfc_has_it(character):
    assert canonical.dumps(character) == rfc8785.dumps(character)


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (1.5, ""),
        (float("nan"), ""),
        ({"a": [1, {"b": 2.0}]}, "/a/1/b"),
        ({"a/b": {"~": 1.0}}, "/a~1b/~0"),
        ([2**53], "/0"),
        ([-(2**53)], "/0"),
        ({"a": {1: 2}}, "/a"),
        ({"a": {"\U0001f602": 1}}, "/a"),
        ({"a": "\ud800"}, "/a"),
        ({"\udfff": 1}, ""),
        ({"a": b"bytes"}, "/a"),
        ({"a": {1, 2}}, "/a"),
        ([Kind.ONE], "/0"),
    ],
)
def test_a_value_outside_the_subset_is_refused_and_its_place_named(value, pointer):
    with pytest.raises(canonical.NotCanonical) as refused:
        canonical.dumps(value)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    "text",
    [
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":"\\u00e9"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u000A"}',
        b'{"a":9007199254740992}',
        b'{"a":NaN}',
        b'{"a":"\\ud800"}',
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b"",
        b"{",
        b"9" * 5000,
        b"[" * 100_000,
        b"[" * 65 + b"]" * 65,
    ],
)
def test_text_that_is_not_canonical_is_refused(text):
    with pytest.raises(canonical.NotCanonical):
        canonical.loads(text)


def test_nesting_has_an_end():
    value: list[object] = []
    for _ in range(canonical.MAX_DEPTH - 1):
        value = [value]
    assert canonical.loads(canonical.dumps(value)) == value
    with pytest.raises(canonical.NotCanonical):
        canonical.dumps([value])
