"""The witness's verbs: cosign a checkpoint that continues the last one, and show monitors the newest.

Every refusal has the status that c2sp.org/tlog-witness defines, and the reason in a line.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.format import checkpoint, merkle, note
from ledger.format.cosignature import CosignerKey
from ledger.witness import protocol
from ledger.witness.state import Newest, State

TEXT = "text/plain; charset=utf-8"
_OK, _BAD_REQUEST, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _UNPROCESSABLE = 200, 400, 403, 404, 409, 422


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: str
    media_type: str = TEXT


class Refusal(Exception):
    """A request is refused, with this answer."""

    def __init__(self, status: int, reason: str, media_type: str = TEXT) -> None:
        super().__init__(reason)
        self.answer = Answer(status, f"{reason}\n", media_type)


class Witness:
    """A witness, by its state, its keys, and a clock in epoch seconds."""

    def __init__(
        self, state: State, keys: Sequence[CosignerKey], *, clock: Callable[[], int] = lambda: int(time.time())
    ) -> None:
        self._state, self._keys, self._clock = state, tuple(keys), clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosign a checkpoint. The returned cosignature lines leave only after the checkpoint is stored durably."""
        try:
            return self._add_checkpoint(body)
        except Refusal as refusal:
            return refusal.answer

    def newest(self, origin_hash: str) -> Answer:
        """The newest cosigned checkpoint of a log, by the SHA-256 of its origin in hexadecimal."""
        for origin, newest in self._state.all():
            if hashlib.sha256(origin.encode()).hexdigest() == origin_hash and newest.note is not None:
                return Answer(_OK, newest.note)
        return Answer(_NOT_FOUND, "no cosigned checkpoint of this log\n")

    def _add_checkpoint(self, body: bytes) -> Answer:
        try:
            request = protocol.parse(body)
            origin = note.split(request.signed)[0].partition("\n")[0]
        except ValueError as error:
            raise Refusal(_BAD_REQUEST, str(error)) from None
        opened, log_lines = self._open(request.signed, origin)
        try:
            submitted = checkpoint.parse(opened.text, is_extended=True)
        except ValueError as error:
            raise Refusal(_BAD_REQUEST, str(error)) from None
        if request.old > submitted.size:
            raise Refusal(_BAD_REQUEST, "the old size is larger than the checkpoint's")
        with self._state.exclusively():
            _check(request, submitted, self._state.newest(origin))
            now = self._clock()
            lines = "".join(key.line(opened.text, time=now) for key in self._keys)
            cosigned = f"{opened.text}\n{log_lines}{lines}"
            self._state.replace(origin, Newest(submitted.size, submitted.root, cosigned))
        return Answer(_OK, lines)

    def _open(self, signed: str, origin: str) -> tuple[note.Note[note.Key], str]:
        """The note, verified by its log's keys, and their signature lines. Raises Refusal."""
        keys = self._state.keys(origin)
        if not keys:
            raise Refusal(_NOT_FOUND, "this log is not witnessed here")
        try:
            opened: note.Note[note.Key] = note.open(signed, keys)
        except (note.SignatureInvalid, note.SignatureMissing) as error:
            raise Refusal(_FORBIDDEN, str(error)) from None
        return opened, protocol.lines_of(signed, {(key.name, key.key_id) for key in opened.signed_by})


def _check(request: protocol.AddCheckpoint, submitted: checkpoint.Checkpoint, newest: Newest) -> None:
    """Check that a checkpoint continues the newest one. Raises Refusal."""
    if request.old != newest.size:
        raise Refusal(_CONFLICT, str(newest.size), protocol.SIZE_TYPE)
    if submitted.size == 0 and submitted.root != merkle.EMPTY_ROOT:
        raise Refusal(_UNPROCESSABLE, "the root is not that of the empty tree")
    if request.old == 0:
        if request.proof:
            raise Refusal(_UNPROCESSABLE, "the empty tree needs no proof")
        return
    try:
        merkle.verify_consistency(
            old_size=newest.size,
            new_size=submitted.size,
            old_root=newest.root,
            new_root=submitted.root,
            proof=request.proof,
        )
    except merkle.ProofError as error:
        raise Refusal(_UNPROCESSABLE, str(error)) from None
