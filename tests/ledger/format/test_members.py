"""The commitment to the members of an answer: it shows each person the truth, nothing else, and nobody else."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.format import members
from ledger.format.members import Commitment, Opening, ProofError, commit, is_in, open_bucket

SEED = bytes(range(32))
BUCKETS = st.sampled_from([1, 4, 64])
secrets = st.sets(st.binary(min_size=16, max_size=16), max_size=60)
KEY = members.key_of(SEED)


def grouped(people: Iterable[bytes], buckets: int, key: bytes = KEY) -> list[bytes]:
    tokens = sorted(members.tokens_of(secret, key) for secret in people)
    return [
        b"".join(token for token in tokens if members.bucket_of(token, buckets) == bucket) for bucket in range(buckets)
    ]


def opened_for(people: Iterable[bytes], secret: bytes, buckets: int, seed: bytes = SEED) -> Opening:
    key = members.key_of(seed)
    index = members.bucket_of(members.tokens_of(secret, key), buckets)
    return open_bucket(grouped(people, buckets, key), seed=seed, buckets=buckets, index=index)


@given(secrets, BUCKETS, st.binary(min_size=16, max_size=16))
def test_each_person_is_shown_to_be_in_or_not(people: set[bytes], buckets: int, other: bytes) -> None:
    made = commit(grouped(people, buckets), seed=SEED, buckets=buckets)
    for secret in {*list(people)[:3], other}:
        opening = opened_for(people, secret, buckets)
        assert is_in(secret, made, opening) is (secret in people)
        assert Opening.from_json(opening.to_json()) == opening


@given(secrets, st.binary(min_size=16, max_size=16))
def test_nobody_can_be_shown_otherwise(people: set[bytes], secret: bytes) -> None:
    """Neither who is in the answer as absent, nor who is not as present."""
    made = commit(grouped(people, 4), seed=SEED, buckets=4)
    token = members.tokens_of(secret, made.key)
    opening = opened_for(people, secret, 4)
    without = opening.tokens.replace(token, b"")
    lies = [
        replace(opening, tokens=without if without != opening.tokens else opening.tokens + token),
        replace(opening, tokens=b""),
        replace(opening, salt=bytes(32)),
        replace(opening, salt=opening.salt + opening.tokens[:16], tokens=opening.tokens[16:]),
        replace(opening, tokens=opening.tokens[1:]),
        replace(opening, path=opening.path[:-1]),
        replace(opening, path=(*opening.path, bytes(32))),
        replace(opening, path=opening.path[::-1]),
    ]
    index = members.bucket_of(token, 4)
    lies += [open_bucket(grouped(people, 4), seed=SEED, buckets=4, index=other) for other in range(4) if other != index]
    for lie in lies:
        if lie == opening:
            continue
        with pytest.raises(ProofError):
            is_in(secret, made, lie)
    with pytest.raises(ProofError):
        is_in(secret, replace(made, buckets=2), opening)


@given(secrets)
def test_openings_of_two_answers_have_nothing_in_common(people: set[bytes]) -> None:
    """So that two people who compare theirs, or one who collects, cannot follow somebody else."""
    other = hashlib.sha256(SEED).digest()
    for secret in list(people)[:3]:
        first, second = opened_for(people, secret, 1), opened_for(people, secret, 1, other)
        cut = [
            {opening.tokens[at : at + 16] for at in range(0, len(opening.tokens), 16)} for opening in (first, second)
        ]
        assert len(cut[0]) == len(cut[1]) == len(people)
        assert not cut[0] & cut[1]
        assert not {first.salt, *first.path} & {second.salt, *second.path}


def test_an_opening_depends_on_nobody_outside_its_bucket_but_by_a_hash() -> None:
    """What is disclosed of other buckets are hashes over salts that are disclosed nowhere."""
    me = bytes(16)
    mine = members.bucket_of(members.tokens_of(me, KEY), 4)
    others = [octet.to_bytes(16, "big") for octet in range(1, 60)]
    outside = [secret for secret in others if members.bucket_of(members.tokens_of(secret, KEY), 4) != mine]
    full, empty = opened_for([me, *outside], me, 4), opened_for([me], me, 4)
    assert (full.salt, full.tokens) == (empty.salt, empty.tokens)
    assert len(full.path) == len(empty.path) == 2
    assert full.salt not in {opened_for([me], secret, 4).salt for secret in outside}


def test_a_secret_does_not_follow_from_its_token() -> None:
    """The key of the tokens is public: turning the encryption back must not give the secret."""
    secret = bytes(range(16))
    token = members.tokens_of(secret, KEY)
    assert token != secret
    assert members.tokens_of(token, KEY) != secret
    both = members.tokens_of(secret + bytes(16), KEY)
    assert both == token + members.tokens_of(bytes(16), KEY), "each person by themselves"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"root": "00" * 32, "token_key": "00" * 32, "buckets": 3},
        {"root": "00" * 32, "token_key": "00" * 32, "buckets": True},
        {"root": "00" * 32, "token_key": "00" * 31, "buckets": 4},
        {"root": "zz", "token_key": "00" * 32, "buckets": 4},
        {"root": "00" * 32, "token_key": "00" * 32, "buckets": 1 << 17},
    ],
)
def test_a_commitment_of_another_form_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ProofError):
        Commitment.from_json(document)
