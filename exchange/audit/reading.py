"""Read an entry and check its bytes against its leaf hash and, if published, the tree."""

from exchange.audit.errors import EntryAltered
from exchange.audit.queries import Leaf
from exchange.kernel.logs import log
from ledger.format import entry, merkle
from ledger.format.entry import Entry


def read(index: int, leaf: Leaf | None) -> Entry:
    """The entry of an index. Raises EntryAltered where it is missing or altered."""
    parsed = parse(index, leaf)
    if parsed is None:
        log().critical("an entry is not what was hashed", entry=index)
        raise EntryAltered("Compare the ledger with an export made before.", index=index)
    return parsed


def parse(index: int, leaf: Leaf | None) -> Entry | None:
    """The entry of an index; None where it is missing or altered."""
    if leaf is None:
        return None
    hashed = merkle.leaf_hash(leaf.leaf)
    if hashed != leaf.leaf_hash or leaf.signed not in {None, hashed}:
        return None
    try:
        parsed = entry.parse(leaf.leaf)
    except entry.MalformedEntry:
        return None
    return parsed if parsed.seq == index else None
