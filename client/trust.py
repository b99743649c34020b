"""Whose answers are believed: an exchange's identity, read once and pinned.

Signatures prove that an answer comes from the holder of a key; that the key is the exchange's has to be settled by
other means. Whoever can, compares the identity with one got from the operator; without that, what was read first is
kept and any change is refused (trust on first use).
"""

import base64
import binascii
import contextlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from client.errors import TrustError
from ledger import note
from ledger.signatures import thumbprint

WELL_KNOWN = "/.well-known/data-exchange"


@dataclass(frozen=True, slots=True)
class Trust:
    """An exchange's identity: its ledger's origin and verifier key (C2SP), and its response keys by key id."""

    name: str
    origin: str
    vkey: str
    keys: Mapping[str, bytes]

    @classmethod
    def parse(cls, document: Any) -> Self:
        """Read the document of /.well-known/data-exchange, or of a trust file. Raises TrustError."""
        try:
            name, origin, vkey = (document[member] for member in ("name", "origin", "vkey"))
            listed = [(key["keyid"], key["algorithm"], key["public_key"]) for key in document["keys"]]
        except (KeyError, TypeError, IndexError) as error:
            raise TrustError("the exchange's identity lacks a member or has one of the wrong kind") from error
        if not all(isinstance(text, str) for text in (name, origin, vkey)):
            raise TrustError("the exchange's identity has a member of the wrong kind")
        keys = {keyid: _public(keyid, text) for keyid, algorithm, text in listed if algorithm == "ed25519"}
        if not keys:
            raise TrustError("the exchange has no key that this client understands")
        try:
            verifier = note.Verifier.parse(vkey)
        except ValueError as error:
            raise TrustError("the ledger's verifier key cannot be read") from error
        if verifier.name != origin:
            raise TrustError("the ledger's verifier key is named after another ledger")
        return cls(name=name, origin=origin, vkey=vkey, keys=keys)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a trust file. Raises TrustError."""
        try:
            return cls.parse(json.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise TrustError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise TrustError(f"{path} is not JSON") from error

    def save(self, path: Path | str) -> None:
        """Write a trust file, whole or not at all; an existing one is replaced. Raises TrustError."""
        path = Path(path)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(self.document(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise TrustError(f"{path} cannot be written: {error.strerror}") from error

    def document(self) -> dict[str, Any]:
        """The identity as JSON, which `parse` reads."""
        return {
            "name": self.name,
            "origin": self.origin,
            "vkey": self.vkey,
            "keys": [
                {"keyid": keyid, "algorithm": "ed25519", "public_key": _text(public)}
                for keyid, public in sorted(self.keys.items())
            ],
        }

    def public_key(self, keyid: str) -> bytes:
        """The exchange's key of this id. Raises TrustError for one that was not pinned."""
        try:
            return self.keys[keyid]
        except KeyError:
            raise TrustError(
                "the answer is signed by a key that was not pinned; if the exchange announced it, renew the trust"
            ) from None

    def verifier(self) -> note.Verifier:
        """What checks the ledger's checkpoints."""
        return note.Verifier.parse(self.vkey)


def _public(keyid: Any, text: Any) -> bytes:
    try:
        public = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (TypeError, ValueError, binascii.Error) as error:
        raise TrustError("a key of the exchange cannot be read") from error
    if _text(public) != text or thumbprint(public) != keyid:
        raise TrustError("a key of the exchange does not have the id it is listed under")
    return public


def _text(public: bytes) -> str:
    return base64.urlsafe_b64encode(public).decode().rstrip("=")
