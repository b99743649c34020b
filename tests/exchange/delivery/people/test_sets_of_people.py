"""Sets of people by number: membership, unions, and the set that a stream collects."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from exchange.delivery.people import answered, consenting
from exchange.delivery.people.answered import AnsweredPeople

numbers = st.sets(st.integers(0, 3_000), max_size=60)
rows = st.lists(st.integers(-1, 3_000) | st.none(), max_size=60)


def bitmap(people: set[int]) -> bytes:
    return answered.bitmap_of_few(people, newest=max(people, default=-1))


@given(numbers, rows)
def test_rows_of_members_are_kept_and_no_others(people: set[int], given_rows: list[int | None]) -> None:
    mask = consenting.membership(bytearray(bitmap(people)), pa.array(given_rows, pa.int32()))
    assert mask.to_pylist() == [number in people for number in given_rows]


@given(st.lists(numbers, max_size=4), numbers)
def test_a_union_has_everybody_of_each_but_who_was_taken_out(sets: list[set[int]], ended: set[int]) -> None:
    bits = consenting.union([bitmap(people) for people in sets])
    consenting.clear(bits, ended)
    remaining = set().union(*sets) - ended
    mask = consenting.membership(bits, pa.array(range(3_001), pa.int32()))
    assert {number for number, is_member in enumerate(mask.to_pylist()) if is_member} == remaining


@given(st.lists(rows, max_size=5), st.integers(1, 40))
def test_a_stream_collects_each_person_once(batches: list[list[int | None]], pending: int) -> None:
    people = AnsweredPeople(pending=pending)
    for batch in batches:
        people.add(pa.array(batch, pa.int32()))
    expected = {number for batch in batches for number in batch if number is not None and number >= 0}
    assert people.bits() == bitmap(expected)
    assert people.bits() == bitmap(expected)
