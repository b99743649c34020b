"""Receipts (c2sp.org/tlog-proof): one text that proves an entry to be in the log, to keep and to check offline.

    c2sp.org/tlog-proof@v1
    index <n>
    <inclusion proof, one base64 hash per line, from the leaf's sibling upwards>

    <checkpoint, as it was signed>

The entry travels beside its receipt: verification hashes the entry's bytes again.
"""

from dataclasses import dataclass

from ledger.format import checkpoint, entry, merkle, note
from ledger.format.checkpoint import Checkpoint
from ledger.format.rotation import History

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
_EXTRA = "extra "
_INDEX = "index "


class ReceiptInvalid(ValueError):
    """A receipt is malformed, or does not prove that the entry is in the log."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry's index, its inclusion proof (hashes of 32 bytes, leaf upwards) and the signed checkpoint it leads to.

    The specification lets an application add `extra`. It is not authenticated, and nothing here reads it.
    """

    index: int
    proof: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    @classmethod
    def parse(cls, text: str) -> "Receipt":
        """Read a receipt without verifying it. Raises ReceiptInvalid unless `text()` writes exactly this text."""
        head, _, signed = text.partition("\n\n")
        lines = head.split("\n")
        if lines.pop(0) != HEADER:
            raise ReceiptInvalid(f"the first line is not {HEADER}")
        extra = b""
        if lines and lines[0].startswith(_EXTRA):
            extra = _decode(lines.pop(0).removeprefix(_EXTRA))
            if not extra:
                raise ReceiptInvalid("the extra line is empty")
        if not lines or not lines[0].startswith(_INDEX):
            raise ReceiptInvalid("the index line is missing")
        try:
            index = checkpoint.parse_number(lines.pop(0).removeprefix(_INDEX))
        except checkpoint.MalformedCheckpoint as error:
            raise ReceiptInvalid("the index is not a number") from error
        if len(lines) > MAX_HASHES:
            raise ReceiptInvalid(f"more than {MAX_HASHES} hashes")
        hashes = tuple(_decode(line) for line in lines)
        if any(len(value) != merkle.HASH_SIZE for value in hashes):
            raise ReceiptInvalid(f"a hash is not {merkle.HASH_SIZE} bytes long")
        if not signed:
            raise ReceiptInvalid("the checkpoint is missing")
        return cls(index, hashes, signed, extra)

    def text(self) -> str:
        """The receipt as text, for `parse`."""
        lines = [HEADER]
        if self.extra:
            lines.append(_EXTRA + note.encode_base64(self.extra))
        lines.append(f"{_INDEX}{self.index}")
        lines += [note.encode_base64(value) for value in self.proof]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    def verify(self, *, leaf: bytes, verifier: note.Verifier | History) -> Checkpoint:
        """Verify that the leaf hash (32 bytes) is at this index in a tree that the log signed.

        `verifier` is the log's key or, if it was rotated, its keys. Returns the checkpoint that proves it. Raises
        ReceiptInvalid.
        """
        keys = verifier if isinstance(verifier, History) else History.of(verifier)
        try:
            signed = keys.open(self.checkpoint)
            merkle.verify_inclusion(index=self.index, size=signed.size, leaf=leaf, proof=self.proof, root=signed.root)
        except (note.BadNote, checkpoint.MalformedCheckpoint, checkpoint.OriginDiffers, merkle.ProofError) as error:
            raise ReceiptInvalid(str(error)) from error
        return signed


def verify_receipt(text: str, leaf: bytes, verifier: note.Verifier | History) -> Checkpoint:
    """Verify a receipt for an entry, given as its bytes; the entry itself has to name the same index.

    `verifier` is the log's key or, if it was rotated, its keys. Returns the checkpoint that proves it. Raises
    ReceiptInvalid.
    """
    receipt = Receipt.parse(text)
    try:
        seq = entry.parse(leaf).seq
    except entry.MalformedEntry as error:
        raise ReceiptInvalid(
            f"the file is no entry's bytes as they were hashed (`ledger show --raw`): {error}"
        ) from error
    if seq != receipt.index:
        raise ReceiptInvalid(f"the entry has number {seq}, the receipt has index {receipt.index}")
    return receipt.verify(leaf=merkle.leaf_hash(leaf), verifier=verifier)


def _decode(line: str) -> bytes:
    try:
        return note.decode_base64(line)
    except ValueError:
        raise ReceiptInvalid("a line is not base64") from None
