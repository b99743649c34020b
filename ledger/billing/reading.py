"""Strict reading of the documents of billing: each member known, of its type and range, and errors with their place."""

import hashlib
from collections.abc import Collection
from typing import Any

from ledger.format import canonical


class Unpriced(ValueError):
    """A document of billing is not valid. `pointer` (RFC 6901) is the place, and `reason` says what to correct."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"{pointer or 'the document'}: {reason}")
        self.pointer = pointer
        self.reason = reason


def digest_of(document: Any) -> str:
    """SHA-256 of a document's canonical JSON, as hex."""
    return hashlib.sha256(canonical.dumps(document)).hexdigest()


class Members:
    """The members of an object, which has exactly those of `names`. Each reading raises Unpriced with the place."""

    def __init__(self, document: Any, at: str, names: Collection[str]) -> None:
        if type(document) is not dict:
            raise Unpriced(at, "an object is needed")
        for name in sorted(set(names) - document.keys()):
            raise Unpriced(f"{at}/{name}", "this member is missing")
        for name in sorted(document.keys() - set(names)):
            raise Unpriced(f"{at}/{name}", "no such member is known here")
        self._document, self._at = document, at

    def integer(self, name: str, *, least: int = 0, most: int = canonical.MAX_INTEGER) -> int:
        """The integer of a member, in its range."""
        value = self._document[name]
        if type(value) is not int or not least <= value <= most:
            raise Unpriced(f"{self._at}/{name}", f"an integer from {least} to {most} is needed")
        return value

    def optional_integer(self, name: str, *, least: int = 0) -> int | None:
        """The integer of a member, or None for null."""
        return None if self._document[name] is None else self.integer(name, least=least)

    def text(self, name: str, choices: Collection[str] = (), *, most: int = 200) -> str:
        """The text of a member: one of `choices`, or of 1 to `most` characters."""
        value = self._document[name]
        if type(value) is not str or (choices and value not in choices):
            raise Unpriced(
                f"{self._at}/{name}", f"one of {', '.join(sorted(choices))} is needed" if choices else "a text"
            )
        if not 0 < len(value) <= most:
            raise Unpriced(f"{self._at}/{name}", f"a text of 1 to {most} characters is needed")
        return value

    def rows(self, name: str, *, most: int) -> list[Any]:
        """The items of a list that has one at least and `most` at most."""
        value = self._document[name]
        if type(value) is not list or not 0 < len(value) <= most:
            raise Unpriced(f"{self._at}/{name}", f"a list of 1 to {most} items is needed")
        return value

    def value(self, name: str) -> Any:
        """The member as it is, to be read further."""
        return self._document[name]
