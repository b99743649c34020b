"""The tree: published vectors, two independent implementations, and proofs that were tampered with."""

import base64
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scitt_cose import merkle as scitt
from sigstore._internal import merkle as sigstore
from sigstore.errors import VerificationError

from ledger.format import merkle

LEAVES = [f"leaf {number}".encode() for number in range(70)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]
HEX = [leaf.hex() for leaf in LEAVES]
ROOTS = [merkle.root(HASHES[:size]) for size in range(71)]


def node(level: int, index: int) -> bytes:
    return merkle.root(HASHES[index << level : (index + 1) << level])


def as_sigstore(index: int, size: int, proof: list[bytes]) -> Any:
    """A proof as sigstore's verifier takes it, which reads it out of a log entry."""
    inclusion = SimpleNamespace(log_index=index, tree_size=size, hashes=proof, root_hash=ROOTS[size])
    return SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=inclusion, canonicalized_body=LEAVES[index]))


def decode(hashes: list[str]) -> list[bytes]:
    return [base64.b64decode(value) for value in hashes]


def test_the_published_tree(vectors):
    tree = vectors("tree.json")
    leaves = [bytes.fromhex(leaf) for leaf in tree["leaves"]]
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    assert [value.hex() for value in hashes] == tree["nodes"][0]
    assert [merkle.root(hashes[:size]).hex() for size in range(9)] == tree["roots"]
    for level, nodes in enumerate(tree["nodes"]):
        assert [
            merkle.root(hashes[index << level : (index + 1) << level]).hex() for index in range(len(nodes))
        ] == nodes


def test_the_published_inclusion_proofs(vectors):
    cases = vectors("inclusion.json")["cases"]
    assert len(cases) == 98
    for name, index, size, root, leaf, proof, is_wrong in cases:
        try:
            merkle.verify_inclusion(
                index=index,
                size=size,
                leaf=base64.b64decode(leaf),
                proof=decode(proof),
                root=base64.b64decode(root),
            )
        except merkle.ProofError:
            assert is_wrong, name
        else:
            assert not is_wrong, name


def test_the_published_consistency_proofs(vectors):
    cases = vectors("consistency.json")["cases"]
    assert len(cases) == 98
    for name, old, new, old_root, new_root, proof, is_wrong in cases:
        try:
            merkle.verify_consistency(
                old_size=old,
                new_size=new,
                old_root=base64.b64decode(old_root),
                new_root=base64.b64decode(new_root),
                proof=decode(proof),
            )
        except merkle.ProofError:
            assert is_wrong, name
        else:
            assert not is_wrong, name


def test_every_inclusion_proof_up_to_seventy_leaves_agrees_with_others():
    for size in range(1, 71):
        assert ROOTS[size].hex() == scitt.merkle_root(HEX[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(node, index, size)
            merkle.verify_inclusion(index=index, size=size, leaf=HASHES[index], proof=proof, root=ROOTS[size])
            if size % 8 in (0, 1, 7):
                assert [value.hex() for value in proof] == scitt.inclusion_proof(HEX[:size], index)
                sigstore.verify_merkle_inclusion(as_sigstore(index, size, proof))


def test_every_consistency_proof_up_to_seventy_leaves_agrees_with_another():
    for new in range(1, 71):
        for old in range(1, new + 1):
            proof = merkle.consistency_proof(node, old, new)
            merkle.verify_consistency(old_size=old, new_size=new, old_root=ROOTS[old], new_root=ROOTS[new], proof=proof)
            if new % 8 in (0, 1, 7):
                assert [value.hex() for value in proof] == scitt.consistency_proof(HEX[:new], old, new)


@st.composite
def inclusions(draw):
    size = draw(st.integers(1, 70))
    index = draw(st.integers(0, size - 1))
    return index, size, merkle.inclusion_proof(node, index, size)


@st.composite
def perturbed(draw, proof: list[bytes]):
    """Forgeries of the proof: each has one part altered."""
    kinds = ["garbage", "repeat"] + (["flip", "drop", "swap"] if len(proof) > 1 else [])
    kind = draw(st.sampled_from(kinds))
    at = draw(st.integers(0, max(0, len(proof) - 1)))
    if kind == "flip":
        bit = draw(st.integers(0, 255))
        changed = (int.from_bytes(proof[at], "big") ^ 1 << bit).to_bytes(32, "big")
        return [*proof[:at], changed, *proof[at + 1 :]]
    if kind == "drop":
        return [*proof[:at], *proof[at + 1 :]]
    if kind == "swap":
        other = (at + 1) % len(proof)
        swapped = list(proof)
        swapped[at], swapped[other] = swapped[other], swapped[at]
        return swapped
    if kind == "repeat":
        return [*proof, *(proof[-1:] or [merkle.EMPTY_ROOT])]
    return [*proof[:at], draw(st.binary(max_size=64)), *proof[at:]]


@given(st.data())
def test_a_perturbed_inclusion_proof_is_rejected_here_and_elsewhere(data):
    index, size, proof = data.draw(inclusions())
    forged = data.draw(perturbed(proof))
    with pytest.raises(merkle.ProofError):
        merkle.verify_inclusion(index=index, size=size, leaf=HASHES[index], proof=forged, root=ROOTS[size])
    theirs = as_sigstore(index, size, forged)
    with pytest.raises(VerificationError):
        sigstore.verify_merkle_inclusion(theirs)


@given(inclusions(), st.integers(-1, 69))
def test_an_inclusion_proof_holds_for_no_other_index_and_no_other_leaf(inclusion, other):
    index, size, proof = inclusion
    assume(other != index)
    with pytest.raises(merkle.ProofError):
        merkle.verify_inclusion(index=other, size=size, leaf=HASHES[index], proof=proof, root=ROOTS[size])
    with pytest.raises(merkle.ProofError):
        merkle.verify_inclusion(index=index, size=size, leaf=HASHES[other], proof=proof, root=ROOTS[size])


@given(st.data())
def test_a_perturbed_consistency_proof_is_rejected(data):
    new = data.draw(st.integers(2, 70))
    old = data.draw(st.integers(1, new - 1))
    proof = data.draw(perturbed(merkle.consistency_proof(node, old, new)))
    with pytest.raises(merkle.ProofError):
        merkle.verify_consistency(old_size=old, new_size=new, old_root=ROOTS[old], new_root=ROOTS[new], proof=proof)


@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from(["old", "new"]))
def test_a_consistency_proof_holds_for_no_other_root(size, two, which):
    old, new = sorted((size, two))
    proof = merkle.consistency_proof(node, old, new)
    old_root, new_root = (ROOTS[old - 1], ROOTS[new]) if which == "old" else (ROOTS[old], ROOTS[new - 1])
    with pytest.raises(merkle.ProofError):
        merkle.verify_consistency(old_size=old, new_size=new, old_root=old_root, new_root=new_root, proof=proof)


def test_proofs_of_entries_and_sizes_that_do_not_exist_are_refused():
    for index, size in [(-1, 1), (0, 0), (1, 1)]:
        with pytest.raises(ValueError, match="has no entry"):
            merkle.inclusion_spans(index, size)
    for old, new in [(0, 1), (2, 1), (-1, 1)]:
        with pytest.raises(ValueError, match="is impossible"):
            merkle.consistency_spans(old, new)


def test_a_frontier_has_the_root_of_every_size():
    tree = merkle.Frontier()
    assert tree.root() == merkle.EMPTY_ROOT
    for size, value in enumerate(HASHES, 1):
        tree.append(value)
        assert (tree.size, tree.root().hex()) == (size, scitt.merkle_root(HEX[:size]))
