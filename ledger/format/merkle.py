"""The Merkle tree of RFC 6962 section 2.1 over SHA-256: hashes, proofs, and their verification.

Everything here is arithmetic on indices plus hashing. A proof is first a list of *spans* (which leaves each of its
hashes covers), then of *nodes* (the complete subtrees a span is made of), and only then of hashes; where these are
stored is the caller's affair, who passes a way to read them. Verification raises: no result can be left unlooked at.

A node is named (level, index): the root of the complete subtree over the leaves [index * 2^level, (index+1) * 2^level).
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the tree with no leaves."""

Node = tuple[int, int]
Span = tuple[int, int]
ReadNode = Callable[[int, int], bytes]

_sha256 = hashlib.sha256


class ProofError(ValueError):
    """A proof does not prove what it was given for."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || data)."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees: SHA-256(0x01 || left || right)."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier:
    """A growing tree, of which only the roots of its complete subtrees are kept: at most one per bit of its size.

    This is a compact range that begins at zero. Appending costs one node hash on average, the root at most one per
    subtree.
    """

    __slots__ = ("_nodes", "size")

    def __init__(self) -> None:
        self.size = 0
        self._nodes: list[bytes] = []  # from the largest subtree, on the left, to the smallest

    def append(self, leaf: bytes) -> None:
        """Add one leaf, given as its hash."""
        nodes, size = self._nodes, self.size
        while size & 1:
            leaf = _sha256(b"\x01" + nodes.pop() + leaf).digest()
            size >>= 1
        nodes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        return fold(self._nodes) if self._nodes else EMPTY_ROOT


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over the roots of complete subtrees that shrink from left to right. Raises ValueError for none."""
    if not hashes:
        raise ValueError("nothing to fold")
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of the tree over some leaves, given as their hashes."""
    tree = Frontier()
    for leaf in leaf_hashes:
        tree.append(leaf)
    return tree.root()


def span_nodes(begin: int, end: int) -> list[Node]:
    """The complete subtrees, largest first, that together are the leaves of a subtree [begin, end) of some tree."""
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append((level, begin >> level))
        begin += 1 << level
    return nodes


def inclusion_spans(index: int, size: int) -> list[Span]:
    """What each hash of the inclusion proof PATH(index, D[size]) covers, from the leaf's sibling upwards.

    RFC 6962 section 2.1.1. Raises ValueError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError(f"no entry {index} in a tree of {size}")
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
    """What each hash of the consistency proof PROOF(old, D[new]) covers, in the proof's order.

    RFC 6962 section 2.1.2. The proof of a tree with itself is empty. Raises ValueError unless 0 < old <= new.
    """
    if not 0 < old <= new:
        raise ValueError(f"no consistency proof from {old} to {new}")
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
    if begin != 0:  # otherwise the old tree is itself a node on the way, whose hash the verifier has
        spans.append((begin, end))
    return spans[::-1]


def inclusion_proof(read: ReadNode, index: int, size: int) -> list[bytes]:
    """The inclusion proof of entry `index` in the tree of `size`, from nodes that `read(level, index)` gives."""
    return [_hash_span(read, span) for span in inclusion_spans(index, size)]


def consistency_proof(read: ReadNode, old: int, new: int) -> list[bytes]:
    """The proof that the tree of size `new` extends that of size `old`, from nodes that `read(level, index)` gives."""
    return [_hash_span(read, span) for span in consistency_spans(old, new)]


def verify_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf with this hash is entry `index` of the tree with this size and root.

    RFC 9162 section 2.1.3.2. Raises ProofError.
    """
    if root_from_inclusion(index=index, size=size, leaf=leaf, proof=proof) != root:
        raise ProofError("the inclusion proof leads to another root")


def root_from_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to. Raises ProofError where it has the wrong shape for index and size."""
    if not 0 <= index < size:
        raise ProofError(f"no entry {index} in a tree of {size}")
    _check_hashes([leaf, *proof])
    # Up to where the paths to this leaf and to the last one meet, a sibling may stand on either side; from there on the
    # path runs along the right edge, and siblings stand on the left wherever the index has a one.
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise ProofError(f"an inclusion proof of {len(proof)} hashes where {inner + border} are needed")
    result = leaf
    for level, sibling in enumerate(proof):
        is_left = level < inner and not index >> level & 1
        result = node_hash(result, sibling) if is_left else node_hash(sibling, result)
    return result


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree with the new size and root extends the one with the old size and root.

    RFC 9162 section 2.1.4.2. A tree of size zero is a prefix of every tree and says nothing: there is no proof for it,
    and it is refused here. Raises ProofError.
    """
    if not 0 < old_size <= new_size:
        raise ProofError(f"no consistency proof from {old_size} to {new_size}")
    _check_hashes(proof)
    if old_size == new_size:
        if proof:
            raise ProofError("a consistency proof of a tree with itself is empty")
        if old_root != new_root:
            raise ProofError("two roots for one size")
        return
    # The proof is the path in the new tree of the old tree's last complete subtree, whose hash comes first unless that
    # subtree is the whole old tree. Hashes on the left of the path belong to both trees, on its right to the new alone.
    shift = (old_size & -old_size).bit_length() - 1
    index, last = (old_size - 1) >> shift, (new_size - 1) >> shift
    seed, path = (old_root, proof) if index == 0 else (proof[0] if proof else b"", proof[1:])
    inner = (index ^ last).bit_length()
    border = (index >> inner).bit_count()
    if not seed or len(path) != inner + border:
        raise ProofError(f"a consistency proof of {len(proof)} hashes has the wrong length")
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
    """The largest power of two smaller than a size of at least two: where a tree parts (RFC 6962 section 2.1)."""
    return 1 << (size - 1).bit_length() - 1


def _hash_span(read: ReadNode, span: Span) -> bytes:
    return fold([read(level, index) for level, index in span_nodes(*span)])


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(value) != HASH_SIZE for value in hashes):
        raise ProofError("a hash that is not 32 bytes long")
