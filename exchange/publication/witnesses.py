"""Witnesses (c2sp.org/tlog-witness) of the exchange's ledger: a checkpoint is published when the quorum has cosigned it.

All witnesses are asked at the same time, off the path of any request, and no transaction is open meanwhile. When too few
answer, publishing waits and the alarm is raised, while entries go on being accepted; each try takes in what has come
since. Every process watches how old the first entry without a published checkpoint is: beyond the cut-off deliveries
stop, and go on by themselves when the witnesses are back.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2

from exchange.kernel.database import FAILURES, Connection
from exchange.kernel.logs import log
from exchange.kernel.runtime import Runtime
from exchange.publication.coverage import Coverage
from exchange.publication.settings import PublicationSettings
from ledger.format import checkpoint, note, trust_policy
from ledger.format.cosignature import time_of
from ledger.format.rotation import History
from ledger.format.trust_policy import TrustPolicy, Witness
from ledger.log import continuity, publication
from ledger.log.anchor import Anchor
from ledger.log.publication import Published
from ledger.witness import protocol

MOST = 32
"""The most witnesses that are asked; their lines have to fit into what readers of a checkpoint take."""

_GRACE = 0.25
"""How many seconds the others have once the quorum is there."""

_TRIES = 3
_REPEAT_ALARM = 60.0
_WATCH_EVERY = 1.0
_OK, _CONFLICT, _UNPROCESSABLE = 200, 409, 422


@dataclass(frozen=True, slots=True)
class _Tree:
    """What is asked of the tree under a candidate: the proof that it continues a smaller one, and that one's root."""

    prove: Callable[[int], Awaitable[list[bytes]]]
    root_at: Callable[[int], Awaitable[bytes]]


class PolicyUnusable(RuntimeError):
    """The policy file cannot be used, so the exchange does not start."""


class _NotCosigned(Exception):
    """A witness did not cosign; the message says why."""


class _Shown(publication.TreeDiffers):
    """A witness shows a checkpoint that the ledger's key signed and the database does not have; `note` is it.

    `is_ahead`: it is of more entries than the database has, by the key that signs trees of that size.
    """

    def __init__(self, message: str, signed: str, *, is_ahead: bool) -> None:
        super().__init__(message)
        self.note = signed
        self.is_ahead = is_ahead


def chosen(settings: PublicationSettings, keys: History) -> TrustPolicy:
    """The policy that the settings name, with this ledger among its logs by any of its keys. Raises PolicyUnusable."""
    path = settings.witness_policy
    if path is None:
        return trust_policy.TrustPolicy.for_log(keys.newest)
    try:
        found = trust_policy.parse(path.read_bytes())
    except (OSError, trust_policy.MalformedPolicy) as error:
        raise PolicyUnusable(f"EXCHANGE_WITNESS_POLICY: {path}: {error}") from error
    if not found.logs:
        found = replace(found, logs=(trust_policy.Log(keys.newest),))
    named = [one.key for one in found.logs]
    if not any(key in named for _, key in keys.keys):
        raise PolicyUnusable(f"{path}: the policy does not name this ledger; add: log {keys.newest.vkey}")
    asked = [one for one in found.witnesses if one.url is not None]
    for one in asked:
        parts = urlsplit(one.url or "")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise PolicyUnusable(f"{path}: the URL of witness {one.name!r} is not http:// or https:// with a host")
    if len(asked) > MOST:
        raise PolicyUnusable(f"{path}: more than {MOST} witnesses with a URL")
    if not found.is_satisfied([one.key for one in asked]):
        raise PolicyUnusable(f"{path}: the witnesses that have a URL can never be the quorum {found.quorum!r}")
    return found


