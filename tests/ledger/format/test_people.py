"""The commitment to the people in an answer: each person is shown to be in it or not, and nothing else can be shown."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.format import people
from ledger.format.people import Commitment, Opening, ProofError, commit, is_in, open_piece

KEY = bytes(range(32))
SIZES = st.sampled_from([256, 512, 4096])
numbers = st.sets(st.integers(0, 9_999), max_size=200)


def bitmap(present: set[int]) -> bytes:
    bits = bytearray(max(present, default=-1) // 8 + 1)
    for number in present:
        bits[number // 8] |= 1 << number % 8
    return bytes(bits)


@given(numbers, SIZES, st.integers(0, 12_000))
def test_each_number_is_shown_to_be_in_or_not(present: set[int], size: int, other: int) -> None:
    bits = bitmap(present)
    commitment = commit(bits, key=KEY, size=size)
    for number in {*list(present)[:3], other}:
        beyond = number >= commitment.size * commitment.pieces
        opening = None if beyond else open_piece(bits, key=KEY, size=size, number=number)
        assert is_in(number, commitment, opening) is (number in present)
        if opening is not None:
            assert Opening.from_json(opening.to_json()) == opening


@given(numbers, st.integers(0, 255))
def test_no_bit_can_be_shown_otherwise(present: set[int], place: int) -> None:
    bits = bitmap(present)
    commitment = commit(bits, key=KEY, size=256)
    number = place + 256 * (commitment.pieces - 1)
    opening = open_piece(bits, key=KEY, size=256, number=number)
    turned = bytearray(opening.bits)
    turned[place // 8] ^= 1 << place % 8
    lies = [
        replace(opening, bits=bytes(turned)),
        replace(opening, salt=bytes(32)),
        replace(opening, salt=opening.salt + opening.bits[:1], bits=opening.bits[1:]),
        replace(opening, index=opening.index + 1),
        replace(opening, index=-1),
        replace(opening, path=(*opening.path, bytes(32))),
    ]
    if opening.path:
        lies.append(replace(opening, path=opening.path[:-1]))
    for lie in [*lies, None]:
        with pytest.raises(ProofError):
            is_in(number, commitment, lie)


def test_the_opening_of_one_piece_shows_no_bit_of_another() -> None:
    """What is shown of two answers that differ in other pieces differs in hashes under salts that stay hidden."""
    alike = bitmap({3, 300, 700}), bitmap({3, 301, 900})
    shown = [open_piece(bits.ljust(128, b"\0"), key=KEY, size=256, number=3) for bits in alike]
    assert (shown[0].salt, shown[0].bits) == (shown[1].salt, shown[1].bits)
    salts = {open_piece(bytes(128), key=KEY, size=256, number=256 * index).salt for index in range(4)}
    assert len(salts) == 4
    assert commit(bytes(128), key=KEY, size=256) != commit(bytes(128), key=bytes(32), size=256)


def test_the_form_is_fixed() -> None:
    """Changed bytes here would turn every commitment on a ledger into a false one."""
    commitment = commit(bitmap({1, 500}), key=KEY, size=256)
    assert (commitment.root.hex(), commitment.pieces) == (ROOT, 2)


ROOT = "ce0412248c4213c329066976efff6df149e4c95b006e9d3d2238c462691407d1"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"index": 0, "salt": "00", "bits": "00"},
        {"index": "0", "salt": "00", "bits": "00", "path": []},
        {"index": True, "salt": "00", "bits": "00", "path": []},
        {"index": 0, "salt": "0g", "bits": "00", "path": []},
        {"index": 0, "salt": "00", "bits": "00", "path": [1]},
        {"index": 0, "salt": "00", "bits": "00", "path": None},
    ],
)
def test_another_form_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ProofError):
        Opening.from_json(document)


@pytest.mark.parametrize(
    "commitment", [Commitment(bytes(32), 100, 1), Commitment(bytes(32), 300, 1), Commitment(bytes(32), 256, 0)]
)
def test_another_commitment_is_refused(commitment: Commitment) -> None:
    with pytest.raises(ProofError):
        is_in(1, commitment, None)
    with pytest.raises(ProofError):
        is_in(-1, replace(commitment, size=256, pieces=1), None)


def test_pieces_grow_with_the_people() -> None:
    assert people.piece_size(0) == people.piece_size(256 << 16) == 256
    assert people.piece_size((256 << 16) + 1) == 512
    assert people.piece_size(3_000_000, most=1024) == 4096
    with pytest.raises(ValueError, match="beyond"):
        open_piece(b"", key=KEY, size=256, number=256)
