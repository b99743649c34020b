"""Whose answers are believed: an exchange's identity, read once and pinned.

Signatures prove that an answer comes from the holder of a key; that the key is the exchange's has to be settled by
other means. Whoever can, compares the identity with one got from the operator; without that, what was read first is
kept (trust on first use). A change is refused, unless a pinned key has announced it by a signed statement.
"""

import base64
import binascii
import contextlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from data_exchange_client.errors import TrustError
from ledger.format import note, rotation
from signatures import thumbprint

WELL_KNOWN = "/.well-known/data-exchange"


class KeyNotPinned(TrustError):
    """An answer is signed by a key that is not among the pinned ones."""


@dataclass(frozen=True, slots=True)
class Trust:
    """An exchange's identity: its ledger's origin and verifier key (C2SP), and its response keys by key id.

    `until` says of response keys that others took the place of, when that was, in Unix seconds: what they sign later
    counts for nothing. `former` are the ledger's keys before `vkey`, each with the first tree size that it signed, and
    `since` is the first that `vkey` signs.
    """

    name: str
    origin: str
    vkey: str
    keys: Mapping[str, bytes]
    until: Mapping[str, int] = field(default_factory=dict)
    former: tuple[tuple[int, str], ...] = ()
    since: int = 0

    @classmethod
    def parse(cls, document: Any) -> Self:
        """Read the document of /.well-known/data-exchange, or of a trust file. Raises TrustError."""
        try:
            name, origin, vkey = (document[member] for member in ("name", "origin", "vkey"))
            listed = [(key["keyid"], key["algorithm"], key["public_key"]) for key in document["keys"]]
            until = {
                key["keyid"]: int(datetime.fromisoformat(key["valid_until"]).timestamp())
                for key in document["keys"]
                if key.get("valid_until") is not None
            }
            ledger = [(int(key["valid_from"]), str(key["vkey"])) for key in document.get("ledger_keys") or [] if key]
        except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
            raise TrustError("the exchange's identity lacks a member or has one of the wrong kind") from error
        if not all(isinstance(text, str) for text in (name, origin, vkey)):
            raise TrustError("the exchange's identity has a member of the wrong kind")
        keys = {keyid: _public(keyid, text) for keyid, algorithm, text in listed if algorithm == "ed25519"}
        if not keys:
            raise TrustError("the exchange has no key that this client understands")
        try:
            verifiers = [note.Verifier.parse(one) for one in (vkey, *(one for _, one in ledger))]
        except ValueError as error:
            raise TrustError("the ledger's verifier key cannot be read") from error
        if any(verifier.name != origin for verifier in verifiers):
            raise TrustError("the ledger's verifier key is named after another ledger")
        if ledger and (
            ledger[-1][1] != vkey
            or ledger[0][0] != 0
            or sorted({size for size, _ in ledger}) != [size for size, _ in ledger]
        ):
            raise TrustError("the ledger's keys do not lead to its verifier key")
        since = ledger[-1][0] if ledger else 0
        return cls(name, origin, vkey, keys, until, tuple(ledger[:-1]), since)

    def follow(self, document: Any) -> "Trust":
        """This identity, with the keys that pinned ones announce in a document of /.well-known/data-exchange.

        What is not signed by a pinned key is left out. Raises TrustError for a document that cannot be read.
        """
        self.parse(document)
        try:
            changes = [rotation.parse(str(statement)) for statement in document.get("rotations") or ()]
        except (rotation.RotationInvalid, TypeError) as error:
            raise TrustError("the exchange's statement of a rotation cannot be believed") from error
        found = self
        for change in changes:
            if change.purpose == rotation.ANSWERS:
                found = found._follow_answers(change)
            elif change.origin == found.origin and change.old == found.verifier() and change.valid_from > found.since:
                former = (*found.former, (found.since, found.vkey))
                found = replace(found, vkey=change.new.vkey, former=former, since=change.valid_from)
        return found

    def _follow_answers(self, change: rotation.Rotation) -> "Trust":
        old, new = thumbprint(change.old.public_key), thumbprint(change.new.public_key)
        if self.keys.get(old) != change.old.public_key or new in self.keys:
            return self
        if old in self.until:
            return self  # it named its successor; whoever has it now may not name another
        end = datetime.fromisoformat(change.since) + rotation.OVERLAP
        return replace(
            self,
            keys={**self.keys, new: change.new.public_key},
            until={**self.until, old: int(end.timestamp())},
        )

    def is_same(self, now: "Trust") -> bool:
        """Whether what an exchange says of itself now is covered by this identity."""
        current = {keyid: key for keyid, key in now.keys.items() if keyid not in now.until}
        return (self.name, self.origin, self.vkey) == (now.name, now.origin, now.vkey) and all(
            self.keys.get(keyid) == key and keyid not in self.until for keyid, key in current.items()
        )

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
        document: dict[str, Any] = {
            "name": self.name,
            "origin": self.origin,
            "vkey": self.vkey,
            "keys": [
                {"keyid": keyid, "algorithm": "ed25519", "public_key": _text(public)} | self._end(keyid)
                for keyid, public in sorted(self.keys.items())
            ],
        }
        if self.former:
            document["ledger_keys"] = [
                {"vkey": vkey, "valid_from": size} for size, vkey in (*self.former, (self.since, self.vkey))
            ]
        return document

    def _end(self, keyid: str) -> dict[str, str]:
        end = self.until.get(keyid)
        return {} if end is None else {"valid_until": datetime.fromtimestamp(end, UTC).isoformat()}

    def public_key(self, keyid: str, *, at: int | None = None) -> bytes:
        """The exchange's key of this id, for what was signed at a time in Unix seconds.

        Raises KeyNotPinned, TrustError for a key that had given way to another by then.
        """
        if keyid not in self.keys:
            raise KeyNotPinned(
                "the answer is signed by a key that was not pinned, and that no pinned key has announced; "
                "ask the exchange's operator, then renew the trust"
            )
        if at is not None and at > self.until.get(keyid, at):
            raise TrustError("the answer is signed by a key that has given way to another")
        return self.keys[keyid]

    def verifier(self) -> note.Verifier:
        """What checks the ledger's checkpoints of today."""
        return note.Verifier.parse(self.vkey)

    def history(self) -> rotation.History:
        """What checks the ledger's checkpoints of any size."""
        keys = (*self.former, (self.since, self.vkey)) if self.former else ((0, self.vkey),)
        return rotation.History(tuple((size, note.Verifier.parse(vkey)) for size, vkey in keys))


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
