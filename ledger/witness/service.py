"""The witness's verbs: cosign a checkpoint that continues what it cosigned before, and show monitors the newest.

Every refusal has the status that c2sp.org/tlog-witness gives it, and says in a line what was wrong.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.format import checkpoint, merkle, note
from ledger.format.cosignature import CosignerKey
from ledger.witness import protocol
from ledger.witness.state import Standing, State

TEXT = "text/plain; charset=utf-8"
_OK, _BAD_REQUEST, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _UNPROCESSABLE = 200, 400, 403, 404, 409, 422


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: an HTTP status and a body of a media type."""

    status: int
    body: str
    media_type: str = TEXT


class Refusal(Exception):
    """A request that is not fulfilled, with its answer."""

    def __init__(self, status: int, reason: str, media_type: str = TEXT) -> None:
        super().__init__(reason)
        self.answer = Answer(status, f"{reason}\n", media_type)


class Witness:
    """A witness: its state, its keys, and the time in epoch seconds."""

    def __init__(
        self, state: State, keys: Sequence[CosignerKey], *, clock: Callable[[], int] = lambda: int(time.time())
    ) -> None:
        self._state, self._keys, self._clock = state, tuple(keys), clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosign a checkpoint. When this returns the cosignature lines, the checkpoint is durably the newest."""
        try:
            return self._add_checkpoint(body)
        except Refusal as refusal:
            return refusal.answer

    def newest(self, origin_hash: str) -> Answer:
        """The newest cosigned checkpoint of the log whose origin has this SHA-256, as hexadecimal digits."""
        for origin, standing in self._state.all():
            if hashlib.sha256(origin.encode()).hexdigest() == origin_hash and standing.note is not None:
                return Answer(_OK, standing.note)
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
            _check(request, submitted, self._state.standing(origin))
            now = self._clock()
            lines = "".join(key.line(opened.text, time=now) for key in self._keys)
            shown = f"{opened.text}\n{log_lines}{lines}"
            self._state.keep(origin, Standing(submitted.size, submitted.root, shown))
        return Answer(_OK, lines)

    def _open(self, signed: str, origin: str) -> tuple[note.Note[note.Key], str]:
        """The note with its log's signature verified, and the lines of it. Raises Refusal."""
        keys = self._state.keys(origin)
        if not keys:
            raise Refusal(_NOT_FOUND, "this log is not witnessed here")
        try:
            opened: note.Note[note.Key] = note.open(signed, keys)
        except (note.SignatureInvalid, note.SignatureMissing) as error:
            raise Refusal(_FORBIDDEN, str(error)) from None
        return opened, protocol.lines_of(signed, {(key.name, key.key_id) for key in opened.signed_by})


def _check(request: protocol.AddCheckpoint, submitted: checkpoint.Checkpoint, standing: Standing) -> None:
    """Check that a checkpoint continues the newest one. Raises Refusal."""
    if request.old != standing.size:
        raise Refusal(_CONFLICT, str(standing.size), protocol.SIZE_TYPE)
    if submitted.size == 0 and submitted.root != merkle.EMPTY_ROOT:
        raise Refusal(_UNPROCESSABLE, "the root is not that of the empty tree")
    if request.old == 0:
        if request.proof:
            raise Refusal(_UNPROCESSABLE, "the empty tree needs no proof")
        return
    try:
        merkle.verify_consistency(
            old_size=standing.size,
            new_size=submitted.size,
            old_root=standing.root,
            new_root=submitted.root,
            proof=request.proof,
        )
    except merkle.ProofError as error:
        raise Refusal(_UNPROCESSABLE, str(error)) from None
