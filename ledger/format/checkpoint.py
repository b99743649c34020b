"""Checkpoints (c2sp.org/tlog-checkpoint): the size and root of a log, signed by it.

    <origin>
    <size, decimal>
    <root, base64>

A log's key name is its origin. The specification advises against extension lines: they are never written, and only read
by a witness, on other logs' checkpoints.
"""

import re
from dataclasses import dataclass

from ledger.format import merkle, note

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class MalformedCheckpoint(ValueError):
    """A text is not a checkpoint."""


class OriginDiffers(ValueError):
    """A checkpoint names another log than the key that signs or signed it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's origin, its number of entries, and the root (32 bytes) of the tree over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note text, for `parse`."""
        return f"{self.origin}\n{self.size}\n{note.encode_base64(self.root)}\n"


def parse(text: str, *, is_extended: bool = False) -> Checkpoint:
    """Read a note text. Raises MalformedCheckpoint unless `Checkpoint.text` writes the same text.

    With `is_extended`, extension lines may follow; they are ignored.
    """
    *lines, rest = text.split("\n")
    if rest or len(lines) < 3 or (len(lines) > 3 and not is_extended):  # noqa: PLR2004
        raise MalformedCheckpoint("a checkpoint has three lines: origin, size and root")
    if not all(lines[3:]):
        raise MalformedCheckpoint("an extension line is empty")
    origin, size, encoded = lines[:3]
    if not note.is_name(origin):
        raise MalformedCheckpoint("the origin is not a key name")
    try:
        root = note.decode_base64(encoded)
    except ValueError:
        raise MalformedCheckpoint("the root is not base64") from None
    if len(root) != merkle.HASH_SIZE:
        raise MalformedCheckpoint("the root is not 32 bytes long")
    return Checkpoint(origin, parse_number(size), root)


def sign(checkpoint: Checkpoint, signer: note.AnySigner) -> str:
    """Sign a checkpoint with the log's key. Raises OriginDiffers if the key has another name."""
    if signer.name != checkpoint.origin:
        raise OriginDiffers(f"a key named {signer.name} cannot sign for {checkpoint.origin}")
    return note.sign(checkpoint.text(), [signer])


def open(signed: str | bytes, verifier: note.Verifier) -> Checkpoint:  # noqa: A001 - as note.open
    """Read and verify a checkpoint signed by the log's key.

    Raises note.BadNote if the note or its signature fails, MalformedCheckpoint, or OriginDiffers if it names another log.
    """
    checkpoint = parse(note.open(signed, [verifier]).text)
    if checkpoint.origin != verifier.name:
        raise OriginDiffers(f"the key {verifier.name} signed for {checkpoint.origin}")
    return checkpoint


def parse_number(text: str) -> int:
    """A size or an index: ASCII decimal without leading zeros, below 2^63. Raises MalformedCheckpoint."""
    if not _NUMBER.fullmatch(text) or int(text) >= 1 << 63:
        raise MalformedCheckpoint("a number is not decimal, has leading zeros or is too large")
    return int(text)
