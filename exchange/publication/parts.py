"""The long-lived parts of publication: the anchor that holds the ledger, the publisher, and their loops."""

from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

from exchange.kernel import logs, metrics
from exchange.kernel.keys.keyring import Keyring
from exchange.kernel.keys.stores import KeyStore
from exchange.kernel.loops import Leader, Loops, every
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.health import Alarms
from exchange.publication.cosigning import Cosigning
from exchange.publication.coverage import Coverage
from exchange.publication.publisher import Publisher
from exchange.publication.renewal import LedgerKeys, renew_answering_key
from exchange.publication.settings import PublicationSettings
from exchange.publication.stamping import Stamper
from exchange.publication.waiting import Waiters
from exchange.publication.witness_policy import read_policy
from exchange.publication.witnesses import Witnesses
from ledger.format import timestamps, trust_policy
from ledger.format.trust_policy import TrustPolicy
from ledger.log import continuity, publication
from ledger.log.anchor import Anchor
from ledger.log.head import halt

CHECKPOINTS, WATCH, RENEWAL, TIMESTAMPS = "ledger-publisher", "witness-watch", "key-renewal", "timestamps"
"""The names of this room's loops."""

_EVERY_SECOND = 1.0


async def open_anchor(runtime: Runtime, store: KeyStore, ring: Keyring) -> None:
    """Halt the ledger where the database does not continue what was signed. Call it before entries are accepted.

    Raises OSError.
    """
    settings = runtime[PublicationSettings]
    signers = runtime.add(LedgerKeys(store, runtime.origin, ring, settings.further_signatures))
    anchor = runtime.add(Anchor(settings.anchor, runtime.origin))
    async with runtime.database.pool.acquire() as connection:
        try:
            await continuity.check(connection, anchor, signers.first)
        except continuity.NotContinued as error:
            logs.log().critical("the ledger does not continue what was signed; nothing is taken in", error=str(error))
            await halt(connection, str(error))


async def open_parts(runtime: Runtime, stack: AsyncExitStack) -> None:
    """Register the publisher and the loops. Raises PolicyUnusable."""
    settings, signers, anchor = runtime[PublicationSettings], runtime[LedgerKeys], runtime[Anchor]
    async with runtime.database.pool.acquire() as connection:
        policy = read_policy(settings, await continuity.history(connection, signers.first))
    coverage = runtime.add(Coverage())
    runtime.add(Waiters(runtime))
    runtime[Alarms].sources.append(lambda: coverage.alarm(runtime.clock.now()))
    metrics.gauge(
        "exchange.ledger.uncovered.age",
        "s",
        "Age of the first entry that no published checkpoint covers; 0 where all are covered",
        lambda: {"": coverage.age(runtime.clock.now())},
    )
    witnesses = None
    cosigning = Cosigning(policy, signers.first.name, seconds=settings.witness_timeout)
    stack.push_async_callback(cosigning.close)
    if cosigning.has_witnesses:
        witnesses = Witnesses(runtime, cosigning, signers, anchor, interval=settings.witness_interval)
        runtime[Alarms].sources.append(witnesses.alarm)
    _watch_coverage(runtime, coverage, policy if cosigning.has_witnesses else None)
    publisher = runtime.add(Publisher(runtime, signers, anchor, policy, witnesses))
    leader = Leader(runtime.database, publication.lead, publication.resign, is_kept=True, begin=publisher.begin)
    loops = runtime[Loops]
    loops.add(every(settings.checkpoint_interval, publisher.run_round, name=CHECKPOINTS, leader=leader))
    loops.add(every(_EVERY_SECOND, partial(renew_answering_key, runtime), name=RENEWAL))
    if settings.timestamp_url is not None and settings.timestamp_certificate is not None:
        authority = timestamps.Authority(settings.timestamp_certificate.read_bytes())
        stamper = Stamper(runtime, settings.timestamp_url, authority)
        leader = Leader(runtime.database, publication.lead_stamping, publication.resign_stamping)
        loops.add(every(settings.timestamp_interval, stamper.run_round, name=TIMESTAMPS, leader=leader))


def _watch_coverage(runtime: Runtime, coverage: Coverage, policy: TrustPolicy | None) -> None:
    """Watch how old the first entry without a checkpoint is. `policy` is that of the witnesses, where there are any."""
    settings = runtime[PublicationSettings]
    coverage.patience = timedelta(seconds=3 * (settings.checkpoint_interval + settings.witness_timeout))
    if policy is not None and policy.quorum != trust_policy.NONE:
        coverage.cutoff = timedelta(seconds=settings.witness_cutoff)
    seconds = min(_EVERY_SECOND, settings.witness_cutoff / 2)
    runtime[Loops].add(every(seconds, partial(coverage.watch, runtime.database, runtime.clock), name=WATCH))
