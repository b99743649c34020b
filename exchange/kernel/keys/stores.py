"""Key stores: where private keys are kept. A store is key files, an environment secret, or a PKCS #11 token.

The rest of the exchange sees a public key and a way to sign. The ledger's entries decide which key is in force; a store
only finds it. The exchange does not start without the private key that is in force.
"""

import base64
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from exchange.kernel.keys import ed25519
from exchange.kernel.keys.ed25519 import ExchangeKey
from exchange.kernel.keys.keyfiles import KeyFileInvalid
from exchange.kernel.keys.settings import KeySettings
from exchange.kernel.keys.token import Token
from groundwork import base64url, durable

NEXT = "next"
"""The directory of keys that a rotation has created and that are not yet in force."""
OLD = "old"
"""The directory of retired keys. Nothing needs them."""
_PUBLIC = ".pub"


class KeyNotFound(LookupError):
    """The private key in force is not in its store. The message names the store."""


class LedgerKey(Protocol):
    """An Ed25519 key: its public half (32 bytes), its RFC 7638 thumbprint, and a way to sign."""

    @property
    def public(self) -> bytes:
        """The public key."""

    @property
    def keyid(self) -> str:
        """Its thumbprint."""

    def sign(self, data: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes; the same for the same data."""


class KeyStore(Protocol):
    """A store of private keys. `name` is a key's file name, `ledger.pem` for the ledger's first incarnation."""

    def open_first(self, name: str) -> LedgerKey:
        """The key that a ledger begins with; created on first use. Raises KeyFileInvalid, KeyNotFound."""

    def find(self, name: str, keyid: str) -> LedgerKey:
        """The key with a thumbprint. Raises KeyFileInvalid, KeyNotFound."""

    def prepare_next(self, name: str, used: Iterable[str]) -> LedgerKey:
        """A key to rotate to, durable in its store. No thumbprint in `used` is its own. Raises KeyFileInvalid,
        KeyNotFound.
        """

    def activate(self, name: str, keyid: str) -> None:
        """Put a prepared key in its place; call it once the key is in force."""


def key_store(settings: KeySettings) -> KeyStore:
    """The store of the ledger's key that the settings name. Raises KeyFileInvalid."""
    directory = settings.data / "keys"
    if settings.ledger_key is not None:
        return SecretStore(directory, settings.ledger_key.get_secret_value(), setting="EXCHANGE_LEDGER_KEY")
    if settings.pkcs11_module is not None and settings.pkcs11_token and settings.pkcs11_pin is not None:
        return TokenStore(
            directory, Token(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin.get_secret_value())
        )
    return FileStore(directory)


def answers_key_store(settings: KeySettings) -> "FileStore | SecretStore":
    """The store of the key that signs answers: no token, since every answer waits for it. Raises KeyFileInvalid."""
    directory = settings.data / "keys"
    if settings.answers_key is not None:
        return SecretStore(directory, settings.answers_key.get_secret_value(), setting="EXCHANGE_ANSWERS_KEY")
    return FileStore(directory)


class FileStore:
    """Keys in PEM files of the data directory. A prepared key lies in `next` until it is in force."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def open_first(self, name: str) -> ExchangeKey:
        """See KeyStore."""
        return ed25519.load_or_create(self._directory / name)

    def find(self, name: str, keyid: str) -> ExchangeKey:
        """See KeyStore."""
        for path in (self._directory / name, self._directory / NEXT / name):
            with suppress(FileNotFoundError):  # or another process is activating it
                key = ed25519.load(path)
                if key.keyid == keyid:
                    return key
        raise KeyNotFound(f"keys/{name} is not the key of this exchange: put that back from its safe copy")

    def prepare_next(self, name: str, used: Iterable[str]) -> ExchangeKey:
        """See KeyStore."""
        del used
        key = ed25519.load_or_create(self._directory / NEXT / name)
        durable.sync_directory(self._directory)  # the name `next` too, should the process that created it have died
        return key

    def activate(self, name: str, keyid: str) -> None:
        """See KeyStore; the key that it replaces moves to `old`."""
        activate_file(self._directory, name, keyid)


class SecretStore:
    """Keys in an environment variable, separated by commas: PKCS #8 PEM, or a seed of 32 bytes in base64 or
    hexadecimal.
    """

    def __init__(self, directory: Path, text: str, *, setting: str) -> None:
        self._directory = directory
        self._setting = setting
        self._keys = [_from_secret(part, setting) for part in text.split(",") if part.strip()]
        if not self._keys:
            raise KeyFileInvalid(f"{setting} holds no key")

    def open_first(self, name: str) -> ExchangeKey:
        """See KeyStore."""
        write_public(self._directory, name, self._keys[0])
        return self._keys[0]

    def find(self, name: str, keyid: str) -> ExchangeKey:
        """See KeyStore."""
        del name
        for key in self._keys:
            if key.keyid == keyid:
                return key
        raise KeyNotFound(f"{self._setting} does not hold the key that is in force in this exchange")

    def prepare_next(self, name: str, used: Iterable[str]) -> ExchangeKey:
        """See KeyStore."""
        del name
        retired = set(used)
        for key in self._keys:
            if key.keyid not in retired:
                return key
        raise KeyNotFound(f"{self._setting} holds no further key: add the new one, after a comma, for the servers too")

    def activate(self, name: str, keyid: str) -> None:
        """See KeyStore."""
        key = self.find(name, keyid)
        write_public(self._directory, name, key)
        retire_stale_file(self._directory, name, key)


class TokenStore:
    """Keys in a PKCS #11 token, labelled with their names. They are created there and never leave it."""

    def __init__(self, directory: Path, token: Token) -> None:
        self._directory = directory
        self._token = token

    def open_first(self, name: str) -> LedgerKey:
        """See KeyStore."""
        keys = self._token.keys(name)
        key = keys[0] if keys else self._token.create(name)
        write_public(self._directory, name, key)
        return key

    def find(self, name: str, keyid: str) -> LedgerKey:
        """See KeyStore."""
        for key in self._token.keys(name):
            if key.keyid == keyid:
                return key
        raise KeyNotFound(f"no key labelled {name} in the token is the key of this exchange's ledger")

    def prepare_next(self, name: str, used: Iterable[str]) -> LedgerKey:
        """See KeyStore."""
        retired = set(used)
        for key in self._token.keys(name):
            if key.keyid not in retired:
                return key  # created by a rotation that was interrupted
        return self._token.create(name)

    def activate(self, name: str, keyid: str) -> None:
        """See KeyStore."""
        key = self.find(name, keyid)
        write_public(self._directory, name, key)
        retire_stale_file(self._directory, name, key)


def activate_file(directory: Path, name: str, keyid: str | None) -> None:
    """Move the prepared key file with this thumbprint to its place; a file with another thumbprint stays in `next`."""
    path, prepared = directory / name, directory / NEXT / name
    with suppress(FileNotFoundError):  # another process was first
        if keyid is None or ed25519.load(prepared).keyid != keyid:
            return
        if path.is_file():
            _retire(path)
        durable.move(prepared, path)


def retire_stale_file(directory: Path, name: str, key: LedgerKey) -> None:
    """Retire a stale key file once the key is kept elsewhere and has been rotated: a reader would believe the file."""
    path = directory / name
    with suppress(FileNotFoundError):  # another process was first
        if ed25519.load(path).keyid != key.keyid:
            _retire(path)


def _retire(path: Path) -> None:
    retired = path.parent / OLD / f"{path.stem}-{ed25519.load(path).keyid[:8]}{path.suffix}"
    durable.make_directory(retired.parent)
    durable.move(path, retired)


def write_public(directory: Path, name: str, key: LedgerKey) -> None:
    """Write the public half of a key that is kept elsewhere, so that this machine's commands know whom to believe."""
    path = (directory / name).with_suffix(_PUBLIC)
    text = base64url.encode(key.public) + "\n"
    if path.is_file() and path.read_text(encoding="ascii") == text:
        return
    durable.make_directory(directory)
    durable.write(path, text.encode("ascii"))


def read_public(directory: Path, name: str) -> bytes:
    """The public half of a key, 32 bytes, from the key file or the public file. Raises KeyFileInvalid, OSError."""
    path = directory / name
    if path.is_file():
        return ed25519.load(path).public
    text = path.with_suffix(_PUBLIC).read_text(encoding="ascii").strip()
    try:
        public = base64url.decode(text)
    except ValueError as error:
        raise KeyFileInvalid(f"{path.stem}{_PUBLIC} is not a public key") from error
    if len(public) != ed25519.SEED_BYTES:
        raise KeyFileInvalid(f"{path.stem}{_PUBLIC} is not a public key")
    return public


def _from_secret(text: str, setting: str) -> ExchangeKey:
    text = text.strip()
    if text.startswith("-----BEGIN"):
        return ed25519.from_pem(text.replace("\\n", "\n").encode(), name=setting)
    decoders: tuple[Callable[[str], bytes], ...] = (
        bytes.fromhex,
        lambda encoded: base64.b64decode(encoded, validate=True),
    )
    for decode in decoders:
        with suppress(ValueError):
            seed = decode(text)
            if len(seed) == ed25519.SEED_BYTES:
                return ed25519.from_seed(seed)
    raise KeyFileInvalid(f"{setting} holds neither a PEM private key nor a seed of 32 bytes")
