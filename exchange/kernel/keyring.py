"""The exchange's key files, and whether they are still the ones it was founded with.

A new key in place of a lost one would look like a working exchange: clients would refuse its answers, auditors its
checkpoints, and no login or mask key could be opened any more. So keys are made before the founding and never after it.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from exchange.kernel import keys, sealing
from exchange.kernel.keys import ExchangeKey
from exchange.kernel.sealing import Seal

ANSWERS, LEDGER, SEAL = "exchange.pem", "ledger.pem", "seal.key"
NEXT = "next"
"""The directory of keys that are made and not yet in force."""
OLD = "old"
"""The directory of keys that gave way to others. Nothing needs them."""


class KeysDiffer(RuntimeError):
    """A key file is missing, or is another than the exchange was founded with."""


def ledger_file(incarnation: int) -> str:
    """The file of the key that an incarnation of the ledger begins with."""
    return LEDGER if incarnation == 1 else f"ledger-{incarnation}.pem"


def newest_incarnation(directory: Path) -> int:
    """The newest incarnation of the ledger that there is a key of."""
    found = (re.fullmatch(r"ledger-([1-9][0-9]{0,3})\.pem", path.name) for path in directory.glob("ledger-*.pem"))
    return max((int(match[1]) for match in found if match), default=1)


def settle(directory: Path, name: str, mark: str | None) -> None:
    """Put the key of this mark in its place, if it was made ahead and the database says that it is in force by now.

    The one that it takes the place of is kept in `old`, and need not be.
    """
    made, place = directory / NEXT / name, directory / name
    with suppress(FileNotFoundError):  # another process was first
        if mark is None or not made.is_file() or keys.load_or_create(made).keyid != mark:
            return
        if place.is_file():
            (directory / OLD).mkdir(mode=0o700, exist_ok=True)
            place.replace(directory / OLD / f"{place.stem}-{keys.load_or_create(place).keyid[:8]}{place.suffix}")
        made.replace(place)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key that signs answers, the one that signs checkpoints, and the seal."""

    answers: ExchangeKey
    ledger: ExchangeKey
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


def open_keyring(directory: Path, remembered: Mapping[str, str], *, incarnation: int = 1) -> Keyring:
    """The keys in a directory; those of which no mark is remembered are made where there is no file.

    Of the ledger's it is the one of an incarnation. Raises KeysDiffer, KeyFileInvalid.
    """
    ledger = ledger_file(incarnation)
    for name in (ANSWERS, ledger):
        settle(directory, name, remembered.get(name))
    for name in (ANSWERS, ledger, SEAL):
        if name in remembered and not (directory / name).is_file():
            raise KeysDiffer(f"keys/{name} of this exchange is not there: put it back from its safe copy")
    ring = Keyring(
        keys.load_or_create(directory / ANSWERS),
        keys.load_or_create(directory / ledger),
        sealing.load_or_create(directory / SEAL),
        incarnation,
    )
    for name, mark in ring.marks.items():
        if remembered.get(name, mark) != mark:
            raise KeysDiffer(f"keys/{name} is not the key of this exchange: put that back from its safe copy")
    return ring
