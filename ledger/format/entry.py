"""Entries: the exact bytes that the ledger stores, hashes and exports.

    {"body":<canonical JSON object>,"prev":"<hex leaf hash of entry seq-1>","seq":<n>,"v":1}

The keys are in canonical order, so the whole entry is RFC 8785 canonical JSON. The body is made canonical before its
place in the log is known, and only the ends are added while the log's head is locked. `prev` is among the hashed bytes,
so the log is a hash chain that `sha256sum` can check; the proofs come from the tree.
"""

import re
from dataclasses import dataclass
from typing import Any

from ledger.format import canonical

GENESIS = bytes(32)
"""The `prev` of the first entry."""

MAX_ENTRY = 60 * 1024
"""The largest entry in bytes. C2SP tlog-tiles allows 65,535; the rest is reserved for a later version."""

_OPENING = b'{"body":'
_CLOSING = b',"prev":"%b","seq":%d,"v":1}'
_END = re.compile(rb',"prev":"([0-9a-f]{64})","seq":(0|[1-9][0-9]{0,15}),"v":1}', re.ASCII)

MAX_BODY = MAX_ENTRY - len(_OPENING) - len(_CLOSING % (b"0" * 64, canonical.MAX_INTEGER))
"""The largest body in bytes that fits an entry at any index."""

_LONGEST_END = MAX_ENTRY - MAX_BODY - len(_OPENING)


class EntryTooLarge(ValueError):
    """A body is too large for an entry; nothing was written."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the body has {size} bytes; an entry has room for {MAX_BODY}")
        self.size = size


class MalformedEntry(ValueError):
    """The bytes are not an entry of a ledger of version 1."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry's index, the leaf hash of the entry before it (32 bytes), and its body."""

    seq: int
    prev: bytes
    body: dict[str, Any]


def check_body(body: bytes, *, spare: int = 0) -> None:
    """Raise EntryTooLarge if a canonical body, with `spare` bytes to come, is too large, before it is queued."""
    if len(body) + spare > MAX_BODY:
        raise EntryTooLarge(len(body))


def splice(*, body: bytes, prev: bytes, seq: int) -> bytes:
    """The entry's bytes from a canonical body (a JSON object), its predecessor's leaf hash and its index from zero.

    Only the size of the body is checked, since this runs under the log's lock: it must come from `canonical.dumps`. Raises
    EntryTooLarge, or ValueError for an impossible `prev` or `seq`.
    """
    if len(prev) != len(GENESIS) or not 0 <= seq <= canonical.MAX_INTEGER:
        raise ValueError("an entry needs a hash of 32 bytes and an index below 2^53")
    if len(body) > MAX_BODY:
        raise EntryTooLarge(len(body))
    return _OPENING + body + _CLOSING % (prev.hex().encode(), seq)


def body_at(leaf: bytes, prev: bytes, seq: int) -> bytes | None:
    """The bytes of the body, if these bytes are an entry with this `prev` and `seq`; None otherwise.

    The body itself is not checked. If it is a canonical object, `parse` returns the same prev and seq.
    """
    end = _CLOSING % (prev.hex().encode(), seq)
    if len(leaf) > MAX_ENTRY or not leaf.startswith(_OPENING) or not leaf.endswith(end):
        return None
    return leaf[len(_OPENING) : -len(end)]


def parse(leaf: bytes) -> Entry:
    """Read an entry's bytes. Raises MalformedEntry unless `splice` would write these very bytes again."""
    if len(leaf) > MAX_ENTRY:
        raise MalformedEntry(f"{len(leaf)} bytes; an entry has at most {MAX_ENTRY}")
    if not leaf.startswith(_OPENING):
        raise MalformedEntry("it does not begin with a body")
    # The body may have text that looks like an end. No key repeats within an end, so the last match closes the entry.
    start = leaf.rfind(b',"prev":"', -_LONGEST_END)
    end = _END.fullmatch(leaf, start) if start >= 0 else None
    if end is None:
        raise MalformedEntry("it does not end in prev, seq and version 1")
    try:
        body = canonical.loads(leaf[len(_OPENING) : start])
    except canonical.NotCanonical as error:
        raise MalformedEntry(f"its body is not canonical: {error}") from None
    if not isinstance(body, dict):
        raise MalformedEntry("its body is not an object")
    seq = int(end[2])
    if seq > canonical.MAX_INTEGER:
        raise MalformedEntry("its seq is 2^53 or more")
    return Entry(seq=seq, prev=bytes.fromhex(end[1].decode()), body=body)
