"""What publication adds to a running exchange: the anchor that the ledger is held to, the publisher, and its companions."""

from contextlib import AsyncExitStack

from exchange.kernel import logs
from exchange.kernel.background import background
from exchange.kernel.keys.keyring import Keyring
from exchange.kernel.keys.stores import KeyStore
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.health import Alarms
from exchange.publication.coverage import Coverage
from exchange.publication.publisher import Publisher
from exchange.publication.renewal import LedgerKeys, Renewal
from exchange.publication.settings import PublicationSettings
from exchange.publication.stamping import Stamper
from exchange.publication.witnesses import chosen
from ledger.format import timestamps
from ledger.log import continuity
from ledger.log.anchor import Anchor


async def hold_to_anchor(runtime: Runtime, store: KeyStore, ring: Keyring) -> None:
    """Before anything is taken in: halt the ledger where the database does not continue what was signed. Raises OSError."""
    settings = runtime[PublicationSettings]
    signers = runtime.add(LedgerKeys(store, runtime.origin, ring, settings.further_signatures))
    anchor = runtime.add(Anchor(settings.anchor, runtime.origin))
    coverage = runtime.add(Coverage())
    runtime[Alarms].sources.append(lambda: coverage.alarm(runtime.clock.now()))
    async with runtime.database.pool.acquire() as connection:
        try:
            await continuity.check(connection, anchor, signers.first)
        except continuity.NotContinued as error:
            logs.log().critical("the ledger does not continue what was signed; nothing is taken in", error=str(error))
            await continuity.halt(connection, str(error))


async def open_parts(runtime: Runtime, stack: AsyncExitStack) -> None:
    """Start to publish. Raises PolicyUnusable."""
    settings, signers = runtime[PublicationSettings], runtime[LedgerKeys]
    async with runtime.database.pool.acquire() as connection:
        policy = chosen(settings, await continuity.history(connection, signers.first))
    publisher = runtime.add(Publisher(runtime, signers, runtime[Anchor], policy))
    publisher.start()
    stack.push_async_callback(publisher.stop)
    await stack.enter_async_context(background(Renewal(runtime).run(), name="key-renewal"))
    if settings.timestamp_url is not None and settings.timestamp_certificate is not None:
        authority = timestamps.Authority(settings.timestamp_certificate.read_bytes())
        stamper = Stamper(runtime, settings.timestamp_url, authority)
        await stack.enter_async_context(background(stamper.run(), name="timestamps"))
