"""Publishing with witnesses: a checkpoint is published once a quorum of them has cosigned it.

No request waits for the witnesses, and no transaction is open meanwhile. While too few answer, publishing waits and an
alarm is raised; entries are still accepted, and each attempt covers the newest ones.
"""

import asyncio
import hashlib

from exchange.kernel.clock import rfc3339
from exchange.kernel.database import Connection
from exchange.kernel.logs import log
from exchange.kernel.runtime import Runtime
from exchange.publication.cosigning import Contradicted, Cosigning, Tree
from ledger import entries
from ledger.format.trust_policy import encode
from ledger.log import continuity, publication, store
from ledger.log.anchor import Anchor
from ledger.log.head import Halted, lock_head
from ledger.log.publication import Published

_REPEAT_ALARM = 60.0


class Witnesses:
    """The witnessed publication of the one process that publishes."""

    def __init__(self, runtime: Runtime, cosigning: Cosigning, signers: publication.Signers, anchor: Anchor) -> None:
        self._runtime, self._cosigning, self._signers, self._anchor = runtime, cosigning, signers, anchor
        self._pending: Published | None = None
        self._alarmed: float | None = None
        self._warned: float | None = None
        self._is_demanded = False

    def begin(self) -> None:
        """Begin to publish in this process, whose knowledge of the witnesses may be out of date."""
        self._pending = None
        self._is_demanded = False
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
            return None
        candidate, guard = self._pending, asyncio.Lock()
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
        if not self._cosigning.is_satisfied(replies.lines):
            self._raise_alarm(candidate, replies.reasons)
            return None
        cosigned = Published(candidate.size, candidate.note + "".join(replies.lines.values()))
        await publication.record(connection, cosigned, now=self._runtime.clock.now())
        self._pending = None
        self._warn(replies.reasons)
        if self._alarmed is not None:
            self._alarmed = None
            log().warning("the witnesses are back; checkpoints are published again", size=cosigned.size)
        return cosigned

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

    def _raise_alarm(self, candidate: Published, reasons: dict[str, str]) -> None:
        now = asyncio.get_running_loop().time()
        if self._alarmed is None or now - self._alarmed >= _REPEAT_ALARM:
            self._alarmed = now
            log().critical(
                "too few witnesses cosigned; no checkpoint is published, and deliveries stop at the cut-off",
                size=candidate.size,
                reasons=_printable(reasons),
            )

    def _warn(self, reasons: dict[str, str]) -> None:
        """Log the witnesses that did not cosign: they may be down, or hold another history."""
        now = asyncio.get_running_loop().time()
        if reasons and (self._warned is None or now - self._warned >= _REPEAT_ALARM):
            self._warned = now
            log().warning("a checkpoint was published without some witnesses", reasons=_printable(reasons))


def _printable(reasons: dict[str, str]) -> dict[str, str]:
    """Reasons by printable names: a policy's names need not be UTF-8."""
    return {name.encode(errors="backslashreplace").decode(): why for name, why in reasons.items()}
