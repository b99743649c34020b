"""The messages of add-checkpoint (c2sp.org/tlog-witness), written and read by both sides."""

from dataclasses import dataclass

from ledger.format import checkpoint, merkle, note

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
"""The media type of the answer that gives the witness's size."""

MAX_PROOF = 63
"""The most hashes of a consistency proof."""

MAX_BODY = 64 * 1024
"""The largest request and the largest answer, in bytes."""

_OLD = "old "


class MalformedRequest(ValueError):
    """A request or an answer is malformed."""


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request to cosign: the witness's size, the proof (hashes of 32 bytes) from there on, the signed note."""

    old: int
    proof: tuple[bytes, ...]
    signed: str

    def text(self) -> str:
        """The request's body, for `parse`."""
        lines = [f"{_OLD}{self.old}", *(note.encode_base64(value) for value in self.proof)]
        return "\n".join(lines) + "\n\n" + self.signed


def parse(body: bytes) -> AddCheckpoint:
    """Read a request's body; the note in it is not checked. Raises MalformedRequest."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise MalformedRequest("the request is not UTF-8") from None
    head, separator, signed = text.partition("\n\n")
    first, *lines = head.split("\n")
    if not separator or not first.startswith(_OLD):
        raise MalformedRequest("a request is an old size, a proof, an empty line and a checkpoint")
    if len(lines) > MAX_PROOF:
        raise MalformedRequest(f"more than {MAX_PROOF} hashes")
    try:
        old = checkpoint.parse_number(first.removeprefix(_OLD))
        proof = tuple(note.decode_base64(line) for line in lines)
    except checkpoint.MalformedCheckpoint:
        raise MalformedRequest("the old size is not a number") from None
    except ValueError:
        raise MalformedRequest("a hash is not base64") from None
    if any(len(value) != merkle.HASH_SIZE for value in proof):
        raise MalformedRequest(f"a hash is not {merkle.HASH_SIZE} bytes long")
    return AddCheckpoint(old, proof, signed)


def parse_size(body: bytes) -> int:
    """Read the size in the answer to a request with another old size. Raises MalformedRequest."""
    try:
        text = body.decode("ascii")
        if not text.endswith("\n"):
            raise MalformedRequest("the size does not end in a newline")
        return checkpoint.parse_number(text[:-1])
    except ValueError:
        raise MalformedRequest("the witness's size is not a number") from None


def lines_of(signed: str, keys: set[tuple[str, bytes]]) -> str:
    """The first signature line of each key, given by name and key id, in a note."""
    lines: dict[tuple[str, bytes], str] = {}
    for name, material in note.split(signed)[1]:
        key = name, material[:4]
        if key in keys and key not in lines:
            lines[key] = note.line(name, material[:4], material[4:])
    return "".join(lines.values())
