"""The exchange's key files, and whether they are still the ones it was founded with.

A new key in place of a lost one would look like a working exchange: clients would refuse its answers, auditors its
checkpoints, and no login or mask key could be opened any more. So keys are made before the founding and never after it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exchange.kernel.keys import sealing
from exchange.kernel.keys.custody import Custody, Files, KeyNotHere, LedgerKey, Secrets, settle
from exchange.kernel.keys.ed25519 import ExchangeKey
from exchange.kernel.keys.sealing import Seal

ANSWERS, LEDGER, SEAL = "exchange.pem", "ledger.pem", "seal.key"


class KeysDiffer(RuntimeError):
    """A key file is missing, or is another than the exchange was founded with."""


def ledger_file(incarnation: int) -> str:
    """The file of the key that an incarnation of the ledger begins with."""
    return LEDGER if incarnation == 1 else f"ledger-{incarnation}.pem"


def newest_incarnation(directory: Path) -> int:
    """The newest incarnation of the ledger that there is a key of."""
    found = (re.fullmatch(r"ledger-([1-9][0-9]{0,3})\.(?:pem|pub)", path.name) for path in directory.glob("ledger-*"))
    return max((int(match[1]) for match in found if match), default=1)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key that signs answers, the one that signs checkpoints, and the seal."""

    answers: ExchangeKey
    ledger: LedgerKey
    seal: Seal
    incarnation: int = 1

    @property
    def marks(self) -> dict[str, str]:
        """What each file is told by, under its name. Public: no key follows from it."""
        return {
            ANSWERS: self.answers.keyid,
            ledger_file(self.incarnation): self.ledger.keyid,
            SEAL: self.seal.mark,
        }


def open_keyring(
    directory: Path,
    remembered: Mapping[str, str],
    custody: Custody | None = None,
    answers: Files | Secrets | None = None,
    *,
    incarnation: int = 1,
) -> Keyring:
    """The keys in a directory; those of which no mark is remembered are made where there is no file.

    The ledger's, which is the one of an incarnation, and that of answers come from their custody. Raises KeysDiffer,
    KeyFileInvalid.
    """
    custody, answers = custody or Files(directory), answers or Files(directory)
    name = ledger_file(incarnation)
    settle(directory, ANSWERS, remembered.get(ANSWERS))
    settle(directory, name, remembered.get(name))
    for one, held in ((ANSWERS, answers), (name, custody), (SEAL, None)):
        if isinstance(held, Files | None) and one in remembered and not (directory / one).is_file():
            raise KeysDiffer(f"keys/{one} of this exchange is not there: put it back from its safe copy")
    try:
        answering = answers.find(ANSWERS, remembered[ANSWERS]) if ANSWERS in remembered else answers.first(ANSWERS)
        ledger = custody.find(name, remembered[name]) if name in remembered else custody.first(name)
    except KeyNotHere as error:
        raise KeysDiffer(str(error)) from error
    answers.settle(ANSWERS, answering.keyid)  # a key that lies elsewhere leaves its public half here
    custody.settle(name, ledger.keyid)
    ring = Keyring(
        answering,
        ledger,
        sealing.load_or_create(directory / SEAL),
        incarnation,
    )
    for one, mark in ring.marks.items():
        if remembered.get(one, mark) != mark:
            raise KeysDiffer(f"keys/{one} is not the key of this exchange: put that back from its safe copy")
    return ring
