"""The keyring: the keys in force, held to the fingerprints that the exchange remembers of them.

A new key in place of a lost one would look like a working exchange: clients would refuse its answers, auditors its
checkpoints, and everything sealed would stay shut. So keys are created before the founding and never after it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exchange.kernel.keys import ed25519, sealing
from exchange.kernel.keys.ed25519 import ExchangeKey
from exchange.kernel.keys.sealing import Seal
from exchange.kernel.keys.stores import FileStore, KeyNotFound, KeyStore, LedgerKey, SecretStore, activate_file

ANSWERS, LEDGER, SEAL, CERTIFICATES = "exchange.pem", "ledger.pem", "seal.key", "certificates.pem"


class KeysDiffer(RuntimeError):
    """A key file is missing, or is another than the exchange was founded with."""


def ledger_file(incarnation: int) -> str:
    """The file name of the key that an incarnation of the ledger begins with."""
    return LEDGER if incarnation == 1 else f"ledger-{incarnation}.pem"


def newest_incarnation(directory: Path) -> int:
    """The newest incarnation of the ledger with a key in a directory."""
    matches = (re.fullmatch(r"ledger-([1-9][0-9]{0,3})\.(?:pem|pub)", path.name) for path in directory.glob("ledger-*"))
    return max((int(match[1]) for match in matches if match), default=1)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key that signs answers, the one that signs checkpoints, the seal, and the key that signs certificates."""

    answers: ExchangeKey
    ledger: LedgerKey
    seal: Seal
    certificates: ExchangeKey
    incarnation: int = 1

    @property
    def fingerprints(self) -> dict[str, str]:
        """Fingerprint of each key file, by file name. Safe to publish."""
        return {
            ANSWERS: self.answers.keyid,
            ledger_file(self.incarnation): self.ledger.keyid,
            SEAL: self.seal.fingerprint,
            CERTIFICATES: self.certificates.keyid,
        }


def open_keyring(
    directory: Path,
    remembered: Mapping[str, str],
    ledger_store: KeyStore | None = None,
    answers_store: FileStore | SecretStore | None = None,
    *,
    incarnation: int = 1,
) -> Keyring:
    """Open the keys in force; `remembered` are fingerprints by file name. A key without one is created where it is
    missing.

    The ledger's key and the key that signs answers come from their stores, by default from files in `directory`; the
    seal and the key of certificates are always files. Raises KeysDiffer, KeyFileInvalid.
    """
    ledger_store, answers_store = ledger_store or FileStore(directory), answers_store or FileStore(directory)
    ledger_name = ledger_file(incarnation)
    for name in (ANSWERS, ledger_name):
        activate_file(directory, name, remembered.get(name))
    for name, store in ((ANSWERS, answers_store), (ledger_name, ledger_store), (SEAL, None), (CERTIFICATES, None)):
        if isinstance(store, FileStore | None) and name in remembered and not (directory / name).is_file():
            raise KeysDiffer(f"keys/{name} of this exchange is not there: put it back from its safe copy")
    try:
        answers = (
            answers_store.find(ANSWERS, remembered[ANSWERS])
            if ANSWERS in remembered
            else answers_store.open_first(ANSWERS)
        )
        ledger = (
            ledger_store.find(ledger_name, remembered[ledger_name])
            if ledger_name in remembered
            else ledger_store.open_first(ledger_name)
        )
    except KeyNotFound as error:
        raise KeysDiffer(str(error)) from error
    answers_store.activate(ANSWERS, answers.keyid)  # writes the public half of a key that is kept elsewhere
    ledger_store.activate(ledger_name, ledger.keyid)
    seal, certificates = sealing.load_or_create(directory / SEAL), ed25519.load_or_create(directory / CERTIFICATES)
    ring = Keyring(answers, ledger, seal, certificates, incarnation)
    for name, fingerprint in ring.fingerprints.items():
        if remembered.get(name, fingerprint) != fingerprint:
            raise KeysDiffer(f"keys/{name} is not the key of this exchange: put that back from its safe copy")
    return ring
