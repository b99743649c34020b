"""An operator's books: a log with an account, its statements and their exports, as a buyer or a seller gets them."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from nacl.signing import SigningKey

from groundwork import base64url
from ledger.billing import statements
from ledger.billing.accounts import FIRST
from ledger.billing.adjustments import ADJUSTED
from ledger.billing.prices import Price, read_price
from ledger.billing.splits import SIGNED, SplitTable, signed_bytes
from ledger.billing.statements import Basis, Placed
from ledger.format import canonical, entry, merkle
from ledger.format.receipt import Receipt
from signatures.suites import Ed25519
from tests.support.ledgers.logs import Log

A, OTHER = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
SALT = "5a" * 16
TABLE = SplitTable(1, (("owner", 6000), ("curator", 3000), ("host", 1000)))
ALONE = SplitTable(1, (("owner", 10_000),))
_SEEDS = {name: hashlib.sha256(name.encode()).digest() for name in ("owner", "curator", "host", "stranger")}
Sign = Callable[[str, bytes], bytes]

TIERS = {
    "kind": "tiered",
    "unit": "record",
    "tiers": [{"up_to": 100, "unit_price": 12_345}, {"up_to": None, "unit_price": 6789}],
}


def price_of(**changes: Any) -> Price:
    document = {
        "aborted": "free",
        "currency": "CNY",
        "fee": 500,
        "model": TIERS,
        "repeat_window": 3600,
        "rules": "usage-1",
        "tax": 600,
        "v": 1,
    }
    return read_price(document | changes)


def sign(party: str, document: bytes) -> bytes:
    """A party's signature, by its own key."""
    return Ed25519(_public(party), _SEEDS[party]).sign(document)


def _public(party: str) -> bytes:
    return SigningKey(_SEEDS[party]).verify_key.encode()


