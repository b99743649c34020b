"""The chain of an account in an export: read in blocks, by as many processes as the machine has processors, in order.

A process reads a block, which is some entries that follow each other: their form, their place in the account, their
hashes, and each one's predecessor within the block. What joins two blocks is checked where they arrive. Of a body is kept
what a bill rests on, so that memory does not grow with the number of entries.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from ledger.billing.accounts import Link, NotLinked, link_of
from ledger.billing.statements import Placed
from ledger.format import entry, merkle
from ledger.verification.billing.wrong import ExportRefused

BLOCK = 2_000
"""The number of entries in a block."""

_FEW = 20
"""The most blocks of an export that is read without further processes, which cost more than they save."""

_KEPT = frozenset(
    {"amount", "at", "content", "former", "kind", "last", "line", "month", "number", "plan", "result", "seller"}
    | {"signatures", "started", "statement", "table", "type"}
)
"""The members of bodies on which a bill rests."""


@dataclass(frozen=True, slots=True)
class Linked:
    """An entry of the chain: where it is in the export, its link, and what is kept of it."""

    position: int
    prev: bytes
    placed: Placed


def read_chain(leaves: Iterable[bytes], account: str, *, block: int = BLOCK) -> Iterator[Linked]:
    """The entries of an account, which follow each other by number and hash. Raises ExportRefused at the first that does not."""
    last: Linked | None = None
    for read, wrong in _blocks(iter(leaves), account, block):
        if read and last is not None:
            _join(last, read[0])
        yield from read
        last = read[-1] if read else last
        if wrong is not None:
            raise ExportRefused(*wrong)
    if last is None:
        raise ExportRefused("/entries", "there is no entry, not even that of the statement")


_Block: TypeAlias = tuple[list[Linked], tuple[str, str] | None]


def _blocks(leaves: Iterator[bytes], account: str, size: int) -> Iterator[_Block]:
    """The blocks in order."""
    start = list(islice(leaves, _FEW * size))
    rest = list(islice(leaves, size))
    first = [(position, start[position : position + size]) for position in range(0, len(start), size)]
    del start
    if not rest:
        yield from (read_block(position, block, account) for position, block in first)
        return
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        waiting: deque[Future[_Block]] = deque(
            pool.submit(read_block, position, block, account) for position, block in first
        )
        first.clear()
        position = _FEW * size
        while rest or waiting:
            if rest:
                waiting.append(pool.submit(read_block, position, rest, account))
                position += len(rest)
                rest = list(islice(leaves, size))
            yield waiting.popleft().result()


def read_block(start: int, leaves: list[bytes], account: str) -> _Block:
    """The entries of a block up to the first that is wrong, with its place and what is wrong there.

    `start` is the position of the block's first entry in the export.
    """
    block: list[Linked] = []
    try:
        for offset, leaf in enumerate(leaves):
            linked = _read(start + offset, leaf, account)
            if block:
                _join(block[-1], linked)
            block.append(linked)
    except ExportRefused as refused:
        return block, (refused.wrong.place, refused.wrong.detail)
    return block, None


def _read(position: int, leaf: bytes, account: str) -> Linked:
    place = f"/entries/{position}"
    try:
        parsed = entry.parse(leaf)
        link = link_of(parsed.body)
    except (entry.MalformedEntry, NotLinked) as error:
        raise ExportRefused(place, str(error)) from error
    if link is None or link.account != account:
        raise ExportRefused(place, "the entry has no place in this account")
    return Linked(position, link.prev, _placed(link, parsed, leaf))


def _placed(link: Link, parsed: entry.Entry, leaf: bytes) -> Placed:
    body: dict[str, Any] = {name: value for name, value in parsed.body.items() if name in _KEPT}
    return Placed(link.n, parsed.seq, merkle.leaf_hash(leaf), body)


def _join(before: Linked, after: Linked) -> None:
    """Check that an entry follows another one. Raises ExportRefused."""
    place, n, last = f"/entries/{after.position}", after.placed.n, before.placed.n
    if n != last + 1:
        what = "left out" if n > last else "repeated or out of order"
        raise ExportRefused(place, f"entry {n} of the account follows {last}: an entry is {what}")
    if after.prev != before.placed.leaf_hash:
        raise ExportRefused(place, f"the entry before {n} is not the one that the ledger has")