class Witnesses:
    """The witnesses of a policy, for the one process that publishes, and the watch that every process keeps."""

    def __init__(self, runtime: Runtime, trusted: TrustPolicy, signers: publication.Signers, anchor: Anchor) -> None:
        self._runtime, self._policy, self._signers, self._anchor = runtime, trusted, signers, anchor
        self._asked = [one for one in trusted.witnesses if one.url is not None]
        self._within = runtime[PublicationSettings].witness_timeout
        self._client: httpx2.AsyncClient | None = None
        self._watch: asyncio.Task[None] | None = None
        self._pending: Published | None = None
        self._keys = History.of(signers.first)
        self._sizes: dict[str, int] = {}  # what each witness has, as far as it is known
        self._contradicting: set[str] = set()
        self._alarmed: float | None = None
        self._told: float | None = None

    @property
    def are_asked(self) -> bool:
        """Whether there are any."""
        return bool(self._asked)

    def start(self) -> None:
        """Begin, on the running loop."""
        if not self._asked:
            return
        settings, coverage = self._runtime[PublicationSettings], self._runtime[Coverage]
        coverage.patience = timedelta(seconds=3 * (settings.checkpoint_interval + self._within))
        coverage.cutoff = (
            timedelta(seconds=settings.witness_cutoff) if self._policy.quorum != trust_policy.NONE else None
        )
        self._client = httpx2.AsyncClient(timeout=self._within, follow_redirects=False)
        self._watch = asyncio.create_task(self._keep_watch(), name="witness-watch")

    async def stop(self) -> None:
        """Stop watching, and close connections."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        if self._client is not None:
            await self._client.aclose()

    def begin(self) -> None:
        """This process has just become the one that publishes: what it knew may be out of date."""
        self._pending = None
        self._sizes.clear()

    async def publish(self, connection: Connection) -> Published | None:
        """Sign a checkpoint of all entries and publish it if enough witnesses cosign; None where none was published.

        Raises publication.TreeDiffers, also where a witness shows that this key has signed what the database does not
        have. That is kept with the anchor then, so every process halts, and after a restart too: as what was signed last
        where it is that, and otherwise beside it, since the anchor never takes back what it holds.
        """
        grown = await publication.grow(connection, self._signers, anchor=self._anchor, since=self._pending)
        self._pending = grown or self._pending
        if self._pending is None:
            return None
        candidate, guard = self._pending, asyncio.Lock()
        self._keys = await continuity.history(connection, self._signers.first)

        async def prove(old: int) -> list[bytes]:
            async with guard:  # a connection does one thing at a time
                return await publication.consistency(connection, old, candidate.size)

        async def root_at(size: int) -> bytes:
            async with guard:
                return await continuity.root_at(connection, size, tiled=candidate.size)

        try:
            lines, reasons = await self._cosign(candidate, _Tree(prove, root_at))
        except _Shown as shown:
            keep = self._anchor.swap if shown.is_ahead else self._anchor.accuse
            await asyncio.to_thread(keep, candidate.note, shown.note)
            raise
        cosigned = Published(candidate.size, candidate.note + "".join(lines.values()))
        if not self._policy.is_satisfied([one.key for one in self._asked if one.name in lines]):
            self._raise_alarm(candidate, reasons)
            return None
        await publication.record(connection, cosigned, now=self._runtime.clock.now())
        self._pending = None
        self._tell(reasons)
        if self._alarmed is not None:
            self._alarmed = None
            log().warning("the witnesses are back; checkpoints are published again", size=cosigned.size)
        return cosigned

    async def _cosign(self, candidate: Published, tree: _Tree) -> tuple[dict[str, str], dict[str, str]]:
        """Ask all; the lines of those who cosigned and the reasons of the others, by the witnesses' names."""
        loop = asyncio.get_running_loop()
        tasks = {asyncio.create_task(self._ask(one, candidate, tree)): one for one in self._asked}
        begun = loop.time()
        deadline, is_enough = begun + self._within, False
        self._contradicting.clear()
        lines: dict[str, str] = {}
        reasons = {one.name: f"no answer within {self._within} seconds" for one in self._asked}
        waiting = set(tasks)
        try:
            while waiting:
                # Who speaks against this ledger is heard out, however many others have cosigned.
                is_contradicted = any(tasks[task].name in self._contradicting for task in waiting)
                left = (begun + self._within if is_contradicted else deadline) - loop.time()
                if left <= 0:
                    break
                done, waiting = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    name = tasks[task].name
                    try:
                        lines[name] = task.result()
                    except _NotCosigned as error:
                        reasons[name] = str(error)
                if not is_enough and self._policy.is_satisfied([one.key for one in self._asked if one.name in lines]):
                    is_enough, deadline = True, min(deadline, loop.time() + _GRACE)
                    reasons |= {tasks[task].name: "it was slower than the quorum" for task in waiting}
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return lines, {name: reason for name, reason in reasons.items() if name not in lines}

    async def _ask(self, witness: Witness, candidate: Published, tree: _Tree) -> str:
        """One witness's signature line. Raises _NotCosigned, TreeDiffers, and what a failing database raises."""
        old = self._sizes.get(witness.name, 0)
        for _ in range(_TRIES):
            if old > candidate.size:
                await self._demand_evidence(witness, candidate, tree)
                raise _NotCosigned(f"it claims to have cosigned {old} entries already, which the ledger does not have")
            proof = await tree.prove(old) if 0 < old < candidate.size else []
            body = protocol.AddCheckpoint(old, tuple(proof), candidate.note).text()
            status, answer = await self._call(witness, "POST", protocol.PATH, body)
            if status == _OK:
                line = _checked(witness, candidate, answer)
                self._sizes[witness.name] = candidate.size
                return line
            if status == _UNPROCESSABLE:
                await self._demand_evidence(witness, candidate, tree)
                raise _NotCosigned(f"status {status}: it holds another history than this ledger's")
            if status != _CONFLICT:
                raise _NotCosigned(f"status {status}")
            try:
                has = protocol.parse_size(answer)
            except protocol.MalformedRequest as error:
                raise _NotCosigned(str(error)) from None
            if has == old:  # as if of that size it had another tree
                await self._demand_evidence(witness, candidate, tree)
            old = self._sizes[witness.name] = has
        raise _NotCosigned("its size changes with every answer")

    async def _demand_evidence(self, witness: Witness, candidate: Published, tree: _Tree) -> None:
        """A witness claims to have cosigned what the ledger does not have. If it shows our signature on it, that is so.

        Raises _Shown then, and nothing where it has nothing to show.
        """
        self._sizes.pop(witness.name, None)
        self._contradicting.add(witness.name)
        origin = hashlib.sha256(self._signers.first.name.encode()).hexdigest()
        try:
            status, answer = await self._call(witness, "GET", f"/{origin}/checkpoint")
            shown = _signed(answer, self._keys) if status == _OK else None
        except (_NotCosigned, ValueError):
            return
        if shown is None or shown.size == 0:
            return
        if shown.size > candidate.size:
            what = "which the database lacks"
        elif await tree.root_at(shown.size) != shown.root:
            what = "which are not those of the database"
        else:
            return
        message = f"witness {witness.name!r} has a signed checkpoint of {shown.size} entries, {what}"
        raise _Shown(
            message, answer.decode(), is_ahead=shown.size > candidate.size and _is_by_its_key(answer, self._keys)
        )

    async def _call(self, witness: Witness, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        assert self._client is not None  # noqa: S101 - started
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

    def _raise_alarm(self, candidate: Published, reasons: dict[str, str]) -> None:
        now = asyncio.get_running_loop().time()
        if self._alarmed is None or now - self._alarmed >= _REPEAT_ALARM:
            self._alarmed = now
            log().critical(
                "too few witnesses cosigned; no checkpoint is published, and deliveries stop at the cut-off",
                size=candidate.size,
                witnesses=_printable(reasons),
            )

    def _tell(self, reasons: dict[str, str]) -> None:
        """Say which witnesses the quorum did without: they may be down, or know of another history."""
        now = asyncio.get_running_loop().time()
        if reasons and (self._told is None or now - self._told >= _REPEAT_ALARM):
            self._told = now
            log().warning("a checkpoint was published without some witnesses", witnesses=_printable(reasons))

    async def _keep_watch(self) -> None:
        """Look how old the first entry is that no published checkpoint covers."""
        coverage, is_stopped = self._runtime[Coverage], False
        while True:
            with suppress(*FAILURES):  # a database that fails says nothing new; the age counts on
                async with self._runtime.database.pool.acquire() as connection:
                    coverage.since = await publication.uncovered_since(connection)
            if is_stopped != coverage.is_overdue(self._runtime.clock.now()):
                is_stopped = not is_stopped
                if is_stopped:
                    log().critical("the witnesses have been missing for too long; nothing is delivered")
                else:
                    log().warning("the witnesses are back; deliveries go on")
            await asyncio.sleep(min(_WATCH_EVERY, self._runtime[PublicationSettings].witness_cutoff / 2))


def _signed(signed: bytes, keys: History) -> checkpoint.Checkpoint:
    """A checkpoint that any of the log's keys signed. Raises ValueError."""
    # A restored database may not know of a rotation, so any key that it does know counts, whatever the size.
    note.open(signed, [key for _, key in keys.keys])
    found = checkpoint.parse(note.text_of(signed))
    if found.origin != keys.name:
        raise checkpoint.MalformedCheckpoint("of another log")
    return found


def _is_by_its_key(signed: bytes, keys: History) -> bool:
    """Whether the key that signs trees of a checkpoint's size has signed it: one that was retired may be in other hands."""
    try:
        keys.open(signed)
    except ValueError:
        return False
    return True


def _printable(reasons: dict[str, str]) -> dict[str, str]:
    """Reasons by names that can be written: a policy's names need not be UTF-8."""
    return {name.encode(errors="backslashreplace").decode(): why for name, why in reasons.items()}


def _checked(witness: Witness, candidate: Published, answer: bytes) -> str:
    """The line of the witness's own key in its answer, verified. Raises _NotCosigned."""
    key = witness.key
    try:
        cosigned = candidate.note + answer.decode()
        text, lines = note.split(cosigned)
        if text != note.split(candidate.note)[0]:
            raise _NotCosigned("its answer is not signature lines")
        note.open(cosigned, [key])
        stated = [time_of(material[4:]) for name, material in lines if (name, material[:4]) == (key.name, key.key_id)]
        if not all(stated):
            raise _NotCosigned("its cosignature states no time")
        return protocol.lines_of(cosigned, {(key.name, key.key_id)})
    except UnicodeDecodeError:
        raise _NotCosigned("its answer is not UTF-8") from None
    except note.BadNote as error:
        raise _NotCosigned(f"its answer is no cosignature of its key: {error}") from None