class Books:
    """An operator that keeps a log with an account, and issues statements over it.

    The account's first entry puts TABLE in force, unless `is_shared` is false: then the owner has all.
    """

    def __init__(self, price: Price, *, is_shared: bool = True) -> None:
        self.log = Log.signed_at(2)
        self.price = price
        committed = hashlib.sha256(bytes.fromhex(SALT) + canonical.dumps(price.document())).hexdigest()
        self.concluded = self.log.size
        agreement = {"id": A, "kind": "agreement"}
        self.log.append(1, type="agreement.concluded", object=agreement, price=committed)
        self.account: list[Placed] = []
        self.keys = []
        for party in ("owner", "curator", "host"):
            self.keys.append(self.log.size)
            public = base64url.encode(_public(party))
            self.log.append(1, type="key.registered", actor={"organisation": party}, principal="p", public_key=public)
        self.table = ALONE
        self.in_force: str | None = None
        self.past: list[tuple[dict[str, Any], int]] = []
        if is_shared:
            self.share(TABLE)

    def share(self, table: SplitTable, *, signs: Sign = sign, parties: Sequence[str] | None = None) -> None:
        """Put a table in force, as signed by all parties."""
        former = self.table.document() if self.in_force else None
        document = signed_bytes(A, table.document(), former)
        holders = {holder for holder, _ in table.shares + (self.table.shares if former else ())} | {"owner"}
        signatures = [
            {"holder": party, "signature": base64.b64encode(signs(party, document)).decode()}
            for party in (sorted(holders) if parties is None else parties)
        ]
        replaced: dict[str, Any] = {"former": former} if former else {}
        self.add(SIGNED, at=NOVEMBER, table=table.document(), signatures=signatures, **replaced)
        self.table, self.in_force = table, table.digest

    def adjust(self, number: int, line: int, amount: int, *, kind: str = "refund", of: str = "") -> Placed:
        """Adjust a line of an earlier statement."""
        digest = of or statements.digest(self.past[number - 1][0])
        return self.add(ADJUSTED, at=DECEMBER, kind=kind, number=number, line=line, amount=amount, statement=digest)

    def add(self, type_: str, **members: Any) -> Placed:
        """Append an entry to the account."""
        prev = self.account[-1].leaf_hash if self.account else FIRST
        account = {"id": A, "n": len(self.account) + 1, "prev": prev.hex()}
        self.log.append(1, **{"type": type_, "agreement": A, "account": account} | members)
        leaf = self.log.leaves[-1]
        placed = Placed(len(self.account) + 1, self.log.size - 1, merkle.leaf_hash(leaf), entry.parse(leaf).body)
        self.account.append(placed)
        return placed

    def deliver(self, at: str, rows: int, *, plan: str = "p", content: str | None = None) -> Placed:
        result = {"rows": rows, "bytes": rows * 10, "columns": 2, "content": content or f"content-{self.log.size}"}
        self.log.append(1)  # of others
        return self.add("delivery.completed", at=at, plan=plan, result=result)

    def state(self, month: str, *, start: int | None = None, **changes: Any) -> dict[str, Any]:
        """The honest statement over the entries behind the first `start`; `changes` are of its basis."""
        if start is None:
            start = self.past[-1][0]["to"]["n"] if self.past else 0
        before = (start, self.account[start - 1].leaf_hash) if start else (0, FIRST)
        counted = statements.select(self.account[start:], month)
        earlier = tuple(statement for statement, _ in self.past)
        basis = Basis(A, month, len(self.past) + 1, self.price, self.table, earlier=earlier)
        return statements.state(replace(basis, **changes), counted, before=before)

    def issue(self, statement: dict[str, Any]) -> dict[str, Any]:
        """Issue a statement, honest or not; the export of it."""
        named: dict[str, Any] = {"table": self.in_force} if self.in_force else {}
        issued = self.add(
            statements.ISSUED,
            month=statement["month"],
            number=statement["number"],
            last=statement["to"]["n"],
            seller="owner",
            statement=statements.digest(statement),
            **named,
        )
        self.log.append(3)
        self.log.sign()
        export = self.export(statement)
        self.past.append((statement, issued.seq))
        return export

    def export(self, statement: dict[str, Any]) -> dict[str, Any]:
        first = statement["from"]["n"]
        issued = self.account[-1]
        earlier = [self.proof(seq) | {"statement": document} for document, seq in self.past]
        return {
            "earlier": earlier,
            "keys": [self.proof(seq) for seq in self.keys],
            "concluded": {
                "entry": self.log.leaves[self.concluded].decode(),
                "receipt": self.receipt(self.concluded),
                "salt": SALT,
            },
            "entries": [self.log.leaves[placed.seq].decode() for placed in self.account[first - 1 :]],
            "receipt": self.receipt(issued.seq),
            "statement": statement,
        }

    def proof(self, index: int) -> dict[str, Any]:
        return {"entry": self.log.leaves[index].decode(), "receipt": self.receipt(index)}

    def receipt(self, index: int) -> str:
        return Receipt(index, tuple(_proof(self.log.hashes, index)), self.log.newest).text()


def _proof(hashes: list[bytes], index: int) -> list[bytes]:
    """The inclusion proof of RFC 6962 section 2.1.1, leaf upwards."""
    if len(hashes) <= 1:
        return []
    half = 1 << ((len(hashes) - 1).bit_length() - 1)
    if index < half:
        return [*_proof(hashes[:half], index), merkle.root(hashes[half:])]
    return [*_proof(hashes[half:], index - half), merkle.root(hashes[:half])]


NOVEMBER = "2026-11-20T08:00:00.000000Z"
DECEMBER = "2026-12-02T08:00:00.000000Z"


def busy(price: Price | None = None) -> Books:
    """A month with repeats, a stream, an aborted one, one without an end, and one delivery of the next month."""
    books = Books(price or price_of())
    books.deliver(NOVEMBER, 70, content="same")
    books.deliver("2026-11-20T08:30:00.000000Z", 70, content="same")
    books.deliver("2026-11-20T09:30:00.000000Z", 70, content="same")
    started = books.add("delivery.started", at=NOVEMBER, plan="q")
    result = {"rows": 33, "bytes": 330, "columns": 2, "content": "stream"}
    books.add("delivery.completed", at=NOVEMBER, started=started.seq, result=result)
    cut = books.add("delivery.started", at=NOVEMBER, plan="r")
    books.add("delivery.aborted", at=NOVEMBER, started=cut.seq, cause="client-left", result=result)
    books.add("delivery.started", at=NOVEMBER, plan="s")
    books.deliver("2026-11-30T15:59:59.999999Z", 5)
    books.deliver("2026-11-30T16:00:00.000000Z", 7)  # it is December in China
    return books
