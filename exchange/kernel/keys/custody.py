"""Where private keys are kept: in files, in environment secrets, or the ledger's in a token (PKCS #11) that never gives it out.

Whichever it is, the rest of the exchange sees a public key and a way to sign. Which key is in force is not the custody's to
say: the ledger's entries do. A key that is asked for by its mark and is not here stops the start.
"""

import base64
import binascii
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from exchange.kernel.keys import ed25519 as keys
from exchange.kernel.keys.ed25519 import ExchangeKey
from exchange.kernel.keys.keyfiles import KeyFileInvalid
from exchange.kernel.keys.settings import KeySettings
from exchange.kernel.keys.token import Token

NEXT = "next"
"""The directory of keys that are made and not yet in force."""
OLD = "old"
"""The directory of keys that gave way to others. Nothing needs them."""
_PUBLIC = ".pub"


class KeyNotHere(LookupError):
    """A private key that is in force cannot be had; the message says where it was looked for."""


class LedgerKey(Protocol):
    """An Ed25519 key: its public half (32 bytes), the RFC 7638 thumbprint of that, and a way to sign."""

    @property
    def public(self) -> bytes:
        """The public key."""

    @property
    def keyid(self) -> str:
        """Its thumbprint."""

    def sign(self, data: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes; the same for the same data."""


class Custody(Protocol):
    """Where ledger keys are. `name` is the name a key goes by, `ledger.pem` for the first incarnation's."""

    def first(self, name: str) -> LedgerKey:
        """The key to begin a ledger with; made where there is none. Raises KeyFileInvalid, KeyNotHere."""

    def find(self, name: str, keyid: str) -> LedgerKey:
        """The key of a thumbprint. Raises KeyFileInvalid, KeyNotHere."""

    def following(self, name: str, used: Iterable[str]) -> LedgerKey:
        """A key to rotate to, none of those with the thumbprints in `used`. Raises KeyFileInvalid, KeyNotHere."""

    def settle(self, name: str, keyid: str) -> None:
        """Put a key that `following` gave in its place, now that it is in force."""


def custody(settings: KeySettings) -> Custody:
    """The custody that the settings say. Raises KeyFileInvalid."""
    directory = settings.data / "keys"
    if settings.ledger_key is not None:
        return Secrets(directory, settings.ledger_key.get_secret_value(), setting="EXCHANGE_LEDGER_KEY")
    if settings.pkcs11_module is not None and settings.pkcs11_token and settings.pkcs11_pin is not None:
        return InToken(
            directory, Token(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin.get_secret_value())
        )
    return Files(directory)


def custody_of_answers(settings: KeySettings) -> "Files | Secrets":
    """The custody of the key that signs answers: not in a token, since every answer waits for it. Raises KeyFileInvalid."""
    directory = settings.data / "keys"
    if settings.answers_key is not None:
        return Secrets(directory, settings.answers_key.get_secret_value(), setting="EXCHANGE_ANSWERS_KEY")
    return Files(directory)


class Files:
    """Keys in PEM files of the data directory; a key that is made ahead lies in `next` until it is in force."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def first(self, name: str) -> ExchangeKey:
        """See Custody."""
        return keys.load_or_create(self._directory / name)

    def find(self, name: str, keyid: str) -> ExchangeKey:
        """See Custody."""
        for path in (self._directory / name, self._directory / NEXT / name):
            if path.is_file():
                with suppress(FileNotFoundError):  # moved at this moment
                    found = keys.load_or_create(path)
                    if found.keyid == keyid:
                        return found
        raise KeyNotHere(f"keys/{name} is not the key of this exchange: put that back from its safe copy")

    def following(self, name: str, used: Iterable[str]) -> ExchangeKey:
        """See Custody."""
        del used
        return keys.load_or_create(self._directory / NEXT / name)

    def settle(self, name: str, keyid: str) -> None:
        """See Custody; the key that it takes the place of goes to `old`."""
        settle(self._directory, name, keyid)


class Secrets:
    """Keys in an environment variable, separated by commas: PKCS #8 PEM, or a seed of 32 bytes in base64 or hexadecimal."""

    def __init__(self, directory: Path, text: str, *, setting: str) -> None:
        self._directory = directory
        self._setting = setting
        self._keys = [_from_secret(part, setting) for part in text.split(",") if part.strip()]
        if not self._keys:
            raise KeyFileInvalid(f"{setting} holds no key")

    def first(self, name: str) -> ExchangeKey:
        """See Custody."""
        note_public(self._directory, name, self._keys[0])
        return self._keys[0]

    def find(self, name: str, keyid: str) -> ExchangeKey:
        """See Custody."""
        del name
        for key in self._keys:
            if key.keyid == keyid:
                return key
        raise KeyNotHere(f"{self._setting} does not hold the key that is in force in this exchange")

    def following(self, name: str, used: Iterable[str]) -> ExchangeKey:
        """See Custody."""
        del name
        spent = set(used)
        for key in self._keys:
            if key.keyid not in spent:
                return key
        raise KeyNotHere(f"{self._setting} holds no further key: add the new one, after a comma, for the servers too")

    def settle(self, name: str, keyid: str) -> None:
        """See Custody."""
        key = self.find(name, keyid)
        note_public(self._directory, name, key)
        set_aside(self._directory, name, key)


class InToken:
    """Keys in a PKCS #11 token, labelled with their names; they are made there and never leave it."""

    def __init__(self, directory: Path, token: Token) -> None:
        self._directory = directory
        self._token = token

    def first(self, name: str) -> LedgerKey:
        """See Custody."""
        found = self._token.keys(name)
        key = found[0] if found else self._token.make(name)
        note_public(self._directory, name, key)
        return key

    def find(self, name: str, keyid: str) -> LedgerKey:
        """See Custody."""
        for key in self._token.keys(name):
            if key.keyid == keyid:
                return key
        raise KeyNotHere(f"the token has no key labelled {name} that is the one of this exchange's ledger")

    def following(self, name: str, used: Iterable[str]) -> LedgerKey:
        """See Custody."""
        spent = set(used)
        for key in self._token.keys(name):
            if key.keyid not in spent:
                return key  # made by an attempt that was broken off
        return self._token.make(name)

    def settle(self, name: str, keyid: str) -> None:
        """See Custody."""
        key = self.find(name, keyid)
        note_public(self._directory, name, key)
        set_aside(self._directory, name, key)


def settle(directory: Path, name: str, keyid: str | None) -> None:
    """Put the key file of this thumbprint in its place, if it was made ahead and is in force by now."""
    made, place = directory / NEXT / name, directory / name
    with suppress(FileNotFoundError):  # another process was first
        if keyid is None or not made.is_file() or keys.load_or_create(made).keyid != keyid:
            return
        if place.is_file():
            _retire(place)
        made.replace(place)


def set_aside(directory: Path, name: str, key: LedgerKey) -> None:
    """Move a key file that was left behind by a key that lies elsewhere now, once it is of another key: it would be believed."""
    place = directory / name
    with suppress(FileNotFoundError):  # another process was first
        if place.is_file() and keys.load_or_create(place).keyid != key.keyid:
            _retire(place)


def _retire(place: Path) -> None:
    old = place.parent / OLD
    old.mkdir(mode=0o700, exist_ok=True)
    place.replace(old / f"{place.stem}-{keys.load_or_create(place).keyid[:8]}{place.suffix}")


def note_public(directory: Path, name: str, key: LedgerKey) -> None:
    """Leave the public half of a key that lies elsewhere, so that this machine's commands know whom to believe."""
    path = (directory / name).with_suffix(_PUBLIC)
    text = base64.urlsafe_b64encode(key.public).decode().rstrip("=") + "\n"
    if path.is_file() and path.read_text(encoding="ascii") == text:
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    draft.write_text(text, encoding="ascii")
    draft.chmod(0o600)
    draft.replace(path)


def public_of(directory: Path, name: str) -> bytes:
    """The public half of a key, from its file or from what was left of it. Raises KeyFileInvalid, OSError."""
    path = directory / name
    if path.is_file():
        return keys.load_or_create(path).public
    text = path.with_suffix(_PUBLIC).read_text(encoding="ascii").strip()
    try:
        found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise KeyFileInvalid(f"{path.stem}{_PUBLIC} is not a public key") from error
    if len(found) != keys.SEED_BYTES:
        raise KeyFileInvalid(f"{path.stem}{_PUBLIC} is not a public key")
    return found


def _from_secret(text: str, setting: str) -> ExchangeKey:
    text = text.strip()
    if text.startswith("-----BEGIN"):
        return keys.from_pem(text.replace("\\n", "\n").encode(), name=setting)
    for decode in (bytes.fromhex, lambda one: base64.b64decode(one, validate=True)):
        with suppress(ValueError):
            seed = decode(text)
            if len(seed) == keys.SEED_BYTES:
                return keys.from_seed(seed)
    raise KeyFileInvalid(f"{setting} holds neither a PEM private key nor a seed of 32 bytes")
