"""Receipts (c2sp.org/tlog-proof): all that shows an entry to be in the log, in one text to be kept and checked offline.

    c2sp.org/tlog-proof@v1
    index <n>
    <inclusion proof, one base64 hash per line, from the leaf's sibling upwards>

    <checkpoint, as it was signed>

The entry itself travels beside it: a receipt proves nothing about bytes that are not hashed again.
"""

from dataclasses import dataclass

from ledger.format import checkpoint, entry, merkle, note

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
_EXTRA = "extra "
_INDEX = "index "


class ReceiptInvalid(ValueError):
    """A receipt cannot be read, or does not prove that the entry is in the log; its cause says more."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry's index, its inclusion proof (hashes of 32 bytes, leaf upwards), the signed checkpoint it leads to.

    `extra` is what the specification lets an application add; it is not authenticated, and nothing here reads it.
    """

    index: int
    proof: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    def text(self) -> str:
        """The receipt as text, which `parse` reads."""
        lines = [HEADER]
        if self.extra:
            lines.append(_EXTRA + note.encode_base64(self.extra))
        lines.append(f"{_INDEX}{self.index}")
        lines += [note.encode_base64(value) for value in self.proof]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def parse(text: str) -> Receipt:
    """Read a receipt, without checking what it proves. Raises ReceiptInvalid but for what `Receipt.text` writes."""
    head, _, signed = text.partition("\n\n")
    lines = head.split("\n")
    if lines.pop(0) != HEADER:
        raise ReceiptInvalid(f"the first line is not {HEADER}")
    extra = b""
    if lines and lines[0].startswith(_EXTRA):
        extra = _decode(lines.pop(0).removeprefix(_EXTRA))
        if not extra:
            raise ReceiptInvalid("an empty extra line")
    if not lines or not lines[0].startswith(_INDEX):
        raise ReceiptInvalid("no index line")
    try:
        index = checkpoint.parse_number(lines.pop(0).removeprefix(_INDEX))
    except checkpoint.MalformedCheckpoint as error:
        raise ReceiptInvalid("the index is not a number") from error
    if len(lines) > MAX_HASHES:
        raise ReceiptInvalid(f"more than {MAX_HASHES} hashes")
    hashes = tuple(_decode(line) for line in lines)
    if any(len(value) != merkle.HASH_SIZE for value in hashes):
        raise ReceiptInvalid("a hash that is not 32 bytes long")
    if not signed:
        raise ReceiptInvalid("no checkpoint")
    return Receipt(index, hashes, signed, extra)


def verify(receipt: Receipt, *, leaf: bytes, verifier: note.Verifier) -> checkpoint.Checkpoint:
    """Check that the entry with this leaf hash is where the receipt says, in a tree that the log's key signed.

    Returns the checkpoint that proves it. Raises ReceiptInvalid.
    """
    try:
        signed = checkpoint.open(receipt.checkpoint, verifier)
        merkle.verify_inclusion(index=receipt.index, size=signed.size, leaf=leaf, proof=receipt.proof, root=signed.root)
    except (note.BadNote, checkpoint.MalformedCheckpoint, checkpoint.OriginDiffers, merkle.ProofError) as error:
        raise ReceiptInvalid(str(error)) from error
    return signed


def verify_receipt(text: str, leaf: bytes, verifier: note.Verifier) -> checkpoint.Checkpoint:
    """Check a receipt for an entry of this ledger, given as its bytes: `verify`, and the entry itself names its index.

    Returns the checkpoint that proves it. Raises ReceiptInvalid.
    """
    receipt = parse(text)
    signed = verify(receipt, leaf=merkle.leaf_hash(leaf), verifier=verifier)
    try:
        seq = entry.parse(leaf).seq
    except entry.MalformedEntry as error:
        raise ReceiptInvalid(f"the entry is malformed: {error}") from error
    if seq != receipt.index:
        raise ReceiptInvalid(f"the entry says it is number {seq}, the log has it at {receipt.index}")
    return signed


def _decode(line: str) -> bytes:
    try:
        return note.decode_base64(line)
    except ValueError:
        raise ReceiptInvalid("a line that is not base64") from None
