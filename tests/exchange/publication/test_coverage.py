"""The age of entries without a checkpoint is reported without witnesses too: the publisher may have stopped."""

from datetime import UTC, datetime, timedelta

from exchange.kernel.loops import Loops
from exchange.publication.coverage import Coverage
from exchange.publication.parts import CHECKPOINTS, WATCH
from exchange.publication.publisher import Publisher
from tests.support.exchanges.exchange import Exchange
from tests.support.processes.readiness import readiness

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


async def test_readiness_shows_that_no_checkpoint_is_made(exchange: Exchange) -> None:
    """The publisher's process may hang: entries are appended, and stay without a checkpoint."""
    coverage, loops = exchange.runtime[Coverage], exchange.runtime[Loops]
    await loops[CHECKPOINTS].tick()
    await loops[WATCH].tick()
    assert readiness((await exchange.send("GET", "/readyz", {})).content.decode()) == ["ok"]
    await loops[CHECKPOINTS].stop()
    await exchange.admit("owner")
    await loops[WATCH].tick()
    assert coverage.since is not None
    coverage.patience = coverage.patience * 0
    answer = await exchange.send("GET", "/readyz", {})
    assert answer.status == 200
    assert b"are in no checkpoint; the publisher does not work" in answer.content
    async with exchange.runtime.database.pool.acquire() as connection:
        await exchange.runtime[Publisher].publish(connection)
    await loops[WATCH].tick()
    assert readiness((await exchange.send("GET", "/readyz", {})).content.decode()) == ["ok"]


def test_missing_witnesses_are_an_alarm_before_deliveries_stop() -> None:
    """With the age of the newest checkpoint that enough of them cosigned."""
    coverage = Coverage(since=NOW, patience=timedelta(seconds=10), cutoff=timedelta(hours=1), newest_at=NOW)
    alarm = coverage.alarm(NOW + timedelta(seconds=15))
    assert alarm is not None
    assert f"the newest of which is of {NOW}; deliveries stop at {NOW + timedelta(hours=1)}" in alarm


def test_entries_of_the_time_before_the_start_are_no_alarm_yet() -> None:
    coverage = Coverage(since=NOW - timedelta(days=2), patience=timedelta(seconds=10), begun=NOW)
    assert coverage.alarm(NOW + timedelta(seconds=5)) is None
    assert coverage.alarm(NOW + timedelta(seconds=15)) is not None
