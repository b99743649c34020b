"""A statement over many deliveries and its verification: seconds, and the peak of memory.

python -m benchmarks.bills.statements [DELIVERIES]       ten million, unless another number is given

The entries are generated while they are read. What that costs is measured alone, and contained in the other figures.
"""

import hashlib
import json
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

from ledger.billing.accounts import FIRST
from ledger.billing.prices import PerUnit, Price
from ledger.billing.splits import SplitTable
from ledger.billing.statements import Basis, Placed, Tally
from ledger.format import entry, merkle
from ledger.verification.billing.chain import read_chain

_ACCOUNT = "00000000-0000-4000-8000-00000000000a"
_BASIS = Basis(_ACCOUNT, "2026-11", 1, Price(PerUnit("record", 1000)), SplitTable(1, (("seller", 10_000),)))
_BODY = (
    b'{"account":{"id":"%b","n":%d,"prev":"%b"},"at":"2026-11-%02dT08:00:00.000000Z","plan":"%b",'
    b'"request":{"base":"%b","signature":"%b"},"result":{"bytes":700,"columns":2,"content":"%b","rows":70},'
    b'"type":"delivery.completed"}'
)


def _leaves(count: int) -> Iterator[bytes]:
    """The entries of an account in which every answer is new, through one month."""
    prev = FIRST
    for seq in range(count):
        digest = hashlib.sha256(b"%d" % seq).hexdigest().encode()
        day = 1 + 29 * seq // count
        link = (_ACCOUNT.encode(), seq + 1, prev.hex().encode(), day)
        leaf = entry.splice(body=_BODY % (*link, digest, digest, digest, digest), prev=prev, seq=seq)
        prev = merkle.leaf_hash(leaf)
        yield leaf


def _bodies(count: int) -> Iterator[Placed]:
    """The entries as a server reads them, of which only what a bill rests on is made."""
    for seq in range(count):
        digest = hashlib.sha256(b"%d" % seq).hexdigest()
        result = {"bytes": 700, "columns": 2, "content": digest, "rows": 70}
        at = f"2026-11-{1 + 29 * seq // count:02d}T08:00:00.000000Z"
        yield Placed(seq + 1, seq, FIRST, {"at": at, "plan": digest, "result": result, "type": "delivery.completed"})


def measure(count: int) -> dict[str, Any]:
    """The figures for an account of `count` deliveries."""
    begun = time.perf_counter()
    tally = Tally(_BASIS, before=(0, FIRST))
    for placed in _bodies(count):
        tally.add(placed)
    stated = tally.statement()
    computed = time.perf_counter()
    peak = _peak_mib()
    for _ in _leaves(count):
        pass
    generated = time.perf_counter()
    tally = Tally(_BASIS, before=(0, FIRST))
    for linked in read_chain(_leaves(count), _ACCOUNT):
        tally.add(linked.placed)
    verified = time.perf_counter()
    if tally.statement()["lines"] != stated["lines"]:
        sys.exit("the statement and its verification differ")
    return {
        "deliveries": count,
        "statement_s": round(computed - begun, 1),
        "statement_peak_mib": peak,
        "generating_s": round(generated - computed, 1),
        "verification_s": round(verified - generated, 1),
        "verification_peak_mib": _peak_mib(),
    }


def _peak_mib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else 10_000_000), indent=2) + "\n")
