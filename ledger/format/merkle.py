"""The Merkle tree of RFC 6962 section 2.1 over SHA-256: hashes, proofs, and their verification.

This is arithmetic on indices, and hashing. A proof is first a list of *spans* (the leaves that each of its hashes
covers), then of *nodes* (the complete subtrees of a span), and then of hashes, which a function of the caller reads from
where they are stored. Verification raises instead of returning a result that a caller could ignore.

A node (level, index) is the root of the complete subtree over the leaves [index * 2^level, (index+1) * 2^level).
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the empty tree."""

Node = tuple[int, int]
Span = tuple[int, int]
ReadNode = Callable[[int, int], bytes]

_sha256 = hashlib.sha256


class ProofError(ValueError):
    """A proof is malformed or leads to another root."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || data)."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees: SHA-256(0x01 || left || right)."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """A growing tree that keeps only the roots of its complete subtrees, at most one per bit of its size.

    This is a compact range that begins at zero. Appending costs one node hash on average; the root costs at most one per
    subtree.
    """

    __slots__ = ("_nodes", "size")

    def __init__(self) -> None:
        self.size = 0
        self._nodes: list[bytes] = []  # from the largest subtree, on the left, to the smallest

    def append(self, leaf: bytes) -> None:
        """Append a leaf hash."""
        nodes, size = self._nodes, self.size
        while size & 1:
            leaf = _sha256(b"\x01" + nodes.pop() + leaf).digest()
            size >>= 1
        nodes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The current root."""
        return fold(self._nodes) if self._nodes else EMPTY_ROOT


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over the roots of complete subtrees, from the largest to the smallest. Raises ValueError for none."""
    if not hashes:
        raise ValueError("nothing to fold")
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of the tree over leaf hashes."""
    tree = Frontier()
    for leaf in leaf_hashes:
        tree.append(leaf)
    return tree.root()


def span_nodes(begin: int, end: int) -> list[Node]:
    """The complete subtrees, largest first, that a subtree over [begin, end) consists of."""
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append((level, begin >> level))
        begin += 1 << level
    return nodes


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The span of each hash of the inclusion proof PATH(index, D[size]), from the leaf's sibling upwards.

    RFC 6962 section 2.1.1. Raises ValueError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} has no entry {index}")
    spans = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((begin, middle))
            begin = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """The span of each hash of the consistency proof PROOF(old, D[new]), in the proof's order.

    RFC 6962 section 2.1.2. The proof of a tree with itself is empty. Raises ValueError unless 0 < old <= new.
    """
    if not 0 < old <= new:
        raise ValueError(f"a consistency proof from {old} to {new} is impossible")
    spans = []
    begin, end = 0, new
    while end != old:
        middle = begin + _split(end - begin)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((begin, middle))
            begin = middle
    if begin != 0:  # otherwise the old tree is itself a node on the path, whose hash the verifier has
        spans.append((begin, end))
    return spans[::-1]


def inclusion_proof(read: ReadNode, index: int, size: int) -> list[bytes]:
    """The inclusion proof of entry `index` in the tree of `size`. `read(level, index)` returns a node's hash."""
    return [_hash_span(read, span) for span in inclusion_spans(index, size)]


def consistency_proof(read: ReadNode, old: int, new: int) -> list[bytes]:
    """The proof that the tree of size `new` extends that of size `old`. `read(level, index)` returns a node's hash."""
    return [_hash_span(read, span) for span in consistency_spans(old, new)]


def verify_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Verify that a leaf hash is entry `index` of the tree with this size and root.

    RFC 9162 section 2.1.3.2. Raises ProofError.
    """
    if root_from_inclusion(index=index, size=size, leaf=leaf, proof=proof) != root:
        raise ProofError("the inclusion proof leads to another root")


def root_from_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to. Raises ProofError if its length does not fit index and size."""
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} has no entry {index}")
    _check_hashes([leaf, *proof])
    # Below the node where the paths to this leaf and to the last one meet, a sibling may be on either side. Above it, the
    # path follows the right edge, and each one-bit of the index is a sibling on the left.
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise ProofError(f"the inclusion proof has {len(proof)} hashes, not {inner + border}")
    result = leaf
    for level, sibling in enumerate(proof):
        is_left = level < inner and not index >> level & 1
        result = node_hash(result, sibling) if is_left else node_hash(sibling, result)
    return result


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Verify that the tree with the new size and root extends the one with the old size and root.

    RFC 9162 section 2.1.4.2. The empty tree is a prefix of every tree, so it has no proof and is refused. Raises
    ProofError.
    """
    if not 0 < old_size <= new_size:
        raise ProofError(f"a consistency proof from {old_size} to {new_size} is impossible")
    _check_hashes(proof)
    if old_size == new_size:
        if proof:
            raise ProofError("the consistency proof of a tree with itself must be empty")
        if old_root != new_root:
            raise ProofError("the two roots of one size differ")
        return
    # The proof is the path, in the new tree, of the old tree's last complete subtree. That subtree's hash comes first,
    # unless it is the whole old tree. Hashes left of the path belong to both trees, those right of it to the new one.
    shift = (old_size & -old_size).bit_length() - 1
    index, last = (old_size - 1) >> shift, (new_size - 1) >> shift
    seed, path = (old_root, proof) if index == 0 else (proof[0] if proof else b"", proof[1:])
    inner = (index ^ last).bit_length()
    border = (index >> inner).bit_count()
    if not seed or len(path) != inner + border:
        raise ProofError(f"the consistency proof has {len(proof)} hashes, which is the wrong number")
    in_old = in_new = seed
    for level, sibling in enumerate(path):
        if level < inner and not index >> level & 1:
            in_new = node_hash(in_new, sibling)
        else:
            in_old, in_new = node_hash(sibling, in_old), node_hash(sibling, in_new)
    if in_old != old_root:
        raise ProofError("the consistency proof leads to another old root")
    if in_new != new_root:
        raise ProofError("the consistency proof leads to another new root")


def _split(size: int) -> int:
    """The largest power of two smaller than a size of at least two, where a tree splits (RFC 6962 section 2.1)."""
    return 1 << (size - 1).bit_length() - 1


def _hash_span(read: ReadNode, span: Span) -> bytes:
    return fold([read(level, index) for level, index in span_nodes(*span)])


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise ProofError(f"a hash is not {HASH_SIZE} bytes long")
