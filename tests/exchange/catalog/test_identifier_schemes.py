"""Schemes of identifiers: one canonical text for one person, and nothing for what identifies nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.catalog.identifier_schemes import IdentifierScheme, canonical, check_character, spellings


@pytest.mark.parametrize(
    ("scheme", "text", "expected"),
    [
        # The example of GB 11643-1999, annex A, and the same person's number of 15 digits.
        ("cn-resident-id", "11010519491231002X", "11010519491231002X"),
        ("cn-resident-id", " 11010519491231002x ", "11010519491231002X"),
        ("cn-resident-id", "110105491231002", "11010519491231002X"),
        ("cn-resident-id", "440524188001010014", "440524188001010014"),
        ("cn-resident-id", "110105194912310021", None),
        ("cn-resident-id", "110105491231996", None),
        ("cn-resident-id", "110105491331002", None),
        ("cn-resident-id", "11010519491231002X0", None),
        ("cn-resident-id", "1101051949123100２X", None),
        ("cn-resident-id", "", None),
        ("cn-passport", "e12345678", "E12345678"),
        ("cn-passport", "EA1234567", "EA1234567"),
        ("cn-passport", "E1234567", None),
        ("cn-mobile", "+86 138-1234-5678", "13812345678"),
        ("cn-mobile", "13812345678", "13812345678"),
        ("cn-mobile", "12812345678", None),
    ],
)
def test_canonical_text(scheme: IdentifierScheme, text: str, expected: str | None) -> None:
    assert canonical(scheme, text) == expected


@pytest.mark.parametrize(
    ("scheme", "text", "spelled"),
    [
        ("cn-resident-id", "11010519491231002X", {"11010519491231002x", "110105491231002"}),
        ("cn-resident-id", "110105194912319964", {"110105194912319964"}),
        ("cn-resident-id", "440524188001010014", {"440524188001010014"}),
        ("cn-passport", "E12345678", {"e12345678"}),
        ("cn-mobile", "13812345678", {"+86 138-1234-5678", "8613812345678", "138 1234 5678"}),
    ],
)
def test_every_spelling_is_the_same_identifier(scheme: IdentifierScheme, text: str, spelled: set[str]) -> None:
    ways = spellings(scheme, text)
    assert {text, *spelled} <= set(ways)
    assert {canonical(scheme, way) for way in ways} == {text}


@given(st.integers(110000, 659004), st.dates(), st.integers(0, 999), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_is_never_another_person(
    region: int, born: object, sequence: int, at: int, character: str
) -> None:
    """ISO 7064 MOD 11-2 finds every single substitution."""
    first17 = f"{region}{str(born).replace('-', '')}{sequence:03d}"
    number = first17 + check_character(first17)
    assert canonical("cn-resident-id", number) == number == canonical("cn-resident-id", number.lower())
    mistyped = number[:at] + character + number[at + 1 :]
    assert canonical("cn-resident-id", mistyped) == (number if mistyped == number else None)
