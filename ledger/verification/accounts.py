"""The chains of accounts, checked while the walk reads the blocks of a log.

Under an agreement with a price document, each entry about a delivery has its place in the agreement's account. Two with
the same number, a gap, another hash, or a delivery without a place: a full verification finds each of them.
"""

import re

from ledger.billing import accounts
from ledger.billing.accounts import Link, NotLinked, link_of
from ledger.format import canonical, entry
from ledger.verification.blocks import Block
from ledger.verification.report import Code, Finding, Findings

_BEGIN = b'{"body":' + accounts.PREFIX
_CONCLUDED = b'"type":"agreement.concluded"'
_AGREEMENT = re.compile(rb'"agreement":"([0-9a-f-]{36})"')


class Chains:
    """The accounts that were met so far: the number and hash of the last entry of each."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._last: dict[str, tuple[int, bytes]] = {}
        self._is_partial = False

    def take(self, block: Block) -> None:
        """Check the block's entries, which follow those of the blocks before. Entries that are malformed are passed over."""
        for position, leaf in enumerate(block.leaves):
            if leaf.startswith(_BEGIN):
                self._follow(block.start + position, leaf, block.stored[position])
            elif _CONCLUDED in leaf:
                self._open(leaf)
            elif self._last and any(match[1].decode() in self._last for match in _AGREEMENT.finditer(leaf)):
                self._demand(block.start + position, leaf)
        self._is_partial = self._is_partial or len(block.leaves) < block.width

    def _open(self, leaf: bytes) -> None:
        body = _body(leaf)
        if body.get("type") == "agreement.concluded" and body.get("price") is not None:
            concluded = body.get("object")
            if isinstance(concluded, dict) and isinstance(concluded.get("id"), str):
                self._last.setdefault(concluded["id"], (0, accounts.FIRST))

    def _follow(self, index: int, leaf: bytes, stored: bytes) -> None:
        body = _body(leaf)
        try:
            link = link_of(body)
        except NotLinked as error:
            self._findings.add(Finding(Code.ACCOUNT_BROKEN, f"entry {index}: {error}", index=index))
            return
        if link is None:
            return
        if body.get("agreement", link.account) != link.account:
            detail = f"entry {index} is about another agreement than its account {link.account}"
            self._findings.add(Finding(Code.ACCOUNT_BROKEN, detail, index=index))
        self._compare(index, link)
        self._last[link.account] = link.n, stored

    def _compare(self, index: int, link: Link) -> None:
        last = self._last.get(link.account)
        if last is None and self._is_partial:
            return  # the account's earlier entries were pruned
        n, prev = last or (0, accounts.FIRST)
        if (link.n, link.prev) == (n + 1, prev):
            return
        if link.n != n + 1:
            detail = f"entry {index} is number {link.n} of account {link.account}, whose last was {n}"
            self._findings.add(
                Finding(Code.ACCOUNT_BROKEN, detail, index=index, expected=str(n + 1), found=str(link.n))
            )
            return
        detail = f"entry {index} does not follow the entry {n} of account {link.account}"
        self._findings.add(
            Finding(Code.ACCOUNT_BROKEN, detail, index=index, expected=prev.hex(), found=link.prev.hex())
        )

    def _demand(self, index: int, leaf: bytes) -> None:
        body = _body(leaf)
        if body.get("type") in accounts.BILLED and body.get("agreement") in self._last:
            detail = f"entry {index} has no place in account {body['agreement']}, to which it is billed"
            self._findings.add(Finding(Code.ACCOUNT_MISSING, detail, index=index))


def _body(leaf: bytes) -> dict[str, object]:
    """The body of an entry, or an empty one if the entry is malformed, which the walk reports."""
    try:
        return entry.parse(leaf).body
    except (entry.MalformedEntry, canonical.NotCanonical):
        return {}
