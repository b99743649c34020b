"""Rotation of the exchange's own keys: the old key signs an announcement of the new one, and an entry has it.

    data-exchange/key-rotation/v1
    <origin of the ledger>
    <what the key signs: ledger or answers>
    <old verifier key>
    <new verifier key>
    <first tree size that the new key signs, or at which it holds>
    <time from which it holds, RFC 3339>

The announcement is a signed note (c2sp.org/signed-note); on the wire its field is `statement`. Whoever pinned a key
follows announcements to the present key. A rotated key keeps its name, as C2SP demands, and gets another key id. The
first line is no origin, so an announcement cannot pass for a checkpoint.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from ledger.format import checkpoint, note

HEADER = "data-exchange/key-rotation/v1"
LEDGER: Literal["ledger"] = "ledger"
ANSWERS: Literal["answers"] = "answers"
ENTRY_TYPE = "key.rotated"
Purpose = Literal["ledger", "answers"]
OVERLAP = timedelta(seconds=60)
"""The time after a rotation in which a process may still sign answers with the old key."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_LINES = 7


class RotationInvalid(ValueError):
    """An announcement is malformed, is not signed by the old key, or does not follow the one before."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A change of key: the new key signs trees of `valid_from` entries and more, from the time `since` on."""

    origin: str
    purpose: Purpose
    old: note.Verifier
    new: note.Verifier
    valid_from: int
    since: str

    def text(self) -> str:
        """The announcement, without its signature."""
        lines = (HEADER, self.origin, self.purpose, self.old.vkey, self.new.vkey, str(self.valid_from), self.since)
        return "".join(f"{line}\n" for line in lines)


def parse(announcement: str) -> Rotation:
    """Read an announcement and verify that the old key it names signed it. Whether to trust that key is up to the caller.

    Raises RotationInvalid.
    """
    try:
        lines = note.text_of(announcement).split("\n")
        if len(lines) != _LINES + 1 or lines[0] != HEADER:
            raise RotationInvalid("not the announcement of a rotation")
        old, new = note.Verifier.parse(lines[3]), note.Verifier.parse(lines[4])
        note.open(announcement, [old])
        size = checkpoint.parse_number(lines[5])
    except (note.BadNote, checkpoint.MalformedCheckpoint) as error:
        raise RotationInvalid(f"the announcement of a rotation is not valid: {error}") from error
    if lines[2] == LEDGER:
        purpose: Purpose = LEDGER
    elif lines[2] == ANSWERS:
        purpose = ANSWERS
    else:
        raise RotationInvalid("the key signs neither the ledger nor answers")
    if old.name != new.name or old == new or not _TIME.fullmatch(lines[6]):
        raise RotationInvalid("the new key must differ from the old one, have its name, and be valid from a time on")
    return Rotation(lines[1], purpose, old, new, size, lines[6])


def parse_announcements(data: bytes) -> list[str]:
    """Read a JSON list of announcements, without checking them. Raises RotationInvalid."""
    try:
        texts = json.loads(data)
    except (ValueError, RecursionError):
        texts = None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise RotationInvalid("not a list of announcements")
    return texts


@dataclass(frozen=True, slots=True)
class History:
    """The keys of one log, each with the first tree size it signs, ascending from 0."""

    keys: tuple[tuple[int, note.Verifier], ...]

    @classmethod
    def of(cls, only: note.Verifier) -> "History":
        """The history of a log whose key was never rotated."""
        return cls(((0, only),))

    @classmethod
    def from_announcements(cls, announcements: Sequence[str]) -> "History":
        """The history by announcements in order, each signed by the key before. Raises RotationInvalid."""
        keys: list[tuple[int, note.Verifier]] = []
        for announcement in announcements:
            rotation = parse(announcement)
            if rotation.purpose != LEDGER or rotation.origin != rotation.old.name:
                raise RotationInvalid("a rotation is not of this ledger's key")
            keys = keys or [(0, rotation.old)]
            if rotation.old != keys[-1][1] or rotation.valid_from <= keys[-1][0]:
                raise RotationInvalid("a rotation does not follow the one before")
            keys.append((rotation.valid_from, rotation.new))
        if not keys:
            raise RotationInvalid("the list of rotations is empty")
        return cls(tuple(keys))

    @property
    def newest(self) -> note.Verifier:
        """The present key."""
        return self.keys[-1][1]

    @property
    def name(self) -> str:
        """The origin, which is the name of every key."""
        return self.newest.name

    def has(self, key: note.Verifier) -> bool:
        """Whether this was or is the log's key."""
        return any(key == former for _, former in self.keys)

    def at(self, size: int) -> note.Verifier:
        """The key that signs trees of a size."""
        return [key for valid_from, key in self.keys if valid_from <= size][-1]

    def open(self, signed: str | bytes) -> checkpoint.Checkpoint:
        """Read and verify a checkpoint by the key that was valid at its size. Raises as `checkpoint.open`."""
        size = checkpoint.parse(note.text_of(signed)).size
        return checkpoint.open(signed, self.at(size))
