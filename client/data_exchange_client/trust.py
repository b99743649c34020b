"""The identity of an exchange, pinned: the keys whose signatures on answers and checkpoints are accepted.

A signature proves that the holder of a key made it. That the key is the exchange's needs another proof: compare the
identity with one from the operator. Otherwise the first one that was read stays pinned (trust on first use). A change is
refused, unless a pinned key announces it by a signed statement.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from data_exchange_client.errors import TrustError
from groundwork import base64url, durable
from ledger.format import note, rotation
from signatures import thumbprint

WELL_KNOWN = "/.well-known/data-exchange"


class KeyNotPinned(TrustError):
    """An answer is signed by a key that is not pinned."""


@dataclass(frozen=True, slots=True)
class Trust:
    """An exchange's identity: its ledger's origin and verifier key (C2SP), and its response keys by key id.

    `until` holds, for response keys that were rotated, the Unix time from which their signatures are refused. `former`
    are the ledger's keys before `vkey`, each with the first tree size that it signed; `since` is the first that `vkey`
    signs.
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
            verifiers = [note.Verifier.parse(text) for text in (vkey, *(text for _, text in ledger))]
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
        """Return this identity with the keys that pinned ones announce in a document of /.well-known/data-exchange.

        Announcements that no pinned key signed are ignored. Raises TrustError for a document that cannot be read.
        """
        self.parse(document)
        try:
            changes = [rotation.parse(str(statement)) for statement in document.get("rotations") or ()]
        except (rotation.RotationInvalid, TypeError) as error:
            raise TrustError("an announcement of a rotation is malformed, or its signature does not verify") from error
        trust = self
        for change in changes:
            if change.purpose == rotation.ANSWERS:
                trust = trust._follow_answers(change)
            elif change.origin == trust.origin and change.old == trust.verifier() and change.valid_from > trust.since:
                former = (*trust.former, (trust.since, trust.vkey))
                trust = replace(trust, vkey=change.new.vkey, former=former, since=change.valid_from)
        return trust

    def _follow_answers(self, change: rotation.Rotation) -> "Trust":
        old, new = thumbprint(change.old.public_key), thumbprint(change.new.public_key)
        if self.keys.get(old) != change.old.public_key or new in self.keys:
            return self
        if old in self.until:
            return self  # it has announced its successor; whoever holds it now may not announce another
        end = datetime.fromisoformat(change.since) + rotation.OVERLAP
        return replace(
            self,
            keys={**self.keys, new: change.new.public_key},
            until={**self.until, old: int(end.timestamp())},
        )

    def is_same(self, now: "Trust") -> bool:
        """Whether this identity covers the present one of an exchange."""
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
        """Write a trust file, replacing an existing one. Raises TrustError."""
        path = Path(path)
        text = json.dumps(self.document(), indent=2, ensure_ascii=False) + "\n"
        try:
            durable.make_directory(path.parent, mode=0o777)
            durable.write(path, text.encode(), mode=0o666)
        except OSError as error:
            raise TrustError(f"{path} cannot be written: {error.strerror}") from error

    def document(self) -> dict[str, Any]:
        """The identity as JSON, which `parse` reads."""
        document: dict[str, Any] = {
            "name": self.name,
            "origin": self.origin,
            "vkey": self.vkey,
            "keys": [
                {"keyid": keyid, "algorithm": "ed25519", "public_key": base64url.encode(public)} | self._end(keyid)
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
        """The response key of this id, for a signature made at a Unix time.

        Raises KeyNotPinned, and TrustError for a key that had been rotated by then.
        """
        if keyid not in self.keys:
            raise KeyNotPinned(
                "the answer is signed by a key that is not pinned, and that no pinned key has announced; "
                "ask the exchange's operator, then run: exchange-client trust --renew"
            )
        if at is not None and at > self.until.get(keyid, at):
            raise TrustError("the answer is signed by a key that had been rotated by then")
        return self.keys[keyid]

    def verifier(self) -> note.Verifier:
        """The verifier of the ledger's present checkpoints."""
        return note.Verifier.parse(self.vkey)

    def history(self) -> rotation.History:
        """The verifiers of the ledger's checkpoints, former and present, by tree size."""
        keys = (*self.former, (self.since, self.vkey)) if self.former else ((0, self.vkey),)
        return rotation.History(tuple((size, note.Verifier.parse(vkey)) for size, vkey in keys))


def _public(keyid: Any, text: Any) -> bytes:
    try:
        public = base64url.decode(text)
    except (TypeError, ValueError) as error:
        raise TrustError("a key of the exchange cannot be read") from error
    if thumbprint(public) != keyid:
        raise TrustError("a key of the exchange does not have the id it is listed under")
    return public
