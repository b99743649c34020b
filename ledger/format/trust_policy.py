"""Trust policies (c2sp.org/tlog-policy): which logs to believe, which witnesses to know, and how many must agree.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> any|all|<k> <name>...
    quorum <name>|none

Parsing is strict, because a policy misread is a policy weakened: any deviation is an error that names its line.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from ledger.format import note, sm2
from ledger.format.cosignature import Cosigner, parse_key

MAX_POLICY = 64 * 1024
"""The largest policy in bytes."""

MAX_PARTS = 256
"""The most logs, witnesses and groups together; the specification asks for at least 32 of each."""

NONE = "none"
_THRESHOLD = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


class MalformedPolicy(ValueError):
    """A text is not a policy; the message names the line."""


class QuorumMissing(Exception):
    """A checkpoint does not have the cosignatures that the policy asks for."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log to believe, by its key."""

    key: note.Verifier | Cosigner
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its name within the policy, its key, and the URL prefix of its /add-checkpoint.

    A policy may demand a log's own extra signatures by naming them as a witness; only such a key may be an SM2 key.
    """

    name: str
    key: Cosigner | sm2.Sm2Verifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A group of witnesses and groups; `threshold` of its members have to cosign."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """A parsed policy. `quorum` is the name of a witness or a group, or NONE."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    @classmethod
    def for_log(cls, key: note.Verifier) -> "TrustPolicy":
        """The policy that believes one log by its signature alone."""
        return cls((Log(key),), (), (), NONE)

    def with_log(self, key: note.Verifier) -> "TrustPolicy":
        """Return this policy with one more log key, such as the key after a rotation; unchanged if it has the key."""
        if key in [log.key for log in self.logs]:
            return self
        return replace(self, logs=(*self.logs, Log(key)))

    @property
    def cosigners(self) -> tuple[Cosigner | sm2.Sm2Verifier, ...]:
        """The keys of all witnesses."""
        return tuple(witness.key for witness in self.witnesses)

    def is_satisfied(self, cosigned_by: Collection[Cosigner | sm2.Sm2Verifier]) -> bool:
        """Whether these keys, whose cosignatures have been verified, reach the quorum."""
        if self.quorum == NONE:
            return True
        keys = set(cosigned_by)
        has_cosigned = {witness.name: witness.key in keys for witness in self.witnesses}
        for group in self.groups:  # a group only names witnesses and groups above it
            has_cosigned[group.name] = sum(has_cosigned[member] for member in group.members) >= group.threshold
        return has_cosigned[self.quorum]

    def check(self, signed: str | bytes) -> tuple[Witness, ...]:
        """Verify the cosignatures of a checkpoint and return their witnesses. The log's own signature is not checked.

        Raises note.SignatureInvalid if the line of a known witness fails, note.MalformedNote, and QuorumMissing.
        """
        witnesses = self.find_witnesses(signed)
        if not self.is_satisfied([witness.key for witness in witnesses]):
            names = ", ".join(repr(witness.name) for witness in witnesses) or "nobody"
            raise QuorumMissing(f"cosigned by {names}, which is not the quorum {self.quorum!r}")
        return witnesses

    def find_witnesses(self, signed: str | bytes) -> tuple[Witness, ...]:
        """The witnesses that cosigned a checkpoint. Raises note.SignatureInvalid, note.MalformedNote."""
        try:
            keys = set(note.open(signed, self.cosigners).signed_by)
        except note.SignatureMissing:
            return ()
        return tuple(witness for witness in self.witnesses if witness.key in keys)

    def text(self, *, with_urls: bool = True) -> str:
        """The policy as text for `parse`. Without URLs it is fit to publish."""

        def line(*words: str, url: str | None = None) -> str:
            return " ".join([*words, *([url] if url and with_urls else [])]) + "\n"

        return "".join(
            [
                *(line("log", log.key.vkey, url=log.url) for log in self.logs),
                *(line("witness", witness.name, witness.key.vkey, url=witness.url) for witness in self.witnesses),
                *(line("group", group.name, str(group.threshold), *group.members) for group in self.groups),
                line("quorum", self.quorum),
            ]
        )


def encode(text: str) -> bytes:
    """The bytes of a policy's text; `parse` maps bytes that are not UTF-8 to surrogates, and this maps them back."""
    return text.encode(errors="surrogateescape")


