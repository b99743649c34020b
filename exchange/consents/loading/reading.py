"""Reading a file of decisions as it arrives: CSV with a header, or JSON lines. Memory does not depend on the file's size.

A row that is no valid decision is reported with its number and a reason, never with its values.
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

import orjson
from pydantic import ValidationError

from adapters.plan.condition import PlanError
from exchange.consents.schemas import WRITTEN, Guardian, Method
from exchange.kernel.problems import RequestMalformed
from ledger.format import merkle

COLUMNS: Final = ("person", "decision", "at", "method", "proof")
GUARDIAN: Final = ("guardian_name", "guardian_relation", "guardian_verified_by")
"""The columns of the guardian who consents for a child; all are filled, or none."""
DECISIONS: Final = {"given": "g", "refused": "r", "withdrawn": "w"}
BY_GUARDIAN: Final = "c"
"""What stands for `given` in the row of a child whose guardian consents."""
METHODS: Final[tuple[str, ...]] = Method.__args__  # type: ignore[attr-defined]
PIECE: Final = 1024
"""The leaves of one piece of a load's tree; a power of two."""
REPORTED: Final = 1000
"""The most rows that a report lists; the others are counted."""

_LONGEST_LINE = 1 << 16
_DIGEST_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Format = Literal["csv", "ndjson"]
LookUp = Callable[[str], bytes]
Close = Callable[[int, str], bytes]
"""Seals a text of a row."""


class Staged(NamedTuple):
    """A valid row: its number in the file, from 1, and the decision of the person behind a look-up."""

    row: int
    lookup: bytes
    decision: str
    at: datetime
    method: str | None
    proof: bytes | None
    sealed: bytes | None = None


class BadRow(NamedTuple):
    """A row that is not taken, and why."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What a decision under the notice has to keep: its times, its term, its form."""

    since: datetime
    now: datetime
    term: timedelta
    is_written: bool
    is_for_children: bool
    keeps_withdrawing: bool = False
    """Whether the identifiers of those who withdraw are kept, sealed, for the recipient who has to delete."""


class _Bad(ValueError):
    """A row that is no valid decision; the text is the reason."""


