"""Recurring work of the kernel: nonces of signed requests are forgotten once their signatures have expired."""

from exchange.kernel.database import Connection
from exchange.kernel.loops import Loops, every, leader_of
from exchange.kernel.runtime import Runtime
from ledger.log import store

NONCES = "nonces-expiry"
_SECONDS = 10.0


def open_parts(runtime: Runtime) -> None:
    """Register the loop."""

    async def forget_expired(connection: Connection) -> None:
        await store.delete_expired_nonces(connection)

    runtime[Loops].add(every(_SECONDS, forget_expired, name=NONCES, leader=leader_of(runtime.database, NONCES)))
