"""One ledger entry, as the exact bytes that are stored, hashed and exported.

    {"body":<canonical JSON object>,"prev":"<hex leaf hash of entry seq-1>","seq":<n>,"v":1}

The keys are in canonical order, so the whole is RFC 8785 canonical JSON, and still the body can be canonicalised before
its place in the log is known: only the ends are put around it while the log's head is locked. `prev` lies inside the
bytes that are hashed, which makes the log a hash chain that `sha256sum` can walk; what proves anything is the tree.
"""

import re
from dataclasses import dataclass
from typing import Any

from ledger.format import canonical

GENESIS = bytes(32)
"""The `prev` of the first entry, which follows nothing."""

MAX_ENTRY = 60 * 1024
"""The largest entry in bytes. A bundle could hold 65,535 (C2SP tlog-tiles); the rest is room for a later version."""

_OPENING = b'{"body":'
_CLOSING = b',"prev":"%b","seq":%d,"v":1}'
_END = re.compile(rb',"prev":"([0-9a-f]{64})","seq":(0|[1-9][0-9]{0,15}),"v":1}', re.ASCII)

MAX_BODY = MAX_ENTRY - len(_OPENING) - len(_CLOSING % (b"0" * 64, canonical.MAX_INTEGER))
"""The largest body in bytes that fits an entry wherever in the log it comes to stand."""

_LONGEST_END = MAX_ENTRY - MAX_BODY - len(_OPENING)


class EntryTooLarge(ValueError):
    """A body does not fit an entry; nothing was written."""

    def __init__(self, size: int) -> None:
        super().__init__(f"a body of {size} bytes; at most {MAX_BODY} fit an entry")
        self.size = size


class MalformedEntry(ValueError):
    """Some bytes are not an entry that a ledger of version 1 could have written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry's place, the leaf hash of the entry before it (32 bytes), and what it says."""

    seq: int
    prev: bytes
    body: dict[str, Any]


def check_body(body: bytes) -> None:
    """Raise EntryTooLarge where a canonical body would not fit, before it waits for its place in the log."""
    if len(body) > MAX_BODY:
        raise EntryTooLarge(len(body))


def splice(*, body: bytes, prev: bytes, seq: int) -> bytes:
    """The entry's bytes from a canonical body (a JSON object), its predecessor's leaf hash and its index from zero.

    The body is trusted to come from `canonical.dumps`; only its size is looked at, because this runs under the log's
    lock. Raises EntryTooLarge, or ValueError for a `prev` or `seq` that cannot be.
    """
    if len(prev) != len(GENESIS) or not 0 <= seq <= canonical.MAX_INTEGER:
        raise ValueError("an entry needs a hash of 32 bytes and an index below 2^53")
    if len(body) > MAX_BODY:
        raise EntryTooLarge(len(body))
    return _OPENING + body + _CLOSING % (prev.hex().encode(), seq)


def body_at(leaf: bytes, prev: bytes, seq: int) -> bytes | None:
    """The body of an entry that follows `prev` as number `seq`, or None where that is not what these bytes are.

    The body itself is not looked at. Where it is a canonical object, `parse` gives this prev and this seq.
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
    # A body may hold text that looks like an end, so the end is looked for only where it can begin: no key of an end
    # repeats inside it, hence the last match is the one that closes the entry.
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
