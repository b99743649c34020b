"""Publishing with witnesses: a checkpoint is published once a quorum of them has cosigned it.

No request waits for the witnesses, and no transaction is open meanwhile. While too few answer, publishing waits and an
alarm is raised; entries are still accepted, and each attempt covers the newest ones. While no entries come, the witnesses
are asked about the newest checkpoint again and again, so that those that are gone are noticed before the next entry.
"""

import asyncio
import hashlib

from exchange.kernel.clock import rfc3339
from exchange.kernel.database import Connection
from exchange.kernel.logs import log
from exchange.kernel.runtime import Runtime
from exchange.publication.cosigning import Contradicted, Cosigning, Replies, Tree
from ledger import entries
from ledger.format import note
from ledger.format.trust_policy import encode
from ledger.log import continuity, publication, store
from ledger.log.anchor import Anchor
from ledger.log.head import Halted, lock_head
from ledger.log.publication import Published

_REPEAT_ALARM = 60.0
_ROUNDS_KNOWN = 3
"""For so many intervals the witnesses' last answers count: another process may publish by then."""


class Witnesses:
    """The witnessed publication of the one process that publishes."""

    def __init__(
        self, runtime: Runtime, cosigning: Cosigning, signers: publication.Signers, anchor: Anchor, *, interval: float
    ) -> None:
        """`interval`: the seconds after which the witnesses of a ledger without new entries are asked again."""
        self._runtime, self._cosigning, self._signers, self._anchor = runtime, cosigning, signers, anchor
        self._interval = interval
        self._asked: float | None = None
        self._missing: dict[str, str] = {}
        self._pending: Published | None = None
        self._alarmed: float | None = None
        self._warned: float | None = None
        self._is_demanded = False

    def begin(self) -> None:
        """Begin to publish in this process, whose knowledge of the witnesses may be out of date."""
        self._pending = None
        self._is_demanded = False
        self._asked = None
        self._cosigning.forget()

    async def publish(self, connection: Connection) -> Published | None:
        """Sign a checkpoint of all entries and publish it if enough witnesses cosign; None where none was published.

        Raises publication.TreeDiffers, also where a witness proves that the ledger's key signed what the database
        lacks. The anchor keeps that proof, so every process halts, after a restart too. It becomes the newest signed
        checkpoint where it is that, and otherwise lies beside it, since an anchor never goes back.
        """
        grown = await publication.grow(connection, self._signers, anchor=self._anchor, since=self._pending)
        self._pending = grown or self._pending
        if self._pending is None:
            await self._demand(connection)
            await self._look(connection)
            return None
        candidate = self._pending
        replies = await self._ask(connection, candidate)
        if not self._cosigning.is_satisfied(replies.lines):
            self._log_alarm(
                "too few witnesses cosigned; no checkpoint is published, and deliveries stop at the cut-off",
                candidate,
                replies.reasons,
            )
            return None
        cosigned = Published(candidate.size, candidate.note + "".join(replies.lines.values()))
        await publication.record(connection, cosigned, now=self._runtime.clock.now())
        self._pending = None
        self._note_quorum(cosigned, replies.reasons)
        return cosigned

    def alarm(self) -> str | None:
        """The alarm for an operator where too few witnesses answer this process, one line."""
        if not self._missing or self._asked is None:
            return None
        if asyncio.get_running_loop().time() - self._asked > _ROUNDS_KNOWN * self._interval:
            return None
        reasons = "; ".join(f"{name}: {why}" for name, why in _printable(self._missing).items())
        return f"alarm: too few witnesses cosign, so that further entries get no checkpoint ({reasons})"

    async def _look(self, connection: Connection) -> None:
        """Ask the witnesses about the newest checkpoint once an interval, where no entries come. Raises as `publish` does."""
        if self._asked is not None and asyncio.get_running_loop().time() - self._asked < self._interval:
            return
        newest = await publication.latest(connection)
        if newest is None:
            return
        text, lines = note.split(newest.note)
        origin = self._signers.first.name
        own = "".join(note.line(name, line[:4], line[4:]) for name, line in lines if name == origin)
        replies = await self._ask(connection, Published(newest.size, f"{text}\n{own}"))
        if self._cosigning.is_satisfied(replies.lines):
            self._note_quorum(newest, replies.reasons)
        else:
            self._log_alarm("too few witnesses answer; the next entries get no checkpoint", newest, replies.reasons)

    async def _ask(self, connection: Connection, candidate: Published) -> Replies:
        """Ask the witnesses to cosign a checkpoint, and keep who did not. Raises as `publish` does."""
        guard = asyncio.Lock()
        keys = await continuity.history(connection, self._signers.first)

        async def prove(old: int) -> list[bytes]:
            async with guard:  # a connection runs one statement at a time
                return await publication.consistency(connection, old, candidate.size)

        async def root_at(size: int) -> bytes:
            async with guard:
                return await continuity.root_at(connection, size, tiled=candidate.size)

        try:
            replies = await self._cosigning.ask_all(candidate, Tree(prove, root_at), keys)
        except Contradicted as error:
            keep = self._anchor.swap if error.is_ahead else self._anchor.accuse
            await asyncio.to_thread(keep, candidate.note, error.note)
            raise
        self._asked = asyncio.get_running_loop().time()
        self._missing = {} if self._cosigning.is_satisfied(replies.lines) else replies.reasons
        return replies

    async def _demand(self, connection: Connection) -> None:
        """Append an entry where the newest checkpoint covers every entry without a quorum, so that the next one has it.

        A ledger without new entries would otherwise stay without cosignatures after witnesses are switched on. Looks once
        for each time that this process begins to publish.
        """
        if self._is_demanded:
            return
        newest = await publication.latest(connection)
        if newest is not None and not self._cosigning.is_cosigned(newest.note):
            try:
                await self._append_demand(connection, newest.size)
            except Halted:
                return
        self._is_demanded = True

    async def _append_demand(self, connection: Connection, size: int) -> None:
        async with connection.transaction():
            head = await lock_head(connection)
            if head.size != size:
                return  # an entry came meanwhile
            policy = encode(self._cosigning.policy.text(with_urls=False))
            body = entries.WitnessesDemanded(
                at=rfc3339(self._runtime.clock.now()),
                actor=entries.Actor(),
                object=entries.Object(kind="ledger", id=self._signers.first.name),
                policy=hashlib.sha256(policy).hexdigest(),
            )
            await store.append(connection, [store.Submission(body.canonical())])

    def _log_alarm(self, event: str, checkpoint: Published, reasons: dict[str, str]) -> None:
        now = asyncio.get_running_loop().time()
        if self._alarmed is None or now - self._alarmed >= _REPEAT_ALARM:
            self._alarmed = now
            log().critical(event, size=checkpoint.size, reasons=_printable(reasons))

    def _note_quorum(self, cosigned: Published, reasons: dict[str, str]) -> None:
        """Log the witnesses that did not cosign, since they may be down or hold another history, and the end of an alarm."""
        now = asyncio.get_running_loop().time()
        if reasons and (self._warned is None or now - self._warned >= _REPEAT_ALARM):
            self._warned = now
            log().warning("some witnesses did not cosign a checkpoint", reasons=_printable(reasons))
        if self._alarmed is not None:
            self._alarmed = None
            log().warning("the witnesses are back; checkpoints are published again", size=cosigned.size)


def _printable(reasons: dict[str, str]) -> dict[str, str]:
    """Reasons by printable names: a policy's names need not be UTF-8."""
    return {name.encode(errors="backslashreplace").decode(): why for name, why in reasons.items()}
