"""The tokens of people by bucket: as those of single people, whatever the way they are made, in bounded batches."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from exchange.delivery.people.answered import bitmap_of_few
from exchange.kernel.keys.sealing import Seal
from exchange.subjects.numbering.tokens import Tokens, bucket_count
from ledger.format import members

SEAL, KEY = Seal(bytes(32)), bytes(range(32))
numbers = st.sets(st.integers(0, 3_000), max_size=120)


@given(numbers, st.sampled_from([1, 16, 64]), st.sampled_from([16, 64, 1 << 20]), st.sampled_from(["list", "bitmap"]))
def test_every_person_is_in_their_bucket_in_order(people: set[int], buckets: int, at_once: int, form: str) -> None:
    tokens = Tokens(SEAL, at_once=at_once)
    given_people = sorted(people) if form == "list" else bitmap_of_few(people, newest=max(people, default=-1))
    groups = list(tokens.groups(given_people, key=KEY, buckets=buckets))
    expected = sorted(members.tokens_of(tokens.secret(number), KEY) for number in people)
    assert b"".join(groups) == b"".join(expected)
    assert len(groups) == buckets
    for bucket, group in enumerate(groups):
        cut = [group[at : at + 16] for at in range(0, len(group), 16)]
        assert {members.bucket_of(token, buckets) for token in cut} <= {bucket}


def test_secrets_differ_between_people_and_exchanges() -> None:
    secrets = {
        Tokens(Seal(bytes([seal]) * 32)).secret(number) for seal, number in itertools.product(range(3), range(50))
    }
    assert len(secrets) == 150


def test_the_number_of_buckets_depends_on_who_has_numbers_alone() -> None:
    assert [bucket_count(people, most=4096) for people in (0, 1_024, 1_025, 3_000_000)] == [16, 16, 32, 4096]
