"""Publishing with witnesses: a checkpoint is published once a quorum of them has cosigned it.

No request waits for the witnesses, and no transaction is open meanwhile. While too few answer, publishing waits and an
alarm is raised; entries are still accepted, and each attempt covers the newest ones.
"""

import asyncio

from exchange.kernel.database import Connection
from exchange.kernel.logs import log
from exchange.kernel.runtime import Runtime
from exchange.publication.cosigning import Contradicted, Cosigning, Tree
from ledger.log import continuity, publication
from ledger.log.anchor import Anchor
from ledger.log.publication import Published

_REPEAT_ALARM = 60.0


class Witnesses:
    """The witnessed publication of the one process that publishes."""

    def __init__(self, runtime: Runtime, cosigning: Cosigning, signers: publication.Signers, anchor: Anchor) -> None:
        self._runtime, self._cosigning, self._signers, self._anchor = runtime, cosigning, signers, anchor
        self._pending: Published | None = None
        self._alarmed: float | None = None
        self._warned: float | None = None

    def begin(self) -> None:
        """This process begins to publish: what it knows may be out of date."""
        self._pending = None
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
