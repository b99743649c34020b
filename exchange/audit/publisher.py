"""The publisher: in one process at a time, sign a checkpoint whenever the ledger has grown, and do the ledger's chores.

Where there are witnesses, a checkpoint is published when enough of them have cosigned it: see `exchange.audit.witnesses`.
"""

import asyncio
from contextlib import suppress

from exchange.agreements import service as agreements
from exchange.audit import indexing
from exchange.audit.witnesses import Witnesses, chosen
from exchange.kernel.database import FAILURES, Connection
from exchange.kernel.logs import log
from exchange.kernel.runtime import Runtime
from ledger import publication, store
from ledger.further import LogSigner

_CHORES_EVERY = 10.0
_RETRY = 1.0


class Publisher:
    """Signs checkpoints while it holds the database's advisory lock; otherwise waits to take over."""

    def __init__(self, runtime: Runtime, signer: LogSigner) -> None:
        self._runtime = runtime
        self._signer = signer
        self.policy = chosen(runtime.settings, signer.verifier)
        self._witnesses = Witnesses(runtime, self.policy, signer)
        self._task: asyncio.Task[None] | None = None

    @property
    def vkey(self) -> str:
        """The ledger's verifier key."""
        return self._signer.vkey

    @property
    def further_vkeys(self) -> tuple[str, ...]:
        """The verifier keys of the further lines on its checkpoints."""
        return self._signer.further_vkeys

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
            except publication.TreeDiffers as error:
                # Signing on would make the change official. The alarm stays on until somebody looks.
                log().critical(
                    "the ledger is not what was signed; no checkpoint is published", error=type(error).__name__
                )
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
                if self._witnesses.are_asked:
                    await self._witnesses.publish(connection)
                else:
                    await publication.publish(connection, self._signer, now=self._runtime.clock.now())
                if loop.time() >= chores_due:
                    await self._do_chores(connection)
                    chores_due = loop.time() + _CHORES_EVERY
                await self._index(connection)
                await asyncio.sleep(self._runtime.settings.checkpoint_interval)
        finally:
            with suppress(*FAILURES):
                await publication.resign(connection)

    async def _index(self, connection: Connection) -> None:
        """Half the time between checkpoints at most. A failure here concerns those who search, not the checkpoints."""
        try:
            await indexing.keep_up(connection, seconds=self._runtime.settings.checkpoint_interval / 2)
        except FAILURES as error:
            log().warning("the index of the ledger was not brought up to date", exc_info=error)

    async def _do_chores(self, connection: Connection) -> None:
        now = self._runtime.clock.now()
        await store.forget_expired(connection, now)
        async with self._runtime.database.sessions() as session:
            await agreements.expire_overdue(session, now)
