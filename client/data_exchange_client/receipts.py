"""Receipts: proof that an entry is in the exchange's ledger, which anyone can verify again later."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_exchange_client.connection import Connection
from data_exchange_client.errors import ExchangeProblem, ReceiptInvalid
from data_exchange_client.trust import Trust
from groundwork import durable
from ledger.format import checkpoint, entry, receipt

_POLL = 0.25
_SERVER_WAIT = 20


@dataclass(frozen=True, slots=True)
class Receipt:
    """A verified receipt: an entry's exact bytes in the ledger (`leaf`), and their proof of inclusion.

    `text` is the receipt in the form of C2SP tlog-proof. Together with `leaf` and the ledger's verifier key it can be
    verified anywhere. `checkpoint` is the signed size and root of the ledger that the proof leads to.
    """

    index: int
    text: str
    leaf: bytes
    checkpoint: checkpoint.Checkpoint

    @property
    def body(self) -> dict[str, Any]:
        """The entry's content."""
        return dict(entry.parse(self.leaf).body)

    def save(self, directory: Path | str) -> tuple[Path, Path]:
        """Write `<index>.receipt` and `<index>.entry`, and return their paths. Raises OSError."""
        directory = Path(directory)
        durable.make_directory(directory, mode=0o777)
        text_path, leaf_path = directory / f"{self.index}.receipt", directory / f"{self.index}.entry"
        durable.write(text_path, self.text.encode(), mode=0o666)
        durable.write(leaf_path, self.leaf, mode=0o666)
        return text_path, leaf_path


def verify(text: str, leaf: bytes, trust: Trust) -> Receipt:
    """Check a receipt against an entry's bytes and the pinned ledger key. Raises ReceiptInvalid."""
    try:
        signed = receipt.verify_receipt(text, leaf, trust.history())
    except receipt.ReceiptInvalid as error:
        raise ReceiptInvalid(str(error)) from error
    return Receipt(index=entry.parse(leaf).seq, text=text, leaf=leaf, checkpoint=signed)


def fetch(connection: Connection, index: int, *, wait: float) -> Receipt:
    """Get and verify the receipt of an entry, waiting up to `wait` seconds until it is under a checkpoint.

    Raises ReceiptInvalid, ExchangeProblem.
    """
    deadline = time.monotonic() + wait
    while True:
        left = max(0, min(_SERVER_WAIT, int(deadline - time.monotonic())))
        try:
            content = connection.public(f"/ledger/receipts/{index}", headers={"prefer": f"wait={left}"})
            break
        except ExchangeProblem as problem:
            # A durable entry that no checkpoint covers yet is answered with Retry-After.
            remaining = deadline - time.monotonic()
            if "retry-after" not in problem.headers or remaining <= 0:
                raise
            time.sleep(min(remaining, _POLL))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ReceiptInvalid("the receipt is not text") from error
    leaf = connection.public(f"/ledger/entries/{index}")
    try:
        verified = verify(text, leaf, connection.trust)
    except ReceiptInvalid:
        if not connection.follow():  # the ledger's key may have been rotated
            raise
        verified = verify(text, leaf, connection.trust)
    if verified.index != index:
        raise ReceiptInvalid(f"this is the receipt of entry {verified.index}, not of {index}")
    return verified