@dataclass(slots=True)
class Reader:
    """Reads the bytes of one file. `look_up` gives the look-up of a person's identifier; it raises PlanError for none.

    `close` seals what is kept of a row beside it.
    """

    format: Format
    rules: Rules
    look_up: LookUp
    close: Close
    rows: int = 0
    bad: int = 0
    reported: list[BadRow] = field(default_factory=list)
    rejects: list[BadRow] = field(default_factory=list)
    tree: merkle.Frontier = field(default_factory=merkle.Frontier)
    pieces: list[bytes] = field(default_factory=list)
    _rest: bytes = b""
    _piece: list[bytes] = field(default_factory=list)
    _header: list[str] | None = None
    _times: dict[str, datetime] = field(default_factory=dict)

    def feed(self, chunk: bytes) -> list[Staged]:
        """Read what has arrived: the valid rows that are complete. Raises RequestMalformed."""
        text = self._rest + chunk
        end = text.rfind(b"\n") + 1
        self._rest = text[end:]
        if len(self._rest) > _LONGEST_LINE:
            raise RequestMalformed(f"A row has at most {_LONGEST_LINE} bytes; row {self.rows + 1} is longer.")
        return self._read(text[:end])

    def end(self) -> list[Staged]:
        """Read the last row, and close the last piece. Raises RequestMalformed for a file without rows."""
        staged = self._read(self._rest)
        self._rest = b""
        if self._piece:
            self._close_piece()
        if self.rows == 0:
            raise RequestMalformed("The file has no rows.")
        return staged

    def take_pieces(self) -> list[bytes]:
        """The pieces that are complete since the last call: leaf hashes, one after the other."""
        pieces, self.pieces = self.pieces, []
        return pieces

    def take_rejects(self) -> list[BadRow]:
        """The rows that were not taken since the last call."""
        rejects, self.rejects = self.rejects, []
        return rejects

    def _read(self, text: bytes) -> list[Staged]:
        staged = []
        for document in self._documents(text):
            self.rows += 1
            try:
                row = self._stage(document)
            except _Bad as error:
                self._report(str(error))
                continue
            staged.append(row)
            self._commit(row)
        return staged

    def _documents(self, text: bytes) -> Iterator[Mapping[str, Any] | None]:
        """The rows of complete lines as objects; None for a line that is none. Empty lines are no rows."""
        if self.format == "ndjson":
            for line in text.splitlines():
                if line.strip():
                    yield _object(line)
            return
        try:
            lines = text.decode("utf-8").split("\n")  # other separators of lines are part of a value
        except UnicodeDecodeError as error:
            raise RequestMalformed(f"The file is not UTF-8, somewhere after row {self.rows}.") from error
        for values in self._fields(lines):
            if not values:
                continue
            if self._header is None:
                self._header = [name.strip().lstrip("\ufeff") for name in values]
                if missing := {"person", "decision", "at"} - set(self._header):
                    raise RequestMalformed(
                        f"The first line names the columns {', '.join(COLUMNS)}; {', '.join(sorted(missing))} is missing."
                    )
                continue
            is_whole = len(values) == len(self._header)
            yield dict(zip(self._header, values, strict=True)) if is_whole else None

    def _fields(self, lines: list[str]) -> Iterator[list[str]]:
        """The fields of each row. Raises RequestMalformed, such as for a quote that nothing closes."""
        try:
            yield from csv.reader(lines)
        except csv.Error as error:
            raise RequestMalformed(f"The file is no CSV, somewhere after row {self.rows}.") from error

    def _stage(self, document: Mapping[str, Any] | None) -> Staged:
        if document is None:
            raise _Bad("it is not a row of the columns that the file names")
        decision = DECISIONS.get(str(document.get("decision")))
        if decision is None:
            raise _Bad("`decision` is given, refused or withdrawn")
        at = self._moment(document.get("at"))
        method, proof = document.get("method") or None, _digest(document.get("proof"))
        if method is not None and method not in METHODS:
            raise _Bad(f"`method` is one of {', '.join(METHODS)}")
        guardian = _guardian(document)
        if decision == "g":
            self._check_given(at, method, proof, guardian)
        elif (method is None) != (proof is None):
            raise _Bad("`method` and `proof` belong together")
        value = document.get("person")
        if value is None or value == "":
            raise _Bad("`person` is empty")
        try:
            lookup = self.look_up(value)
        except PlanError:
            raise _Bad("`person` does not fit the type of the field that identifies people") from None
        if decision == "g" and guardian is not None:
            return Staged(self.rows, lookup, BY_GUARDIAN, at, method, proof, self.close(self.rows, guardian))
        if decision == "w" and self.rules.keeps_withdrawing:
            return Staged(self.rows, lookup, decision, at, method, proof, self.close(self.rows, str(value)))
        return Staged(self.rows, lookup, decision, at, method, proof)

    def _check_given(self, at: datetime, method: str | None, proof: bytes | None, guardian: str | None) -> None:
        rules = self.rules
        if proof is None or method is None:
            raise _Bad("a consent needs `method` and `proof` (PIPL 69)")
        if rules.is_for_children and guardian is None:
            raise _Bad(f"a child's consent needs its guardian: {', '.join(f'`{name}`' for name in GUARDIAN)} (PIPL 31)")
        if rules.is_written and method not in WRITTEN:
            raise _Bad("the notice demands the written form (PIPL 29)")
        if at < rules.since:
            raise _Bad("`at` is before the notice was in use (PIPL 14, 17)")
        if at + rules.term <= rules.now:
            raise _Bad("the term of the consent is over (Decree 790, 22(4))")

    def _moment(self, text: Any) -> datetime:
        """An RFC 3339 time; equal texts are parsed once."""
        at = self._times.get(text) if isinstance(text, str) else None
        if at is None:
            try:
                at = datetime.fromisoformat(text)
            except (TypeError, ValueError):
                raise _Bad("`at` is a time with a zone, such as 2026-06-01T09:30:00+08:00") from None
            if at.tzinfo is None:
                raise _Bad("`at` has no zone, such as +08:00")
            at = at.astimezone(UTC)
            if not _EPOCH <= at <= self.rules.now:
                raise _Bad("`at` is a time after 1970 that is not in the future")
            if len(self._times) < PIECE:
                self._times[text] = at
        return at

    def _report(self, reason: str) -> None:
        self.bad += 1
        row = BadRow(self.rows, reason)
        self.rejects.append(row)
        if len(self.reported) < REPORTED:
            self.reported.append(row)

    def _commit(self, row: Staged) -> None:
        leaf = merkle.leaf_hash(leaf_of(row))
        self.tree.append(leaf)
        self._piece.append(leaf)
        if len(self._piece) == PIECE:
            self._close_piece()

    def _close_piece(self) -> None:
        self.pieces.append(b"".join(self._piece))
        self._piece.clear()


def leaf_of(row: Staged) -> bytes:
    """The leaf of a row: number, decision, time in microseconds, look-up, method and proof. The look-up cannot be guessed."""
    microseconds = (row.at - _EPOCH) // timedelta(microseconds=1)
    head = b"%d\n%b\n%d\n" % (row.row, row.decision.encode(), microseconds)
    return head + row.lookup + (row.proof or b"") + (row.method or "").encode()


def _guardian(document: Mapping[str, Any]) -> str | None:
    """The guardian of a row as JSON; None where none is named."""
    values = [document.get(name) for name in GUARDIAN]
    if not any(values):
        return None
    name, relation, verified_by = values
    try:
        guardian = Guardian(name=name, relation=relation, verified_by=verified_by)
    except ValidationError:
        named = ", ".join(f"`{name}`" for name in GUARDIAN)
        raise _Bad(f"a guardian has {named}; the relation is parent or guardian (PIPL 31)") from None
    return json.dumps(guardian.model_dump(), ensure_ascii=False)


def _object(line: bytes) -> Mapping[str, Any] | None:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _digest(text: Any) -> bytes | None:
    if not text:
        return None
    try:
        digest = bytes.fromhex(text)
    except (TypeError, ValueError):
        digest = b""
    if len(digest) != _DIGEST_BYTES:
        raise _Bad("`proof` is a SHA-256 in hex")
    return digest
