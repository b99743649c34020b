"""The publisher: one process at a time signs a checkpoint whenever the ledger has grown.

With witnesses, a checkpoint is published once enough of them have cosigned it: see `exchange.publication.witnesses`.
"""

from exchange.kernel.database import Connection
from exchange.kernel.logs import log
from exchange.kernel.loops import RoundFailed
from exchange.kernel.runtime import Runtime
from exchange.publication.renewal import LedgerKeys
from exchange.publication.witnesses import Witnesses
from ledger.format import note
from ledger.format.trust_policy import TrustPolicy
from ledger.log import continuity, publication
from ledger.log.anchor import Anchor, AnchorMoved
from ledger.log.head import halt


class Publisher:
    """Signs and publishes checkpoints. `policy` is the trust policy for readers; `witnesses` is None without any."""

    def __init__(
        self, runtime: Runtime, signers: LedgerKeys, anchor: Anchor, policy: TrustPolicy, witnesses: Witnesses | None
    ) -> None:
        self._runtime = runtime
        self._signers = signers
        self._anchor = anchor
        self.policy = policy
        self._witnesses = witnesses

    @property
    def first(self) -> note.Verifier:
        """The key of the ledger before its first rotation."""
        return self._signers.first

    @property
    def vkey(self) -> str:
        """The same, as a verifier key (C2SP signed-note)."""
        return self.first.vkey

    def further_vkeys(self, key: note.Verifier) -> tuple[str, ...]:
        """The verifier keys of the further signature lines on checkpoints that a key signs."""
        return self._signers.further_vkeys(key)

    def begin(self) -> None:
        """Begin to publish in this process."""
        if self._witnesses is not None:
            self._witnesses.begin()

    async def run_round(self, connection: Connection) -> None:
        """Publish once, as the leader. Raises RoundFailed, and what a failing database raises."""
        try:
            await self.publish(connection)
        except LookupError as error:
            log().critical("the private key that the ledger is to be signed with is not here")
            raise RoundFailed from error
        except AnchorMoved as error:
            log().warning("the anchor moved while a checkpoint was made; looking again")
            raise RoundFailed from error

    async def publish(self, connection: Connection) -> bool:
        """Publish if the ledger continues what was signed, and otherwise halt it; returns whether it does.

        Only the leader may call this. Raises LookupError without the private key, AnchorMoved, OSError.
        """
        try:
            if self._witnesses is not None:
                await self._witnesses.publish(connection)
            else:
                now = self._runtime.clock.now()
                await publication.publish(connection, self._signers, anchor=self._anchor, now=now)
        except continuity.NotContinued as error:
            # Another signature would make a second history official. The ledger stays halted until somebody acts.
            log().critical("the ledger does not continue what was signed; nothing is taken in", error=str(error))
            await halt(connection, str(error))
            return False
        await halt(connection, None)  # a former reason to halt is gone
        return True
