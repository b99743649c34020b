"""Rotation of the exchange's own keys: the old key signs a statement that names the new one, and an entry holds it.

    data-exchange/key-rotation/v1
    <origin of the ledger>
    <what the key signs: ledger or answers>
    <old verifier key>
    <new verifier key>
    <first tree size that the new key signs, or at which it holds>
    <time from which it holds, RFC 3339>

The statement is a signed note (c2sp.org/signed-note). Who pinned a key follows statements to the key of today. A rotated
key keeps its name, as C2SP has it, and so has another key id. The first line is no origin, so a statement cannot pass for
a checkpoint.
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
"""How long after a rotation a process that has not yet heard of it may sign answers with the key before."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_LINES = 7


class RotationInvalid(ValueError):
    """A statement cannot be read, is not signed by the key before, or does not follow the one before."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """From one key to the next: the new one signs trees of `valid_from` entries and more, and holds from `since` on."""

    origin: str
    purpose: Purpose
    old: note.Verifier
    new: note.Verifier
    valid_from: int
    since: str

    def text(self) -> str:
        """The statement, without its signature."""
        lines = (HEADER, self.origin, self.purpose, self.old.vkey, self.new.vkey, str(self.valid_from), self.since)
        return "".join(f"{line}\n" for line in lines)


def parse(statement: str) -> Rotation:
    """Read a statement and check that the old key it names signed it; whether that one is trusted is another matter.

    Raises RotationInvalid.
    """
    try:
        lines = note.text_of(statement).split("\n")
        if len(lines) != _LINES + 1 or lines[0] != HEADER:
            raise RotationInvalid("not a statement of a rotation")
        old, new = note.Verifier.parse(lines[3]), note.Verifier.parse(lines[4])
        note.open(statement, [old])
        size = checkpoint.parse_number(lines[5])
    except (note.BadNote, checkpoint.MalformedCheckpoint) as error:
        raise RotationInvalid(f"the statement of a rotation is not valid: {error}") from error
    if lines[2] == LEDGER:
        purpose: Purpose = LEDGER
    elif lines[2] == ANSWERS:
        purpose = ANSWERS
    else:
        raise RotationInvalid("a key of this exchange signs the ledger or answers")
    if old.name != new.name or old == new or not _TIME.fullmatch(lines[6]):
        raise RotationInvalid("a rotated key is another one of the same name, from a time on")
    return Rotation(lines[1], purpose, old, new, size, lines[6])


def parse_announcements(data: bytes) -> list[str]:
    """Read a JSON list of statements; what they say is not looked at. Raises RotationInvalid."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise RotationInvalid("not a list of statements")
    return found


@dataclass(frozen=True, slots=True)
class History:
    """The keys that one log was signed with, each with the first tree size it signs, ascending from 0."""

    keys: tuple[tuple[int, note.Verifier], ...]

    @classmethod
    def of(cls, only: note.Verifier) -> "History":
        """The history of a log whose key was never rotated."""
        return cls(((0, only),))

    @classmethod
    def from_announcements(cls, statements: Sequence[str]) -> "History":
        """The history that statements tell, each signed by the key before, in order. Raises RotationInvalid."""
        keys: list[tuple[int, note.Verifier]] = []
        for statement in statements:
            one = parse(statement)
            if one.purpose != LEDGER or one.origin != one.old.name:
                raise RotationInvalid("a rotation is not of this ledger's key")
            keys = keys or [(0, one.old)]
            if one.old != keys[-1][1] or one.valid_from <= keys[-1][0]:
                raise RotationInvalid("a rotation does not follow the one before")
            keys.append((one.valid_from, one.new))
        if not keys:
            raise RotationInvalid("no rotation")
        return cls(tuple(keys))

    @property
    def newest(self) -> note.Verifier:
        """The key of today."""
        return self.keys[-1][1]

    @property
    def name(self) -> str:
        """The origin, which all keys are named after."""
        return self.newest.name

    def has(self, key: note.Verifier) -> bool:
        """Whether a key is one of them."""
        return any(key == known for _, known in self.keys)

    def at(self, size: int) -> note.Verifier:
        """The key that signs trees of a size."""
        return [key for valid_from, key in self.keys if valid_from <= size][-1]

    def open(self, signed: str | bytes) -> checkpoint.Checkpoint:
        """Read a checkpoint signed by the key that was valid at its size. Raises as `checkpoint.open`."""
        size = checkpoint.parse(note.text_of(signed)).size
        return checkpoint.open(signed, self.at(size))
