"""Structured fields: what is read is written back the same, as another implementation reads it, and nothing loose."""

from decimal import Decimal
from typing import Any

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signatures import structured
from signatures.structured import Date, FieldError, InnerList, Item, Token

KEYS = st.from_regex(r"[a-z*][a-z0-9_.*-]{0,6}", fullmatch=True)
STRINGS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
BARE = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.decimals(-(10**11), 10**11, places=3).map(lambda value: value + Decimal("0.000")),
    STRINGS,
    st.binary(max_size=12),
    st.booleans(),
    st.from_regex(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]{0,8}", fullmatch=True).map(Token),
    st.integers(-(10**9), 10**10).map(Date),
)
PARAMETERS = st.dictionaries(KEYS, BARE, max_size=3).map(lambda members: tuple(members.items()))
ITEMS = st.builds(Item, BARE, PARAMETERS)
MEMBERS = ITEMS | st.builds(InnerList, st.lists(ITEMS, max_size=3).map(tuple), PARAMETERS)


def keys_of_theirs(text: str) -> list[str]:
    parsed: Any = http_sf.parse(text.encode(), tltype="dictionary")
    return list(parsed)


@given(st.dictionaries(KEYS, MEMBERS, max_size=4))
def test_dictionaries_round_trip(members):
    text = structured.write_dictionary(members)
    assert structured.parse_dictionary(text) == members
    assert structured.write_dictionary(structured.parse_dictionary(text)) == text
    assert keys_of_theirs(text) == list(members)


@given(st.lists(MEMBERS, max_size=4).map(tuple))
def test_lists_round_trip(members):
    text = structured.write_list(members)
    assert structured.parse_list(text) == members


@given(st.text('abc019-+.*:;="?@() ,\t\\=A/', max_size=24))
def test_what_we_read_another_implementation_reads_too(text):
    try:
        ours = structured.parse_dictionary(text)
    except FieldError:
        return
    assert keys_of_theirs(text) == list(ours)
    assert structured.parse_dictionary(structured.write_dictionary(ours)) == ours


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("a", "a"),
        ("a=?1", "a"),
        ("a=?0", "a=?0"),
        ("  a=1 ,\tb=2", "a=1, b=2"),
        ("a=(  1   2 )", "a=(1 2)"),
        ("a=01", "a=1"),
        ("a=-0", "a=0"),
        ("a=1.50", "a=1.5"),
        ("a=1.0", "a=1.0"),
        ('a="\\"\\\\"', 'a="\\"\\\\"'),
        ("a;  x;y=?0", "a;x;y=?0"),
        ("a=@12", "a=@12"),
        ("a=*token/x:y", "a=*token/x:y"),
    ],
)
def test_dictionaries_are_written_in_one_way(text, canonical):
    assert structured.write_dictionary(structured.parse_dictionary(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "a=1, a=2",
        "a;x=1;x=2",
        "a=1,",
        "a=1,,b=2",
        "a=1 b=2",
        "A=1",
        "a=",
        "a= 1",
        'a="',
        'a="\\x"',
        'a="\t"',
        'a="ü"',
        "a=(1",
        "a=(1,2)",
        'a=("x""y")',
        "a=:YQ:",
        "a=:YR==:",
        "a=:Y Q==:",
        "a=:YQ==",
        "a=?2",
        "a=1234567890123456",
        "a=1234567890123.1",
        "a=1.2345",
        "a=1.",
        "a=--1",
        "a=@1.5",
        "a=٣",
        '%"x"',
        "a=%x",
        "a\t=1",
    ],
)
def test_loose_fields_are_refused(text):
    with pytest.raises(FieldError):
        structured.parse_dictionary(text)


@pytest.mark.parametrize("text", ["1 2", "", "1,2", "(1)"])
def test_an_item_is_one_item(text):
    with pytest.raises(FieldError):
        structured.parse_item(text)


@pytest.mark.parametrize("text", ["1", "", "(1) 2", "(1), (2)", "(1"])
def test_an_inner_list_is_one_list(text):
    with pytest.raises(FieldError):
        structured.parse_inner_list(text)


@pytest.mark.parametrize(
    "value", [10**15, Decimal(10**12), Decimal("NaN"), "ü", "a\n", Token("a b"), Token(""), Decimal("-Infinity")]
)
def test_what_the_grammar_cannot_hold_is_not_written(value):
    with pytest.raises(FieldError):
        structured.write_bare(value)


def test_decimals_round_to_even_thousandths():
    assert structured.write_bare(Decimal("0.0005")) == "0.0"
    assert structured.write_bare(Decimal("0.0015")) == "0.002"
    assert structured.write_bare(Decimal("-1.2505")) == "-1.25"
