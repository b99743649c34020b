"""Asking witnesses to cosign (c2sp.org/tlog-witness): all at the same time, each within a time limit.

A witness may claim to have cosigned entries that the ledger lacks. It is then asked for its evidence: a checkpoint with
the ledger's own signature proves that the database lost entries or holds other ones.
"""

import asyncio
import functools
import hashlib
import ssl
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

import httpx2

from ledger.format import checkpoint, note
from ledger.format.cosignature import time_of
from ledger.format.rotation import History
from ledger.format.trust_policy import TrustPolicy, Witness
from ledger.log import publication
from ledger.log.publication import Published
from ledger.witness import protocol

_GRACE = 0.25
"""The seconds that the other witnesses have after the quorum has cosigned."""

_TRIES = 3
_OK, _CONFLICT, _UNPROCESSABLE = 200, 409, 422


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree under a candidate: consistency proofs from a smaller size, and roots by size."""

    prove: Callable[[int], Awaitable[list[bytes]]]
    root_at: Callable[[int], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Replies:
    """Signature lines of the witnesses that cosigned, and the reasons of the others, by witness name."""

    lines: dict[str, str]
    reasons: dict[str, str]


class Contradicted(publication.TreeDiffers):
    """A witness has a checkpoint that the ledger's key signed and the database lacks; `note` is it.

    `is_ahead`: it covers more entries than the database has, and the key that signs trees of that size signed it.
    """

    def __init__(self, message: str, signed: str, *, is_ahead: bool) -> None:
        super().__init__(message)
        self.note = signed
        self.is_ahead = is_ahead


@functools.cache
def _trusted_authorities() -> ssl.SSLContext:
    """The authorities whose certificates this machine trusts, read once in a process."""
    return httpx2.create_ssl_context()


class _NotCosigned(Exception):
    """A witness did not cosign; the message is the reason."""


class Cosigning:
    """Asks the witnesses of a policy that have a URL. `seconds` is the time limit for all of them."""

    def __init__(self, policy: TrustPolicy, origin: str, *, seconds: float) -> None:
        self._policy = policy
        self._witnesses = [witness for witness in policy.witnesses if witness.url is not None]
        self._origin_hash = hashlib.sha256(origin.encode()).hexdigest()
        self._seconds = seconds
        self._client = httpx2.AsyncClient(timeout=seconds, follow_redirects=False, verify=_trusted_authorities())
        self._sizes: dict[str, int] = {}  # how many entries each witness has cosigned, by its last answer
        self._contradicting: set[str] = set()

    @property
    def has_witnesses(self) -> bool:
        """Whether there is a witness to ask."""
        return bool(self._witnesses)

    @property
    def policy(self) -> TrustPolicy:
        """The trust policy, whose quorum a checkpoint needs."""
        return self._policy

    def is_cosigned(self, signed: str) -> bool:
        """Whether a signed checkpoint has the cosignatures of a quorum."""
        try:
            witnesses = self._policy.find_witnesses(signed)
        except (note.SignatureInvalid, note.MalformedNote):
            return False
        return self._policy.is_satisfied([witness.key for witness in witnesses])

    def is_satisfied(self, names: Collection[str]) -> bool:
        """Whether these witnesses are a quorum."""
        return self._policy.is_satisfied([witness.key for witness in self._witnesses if witness.name in names])

    def forget(self) -> None:
        """Forget the witnesses' sizes: another process may have asked them meanwhile."""
        self._sizes.clear()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ask_all(self, candidate: Published, tree: Tree, keys: History) -> Replies:
        """Ask all witnesses to cosign a candidate. `keys` are the ledger's.

        Raises Contradicted, and what a failing database raises.
        """
        loop = asyncio.get_running_loop()
        tasks = {asyncio.create_task(self._ask(witness, candidate, tree, keys)): witness for witness in self._witnesses}
        begun = loop.time()
        deadline, is_enough = begun + self._seconds, False
        self._contradicting.clear()
        lines: dict[str, str] = {}
        reasons = {witness.name: f"no answer within {self._seconds} seconds" for witness in self._witnesses}
        waiting = set(tasks)
        try:
            while waiting:
                # A contradicting witness gets the whole time for its evidence, however many others have cosigned.
                is_contradicted = any(tasks[task].name in self._contradicting for task in waiting)
                left = (begun + self._seconds if is_contradicted else deadline) - loop.time()
                if left <= 0:
                    break
                done, waiting = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    name = tasks[task].name
                    try:
                        lines[name] = task.result()
                    except _NotCosigned as error:
                        reasons[name] = str(error)
                if not is_enough and self.is_satisfied(lines):
                    is_enough, deadline = True, min(deadline, loop.time() + _GRACE)
                    reasons |= {tasks[task].name: "it was slower than the quorum" for task in waiting}
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return Replies(lines, {name: reason for name, reason in reasons.items() if name not in lines})

    async def _ask(self, witness: Witness, candidate: Published, tree: Tree, keys: History) -> str:
        """One witness's signature line. Raises _NotCosigned, Contradicted, and what a failing database raises."""
        old = self._sizes.get(witness.name, 0)
        for _ in range(_TRIES):
            if old > candidate.size:
                await self._demand_evidence(witness, candidate, tree, keys)
                raise _NotCosigned(f"it claims to have cosigned {old} entries already, which the ledger does not have")
            proof = await tree.prove(old) if 0 < old < candidate.size else []
            body = protocol.AddCheckpoint(old, tuple(proof), candidate.note).text()
            status, answer = await self._call(witness, "POST", protocol.PATH, body)
            if status == _OK:
                line = _verified_line(witness, candidate, answer)
                self._sizes[witness.name] = candidate.size
                return line
            if status == _UNPROCESSABLE:
                await self._demand_evidence(witness, candidate, tree, keys)
                raise _NotCosigned(f"status {status}: it holds another history than this ledger's")
            if status != _CONFLICT:
                raise _NotCosigned(f"status {status}")
            try:
                size = protocol.parse_size(answer)
            except protocol.MalformedRequest as error:
                raise _NotCosigned(str(error)) from None
            if size == old:  # it contradicts the tree of that size
                await self._demand_evidence(witness, candidate, tree, keys)
            old = self._sizes[witness.name] = size
        raise _NotCosigned("its size changes with every answer")

    async def _demand_evidence(self, witness: Witness, candidate: Published, tree: Tree, keys: History) -> None:
        """Ask a witness for the checkpoint that it claims. Raises Contradicted where the ledger's key signed it."""
        self._sizes.pop(witness.name, None)
        self._contradicting.add(witness.name)
        try:
            status, answer = await self._call(witness, "GET", f"/{self._origin_hash}/checkpoint")
            evidence = _signed_checkpoint(answer, keys) if status == _OK else None
        except (_NotCosigned, ValueError):
            return
        if evidence is None or evidence.size == 0:
            return
        if evidence.size > candidate.size:
            difference = "which the database lacks"
        elif await tree.root_at(evidence.size) != evidence.root:
            difference = "which are not those of the database"
        else:
            return
        message = f"witness {witness.name!r} has a signed checkpoint of {evidence.size} entries, {difference}"
        is_ahead = evidence.size > candidate.size and _is_signed_by_key_in_force(answer, keys)
        raise Contradicted(message, answer.decode(), is_ahead=is_ahead)

    async def _call(self, witness: Witness, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        url = (witness.url or "").rstrip("/") + path
        received = bytearray()
        try:
            async with self._client.stream(method, url, content=body.encode() if body else None) as response:
                async for chunk in response.aiter_bytes():
                    received += chunk
                    if len(received) > protocol.MAX_BODY:
                        raise _NotCosigned("its answer is too long")
                return response.status_code, bytes(received)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _NotCosigned(type(error).__name__) from None


def _signed_checkpoint(signed: bytes, keys: History) -> checkpoint.Checkpoint:
    """A checkpoint that any of the ledger's keys signed. Raises ValueError."""
    # A restored database may lack a rotation, so every key counts, whatever the size.
    note.open(signed, [key for _, key in keys.keys])
    parsed = checkpoint.parse(note.text_of(signed))
    if parsed.origin != keys.name:
        raise checkpoint.MalformedCheckpoint("of another log")
    return parsed


def _is_signed_by_key_in_force(signed: bytes, keys: History) -> bool:
    """Whether the key that signs trees of a checkpoint's size signed it: a retired key may be in other hands."""
    try:
        keys.open(signed)
    except ValueError:
        return False
    return True


def _verified_line(witness: Witness, candidate: Published, answer: bytes) -> str:
    """The line of the witness's own key in its answer, verified. Raises _NotCosigned."""
    key = witness.key
    try:
        cosigned = candidate.note + answer.decode()
        text, lines = note.split(cosigned)
        if text != note.split(candidate.note)[0]:
            raise _NotCosigned("its answer is not signature lines")
        note.open(cosigned, [key])
        times = [time_of(material[4:]) for name, material in lines if (name, material[:4]) == (key.name, key.key_id)]
        if not all(times):
            raise _NotCosigned("its cosignature states no time")
        return protocol.lines_of(cosigned, {(key.name, key.key_id)})
    except UnicodeDecodeError:
        raise _NotCosigned("its answer is not UTF-8") from None
    except note.BadNote as error:
        raise _NotCosigned(f"its answer is no cosignature of its key: {error}") from None
