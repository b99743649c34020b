"""The account chain: entries that are billed to an account are numbered, and name the entry before them in the account.

    {"body":{"account":{"id":"<account>","n":17,"prev":"<hex leaf hash of the account's entry 16>"},...

The number is spliced in front of the body under the ledger's lock, like an entry's own, so that nothing outside the
database numbers. Inclusion proofs show nothing about omissions; this chain does: an entry that is left out, repeated or
renumbered breaks it. The account is the agreement under which is delivered, by its id. `account` comes before every
other key of a body, so the entry stays canonical JSON, and a verifier that knows no accounts reads it as before.
"""

import re
from dataclasses import dataclass
from typing import Any

from ledger.format import canonical
from ledger.format.entry import GENESIS

FIRST = GENESIS
"""The `prev` of an account's first entry."""

_SHAPE = b'{"account":{"id":"%b","n":%d,"prev":"%b"},'
OVERHEAD = len(_SHAPE % (b"0" * 36, canonical.MAX_INTEGER, b"0" * 64)) - len(b"{")
"""The most bytes that the chain adds to a body."""

PREFIX = b'{"account":'
"""The beginning of a body with a place in an account, and of no other."""

BILLED = frozenset({"delivery.started", "delivery.completed", "delivery.aborted", "answer.given", "code.redeemed"})
"""The types of entries about deliveries and answers that have an account under an agreement with a price document."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


class NotLinked(ValueError):
    """A body's `account` has not the form of a place in an account."""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry's place in an account: the account's id, the number from 1, the leaf hash of the account's entry before."""

    account: str
    n: int
    prev: bytes


def splice(body: bytes, link: Link) -> bytes:
    """The canonical body, which has members and no account, with its place in an account."""
    return _SHAPE % (link.account.encode(), link.n, link.prev.hex().encode()) + body[1:]


def link_of(body: dict[str, Any]) -> Link | None:
    """A body's place in an account, or None. Raises NotLinked for another form."""
    stated = body.get("account")
    if stated is None:
        return None
    if type(stated) is not dict or stated.keys() != {"id", "n", "prev"}:
        raise NotLinked("`account` has an id, a number and a hash")
    account, n, prev = stated["id"], stated["n"], stated["prev"]
    if type(account) is not str or not _ID.fullmatch(account):
        raise NotLinked("`account` has no id of an agreement")
    if type(n) is not int or n < 1:
        raise NotLinked("`account` has no number from 1")
    if type(prev) is not str or not _HASH.fullmatch(prev):
        raise NotLinked("`account` has no hash of the entry before")
    return Link(account, n, bytes.fromhex(prev))