def parse(data: str | bytes) -> TrustPolicy:
    """Read a policy. Raises MalformedPolicy."""
    raw = encode(data) if isinstance(data, str) else data
    if len(raw) > MAX_POLICY:
        raise MalformedPolicy(f"a policy has at most {MAX_POLICY} bytes")
    if raw and not raw.endswith(b"\n"):
        raise MalformedPolicy("the last line does not end in a newline")
    reader = _Reader()
    for number, line in enumerate(raw.split(b"\n"), 1):
        try:
            reader.read(line)
        except ValueError as error:
            raise MalformedPolicy(f"line {number}: {error}") from None
    if reader.quorum is None:
        raise MalformedPolicy("no quorum line: `quorum none` asks for no witnesses")
    return TrustPolicy(tuple(reader.logs), tuple(reader.witnesses), tuple(reader.groups), reader.quorum)


def _parse_cosigner(vkey: str) -> Cosigner | sm2.Sm2Verifier:
    _, _, material = note.split_vkey(vkey)
    return sm2.Sm2Verifier.parse(vkey) if sm2.is_sm2(material) else Cosigner.parse(vkey)


class _Reader:
    """Collects the parts of a policy, line by line."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.quorum: str | None = None
        self._free: dict[str, bool] = {}  # name -> whether it is still in no group

    def read(self, line: bytes) -> None:
        """Read one line. Raises ValueError."""
        if any((octet < 0x20 and octet != 0x09) or octet == 0x7F for octet in line):  # noqa: PLR2004 - ASCII
            raise ValueError("a control character")
        # Bytes beyond ASCII are opaque: surrogates keep those that are not UTF-8, so `text` and `encode` restore them.
        words = [word for word in re.split(r"[ \t]+", line.decode(errors="surrogateescape")) if word]
        if not words or words[0].startswith("#"):
            return
        kinds = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        if words[0] not in kinds:
            raise ValueError("a line begins with log, witness, group or quorum")
        kinds[words[0]](words[1:])
        if len(self.logs) + len(self._free) > MAX_PARTS:
            raise ValueError(f"more than {MAX_PARTS} logs, witnesses and groups")

    def _log(self, words: list[str]) -> None:
        if len(words) not in {1, 2}:
            raise ValueError("a log is `log <vkey> [<url>]`")
        key = parse_key(words[0])
        if isinstance(key, Cosigner) and key.kind != 0x06:  # noqa: PLR2004 - c2sp.org/tlog-checkpoint, "Signatures"
            raise ValueError("a log's key is of type 1 (Ed25519) or 6 (ML-DSA-44)")
        if key.public_key in {log.key.public_key for log in self.logs}:
            raise ValueError("a second log with this public key")
        self.logs.append(Log(key, *words[1:]))

    def _witness(self, words: list[str]) -> None:
        if len(words) not in {2, 3}:
            raise ValueError("a witness is `witness <name> <vkey> [<url>]`")
        key = _parse_cosigner(words[1])
        if key.public_key in {witness.key.public_key for witness in self.witnesses}:
            raise ValueError("a second witness with this public key")
        if (key.name, key.key_id) in {(witness.key.name, witness.key.key_id) for witness in self.witnesses}:
            raise ValueError("a second witness with this key name and key id")
        self._name(words[0])
        self.witnesses.append(Witness(words[0], key, *words[2:]))

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:  # noqa: PLR2004 - name, threshold, one member
            raise ValueError("a group is `group <name> any|all|<k> <name>...`")
        name, threshold, *members = words
        for member in members:
            if member not in self._free:
                raise ValueError(f"no witness or group {member!r} on an earlier line")
            if not self._free[member]:
                raise ValueError(f"{member!r} is already in a group; it may be in one only")
            self._free[member] = False
        if threshold not in {"any", "all"} and not _THRESHOLD.fullmatch(threshold):
            raise ValueError("a group's threshold is any, all, or a decimal number")
        count = {"any": 1, "all": len(members)}.get(threshold) or int(threshold)
        if count > len(members):
            raise ValueError(f"{count} of {len(members)} members can never agree")
        self._name(name)
        self.groups.append(Group(name, count, tuple(members)))

    def _quorum(self, words: list[str]) -> None:
        if len(words) != 1:
            raise ValueError("a quorum is `quorum <name>` or `quorum none`")
        if self.quorum is not None:
            raise ValueError("a second quorum line")
        if words[0] != NONE and words[0] not in self._free:
            raise ValueError(f"no witness or group {words[0]!r} on an earlier line")
        self.quorum = words[0]

    def _name(self, name: str) -> None:
        if name == NONE:
            raise ValueError("`none` is a reserved name")
        if name in self._free:
            raise ValueError(f"a second witness or group {name!r}")
        self._free[name] = True
