"""The publisher: in one process at a time, sign a checkpoint whenever the ledger has grown, and do the ledger's chores.

Where there are witnesses, a checkpoint is published when enough of them have cosigned it: see `exchange.publication.witnesses`.
"""

import asyncio
from contextlib import suppress

from exchange.agreements import service as agreements
from exchange.audit import indexing
from exchange.kernel.database import FAILURES, Connection
from exchange.kernel.logs import log
from exchange.kernel.runtime import Runtime
from exchange.publication.renewal import LedgerKeys
from exchange.publication.settings import PublicationSettings
from exchange.publication.witnesses import Witnesses
from ledger.format import note
from ledger.format.trust_policy import TrustPolicy
from ledger.log import continuity, publication, store
from ledger.log.anchor import Anchor, AnchorMoved
from ledger.log.head import halt

_CHORES_EVERY = 10.0
_RETRY = 1.0


class Publisher:
    """Signs checkpoints while it holds the database's advisory lock; otherwise waits to take over."""

    def __init__(self, runtime: Runtime, signers: LedgerKeys, anchor: Anchor, policy: TrustPolicy) -> None:
        self._runtime = runtime
        self._signers = signers
        self._anchor = anchor
        self.policy = policy
        self._witnesses = Witnesses(runtime, policy, signers, anchor)
        self._task: asyncio.Task[None] | None = None

    @property
    def first(self) -> note.Verifier:
        """The key that the ledger is signed with where it was never rotated."""
        return self._signers.first

    @property
    def vkey(self) -> str:
        """The same, as a verifier key."""
        return self.first.vkey

    def further_vkeys(self, key: note.Verifier) -> tuple[str, ...]:
        """The verifier keys of the further lines on checkpoints that a key signs."""
        return self._signers.further_vkeys(key)

    def start(self) -> None:
        """Begin, on the running loop."""
        self._task = asyncio.create_task(self._run(), name="ledger-publisher")
        self._witnesses.start()

    async def stop(self) -> None:
        """Stop; another process takes over."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._witnesses.stop()

    async def _run(self) -> None:
        while True:
            try:
                async with self._runtime.database.pool.acquire() as connection:
                    await self._lead(connection)
            except LookupError:
                log().critical("the private key that the ledger is to be signed with is not here")
            except AnchorMoved:
                log().warning("the anchor moved while a checkpoint was made; looking again")
            except FAILURES as error:
                log().warning("publishing failed; trying again", exc_info=error)
            except Exception as error:  # noqa: BLE001 - without checkpoints there are no receipts: it never gives up
                log().critical("publishing failed in a way nobody foresaw; trying again", exc_info=error)
            await asyncio.sleep(_RETRY)

    async def _lead(self, connection: Connection) -> None:
        """Publish for as long as this connection holds the lock; the lock goes with the connection."""
        if not await publication.lead(connection):
            return
        try:
            loop = asyncio.get_running_loop()
            chores_due = loop.time()
            self._witnesses.begin()
            while True:
                is_halted = not await self._publish(connection)
                if loop.time() >= chores_due and not is_halted:
                    await self._do_chores(connection)
                    chores_due = loop.time() + _CHORES_EVERY
                await self._index(connection)
                await asyncio.sleep(self._runtime[PublicationSettings].checkpoint_interval)
        finally:
            with suppress(*FAILURES):
                await publication.resign(connection)

    async def _index(self, connection: Connection) -> None:
        """Half the time between checkpoints at most. A failure here concerns those who search, not the checkpoints."""
        try:
            await indexing.keep_up(connection, seconds=self._runtime[PublicationSettings].checkpoint_interval / 2)
        except FAILURES as error:
            log().warning("the index of the ledger was not brought up to date", exc_info=error)

    async def _publish(self, connection: Connection) -> bool:
        """Publish, if the ledger continues what was signed, and otherwise halt it; returns whether it does."""
        try:
            if self._witnesses.are_asked:
                await self._witnesses.publish(connection)
            else:
                now = self._runtime.clock.now()
                await publication.publish(connection, self._signers, anchor=self._anchor, now=now)
        except continuity.NotContinued as error:
            # Signing on would make a second history official. The alarm stays on until somebody acts.
            log().critical("the ledger does not continue what was signed; nothing is taken in", error=str(error))
            await halt(connection, str(error))
            return False
        await halt(connection, None)  # whoever halted it was wrong, or what was wrong is mended
        return True

    async def _do_chores(self, connection: Connection) -> None:
        now = self._runtime.clock.now()
        await store.delete_expired_nonces(connection, now)
        async with self._runtime.database.sessions() as session:
            await agreements.expire_overdue(session, now)
