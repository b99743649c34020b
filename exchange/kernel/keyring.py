"""The exchange's key files, and whether they are still the ones it was founded with.

A new key in place of a lost one would look like a working exchange: clients would refuse its answers, auditors its
checkpoints, and no login or mask key could be opened any more. So keys are made before the founding and never after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exchange.kernel import keys, sealing
from exchange.kernel.keys import ExchangeKey
from exchange.kernel.sealing import Seal

ANSWERS, LEDGER, SEAL = "exchange.pem", "ledger.pem", "seal.key"


class KeysDiffer(RuntimeError):
    """A key file is missing, or is another than the exchange was founded with."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key that signs answers, the one that signs checkpoints, and the seal."""

    answers: ExchangeKey
    ledger: ExchangeKey
    seal: Seal

    @property
    def marks(self) -> dict[str, str]:
        """What each file is told by, under its name. Public: no key follows from it."""
        return {ANSWERS: self.answers.keyid, LEDGER: self.ledger.keyid, SEAL: self.seal.mark}


def open_keyring(directory: Path, remembered: Mapping[str, str]) -> Keyring:
    """The keys in a directory; those of which no mark is remembered are made where there is no file.

    Raises KeysDiffer, KeyFileInvalid.
    """
    for name in remembered:
        if not (directory / name).is_file():
            raise KeysDiffer(f"keys/{name} of this exchange is not there: put it back from its safe copy")
    ring = Keyring(
        keys.load_or_create(directory / ANSWERS),
        keys.load_or_create(directory / LEDGER),
        sealing.load_or_create(directory / SEAL),
    )
    for name, mark in ring.marks.items():
        if remembered.get(name, mark) != mark:
            raise KeysDiffer(f"keys/{name} is not the key of this exchange: put that back from its safe copy")
    return ring
